"""A table that somebody else wrote is a log once it is said which column is what."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

from simulator.logged.mapping import LogMapping, MetricSpec
from simulator.logs import mapped
from simulator.logs.check import Rules
from simulator.logs.faults import Faults, UnreadableLog
from simulator.logs.mapping import Columns
from simulator.logs.open import open_log

CSV = """arm,p,bought,age,town,said,when
a,0.5,1,30,Oslo,good day,2026-01-31T12:00:00Z
b,0.25,0,0,Rome,,2026-01-31T13:00:00+01:00
b,0.25,much,40,Rome,hello,2026-01-31T12:00:00Z
c,0.25,0,40,Rome,hello,yesterday
"""
COLUMNS = Columns(
    reward="bought",
    action="arm",
    propensity="p",
    time="when",
    features={"age": "number", "town": "category", "said": "text"},
)


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(CSV)
    return path


def test_a_csv_is_read_by_its_mapping(csv):
    faults = Faults()
    (read,) = open_log(csv, columns=COLUMNS).batches(faults)
    assert read.column("candidates").to_pylist() == [["a", "b", "c"]] * 2
    assert (read.chosen.tolist(), read.propensity.tolist(), read.reward.tolist()) == ([0, 1], [0.5, 0.25], [1.0, 0.0])
    assert [dict(context) for context in read.column("context").to_pylist()] == [
        {"age": 30.0, "town=Oslo": 1.0, "said~good": 1.0, "said~day": 1.0, "said~good day": 1.0},
        {"town=Rome": 1.0},
    ]
    assert read.time_us[0] == read.time_us[1]
    assert [str(fault) for fault in faults.named] == [
        "row 5: when: expected a time with its offset, as 2026-01-31T12:00:00Z, found 'yesterday'",
        "row 4: bought: expected a number, found 'much'",
    ]


def test_a_gzipped_csv_is_the_same_and_a_truncated_one_is_named(csv, tmp_path):
    path = tmp_path / "log.csv.gz"
    content = gzip.compress(csv.read_bytes() + b"a,0.5,1,30,Oslo,x,2026-01-31T12:00:00Z\n" * 1_000)
    path.write_bytes(content)
    assert sum(len(read) for read in open_log(path, columns=COLUMNS).batches(Faults())) == 1_002
    path.write_bytes(content[:-30])
    with pytest.raises(UnreadableLog, match=r"log\.csv\.gz"):
        list(open_log(path, columns=COLUMNS).batches(Faults()))


def test_lines_that_are_no_rows_are_named_and_the_rows_after_them_keep_their_numbers(csv):
    csv.write_text("arm,p,bought\na,0.5,1\na,0.5\nb,0.5,1,1\nb,0.5,x\nb,0.5,1\n")
    faults = Faults()
    columns = Columns(reward="bought", action="arm", propensity="p")
    (read,) = open_log(csv, columns=columns).batches(faults)
    assert read.numbers.tolist() == [2, 6]
    assert sorted((fault.row, fault.field) for fault in faults.named) == [(3, "row"), (4, "row"), (5, "bought")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Columns(reward="r", action="a", uniform=True), [0.5, 0.5]),
        (Columns(reward="r", action="a", propensity=0.25), [0.25, 0.25]),
        (Columns(reward="r", action="a", propensity={"x": 0.75, "y": 0.25}), [0.75, 0.25]),
    ],
)
def test_propensities_that_are_no_column(given, expected):
    frame = pd.DataFrame({"r": [1.0, 2.0], "a": ["x", "y"]})
    (read,) = open_log(frame, columns=given).batches(Faults())
    assert read.propensity.tolist() == expected


def test_a_log_without_propensities_is_read_where_that_was_said_and_refused_row_by_row_where_it_was_not():
    frame, columns = pa.table({"r": [1.0], "a": ["x"]}), Columns(reward="r", action="a")
    (read,) = open_log(frame, columns=columns).batches(Faults())
    assert not read.has("propensity")
    faults = Faults()
    assert list(open_log(frame, columns=columns, rules=Rules()).batches(faults)) == []
    assert faults.named[0].field == "propensity"


def test_each_row_may_have_candidates_of_its_own():
    frame = pa.table(
        {
            "r": [1, 0, 1],
            "a": ["x", "z", "q"],
            "list": [["x", "y"], ["y", "z", "w"], ["x"]],
            "p": [[0.5, 0.5], [0.25, 0.25, 0.5], [1.0]],
            "mine": [0.5, 0.25, 1.0],
        }
    )
    columns = Columns(reward="r", action="a", propensity="mine", actions="list", pmf="p")
    faults = Faults()
    (read,) = open_log(frame, columns=columns).batches(faults)
    assert read.chosen.tolist() == [0, 1]
    assert read.chosen_action.to_pylist() == ["x", "z"]
    assert str(faults.named[0]) == "row 3: a: expected one of the candidates, found 'q'"


def test_a_column_that_is_not_there_is_named_with_its_use(csv):
    with pytest.raises(UnreadableLog, match="propensity: expected a column 'prob', found arm, p"):
        open_log(csv, columns=Columns(reward="bought", action="arm", propensity="prob"))


def test_an_experiments_mapping_is_a_logs_too(csv):
    mapping = LogMapping(
        schema_version=1,
        name="shop",
        placement="offer",
        arm="arm",
        metrics={"sale": MetricSpec(column="bought")},
        features={"town": "category"},
    )
    columns = Columns.of_experiment(mapping)
    (read,) = open_log(csv, columns=columns).batches(Faults())
    assert read.propensity.tolist() == pytest.approx([1 / 3] * 3)


def test_what_is_no_log_is_refused(tmp_path):
    (tmp_path / "empty.csv").write_text("\n")
    for source in (tmp_path / "empty.csv", tmp_path / "none.csv", 5):
        with pytest.raises(UnreadableLog):
            open_log(source)


@pytest.mark.parametrize(
    ("column", "values", "use"),
    [
        ("bought", [[1.0], [2.0]], "reward"),
        ("arm", [{"id": "a"}, {"id": "b"}], "action"),
        ("when", [1.5, 2.5], "time"),
        ("pmf", ["half", "half"], "pmf"),
    ],
)
def test_a_column_of_which_no_cell_can_be_used_is_named(column, values, use):
    table = pa.table({"arm": ["a", "b"], "bought": [1.0, 0.0], "p": [0.5, 0.5], column: values})
    columns = replace(Columns(reward="bought", action="arm", propensity="p"), **{use: column})
    with pytest.raises(UnreadableLog, match=f"{column}: expected"):
        list(open_log(table, columns=columns).batches(Faults()))


def test_times_finer_than_a_microsecond_and_words_as_codes_are_read():
    when = pa.array([1_700_000_000_000_000_001] * 2, pa.timestamp("ns"))
    table = pa.table(
        {"arm": pa.array(["a", "b"]).dictionary_encode(), "bought": [1.0, 0.0], "p": [0.5, 0.5], "when": when}
    )
    columns = Columns(reward="bought", action="arm", propensity="p", time="when")
    (read,) = open_log(table, columns=columns).batches(Faults())
    assert read.time_us.tolist() == [1_700_000_000_000_000] * 2
    assert read.chosen.tolist() == [0, 1]


def test_many_actions_are_read_a_few_rows_at_a_time(monkeypatch):
    monkeypatch.setattr(mapped, "MOST_CANDIDATES", 6)
    table = pa.table({"arm": list("abc") * 3, "bought": [1.0] * 9, "p": [0.5] * 9})
    read = list(open_log(table, columns=Columns(reward="bought", action="arm", propensity="p")).batches(Faults()))
    assert [len(batch) for batch in read] == [2, 2, 2, 2, 1]
    assert [number for batch in read for number in batch.numbers] == list(range(1, 10))
