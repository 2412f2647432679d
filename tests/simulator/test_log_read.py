"""A log is read as its mapping says; what cannot be used is counted and named, never dropped."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import msgspec
import pytest

from simulator.logged.errors import LogRefused
from simulator.logged.experiment import Experiment
from simulator.logged.mapping import LogMapping, MetricSpec
from simulator.logged.read import read_experiment

MAPPING = LogMapping(
    schema_version=1,
    name="newsletter",
    placement="headline",
    arm="shown",
    metrics={"opened": MetricSpec(range=(0.0, 1.0)), "spent": MetricSpec(column="dollars")},
    features={"age": "number", "Home Town": "category", "note": "text"},
    max_bad_share=0.5,
)
HEADER = "shown,opened,dollars,age,Home Town,note,p,reader"
GOOD = "Plain,1,2.5,30,Rome,hello,0.5,ada"
OTHER = "Loud,0,0,50,Oslo,bye,0.25,ben"


def experiment(tmp_path: Path, *lines: str, mapping: LogMapping = MAPPING, header: str = HEADER) -> Experiment:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return read_experiment(path, mapping)


def changed(**fields: object) -> LogMapping:
    return msgspec.structs.replace(MAPPING, **fields)


def test_rows_are_read_with_arm_propensity_features_and_metrics(tmp_path: Path) -> None:
    read = experiment(tmp_path, GOOD, OTHER)
    assert [(arm.id, arm.label) for arm in read.arms] == [("loud", "Loud"), ("plain", "Plain")]
    first, second = read.rows
    assert (first.user_id, first.arm, first.propensity) == ("line-2", "plain", 0.5)
    assert first.features == {"age": 30.0, "home_town": "Rome", "note": "hello"}
    assert second.metrics == {"opened": 0.0, "spent": 0.0}
    assert read.faults == ()


def test_features_are_declared_with_the_range_of_their_column(tmp_path: Path) -> None:
    age, town, note = experiment(tmp_path, GOOD, OTHER).features
    assert (age.qualified, age.type, age.range) == ("customer.age", "float", (30.0, 50.0))
    assert (town.type, town.range, town.free_text) == ("string", None, False)
    assert note.free_text


def test_a_metric_has_the_range_that_is_declared_or_that_of_its_column(tmp_path: Path) -> None:
    assert experiment(tmp_path, GOOD, OTHER).ranges == {"opened": (0.0, 1.0), "spent": (0.0, 2.5)}


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ("Plain,1,2.5", "row", "8 cells"),
        (GOOD + ",more", "row", "8 cells"),
        (GOOD.replace("Plain", ""), "shown", "one of the arms"),
        (GOOD.replace("Plain", "Quiet"), "shown", "one of the arms"),
        (GOOD.replace("2.5", "much"), "dollars", "a number"),
        (GOOD.replace("2.5", "NaN"), "dollars", "a finite number"),
        (GOOD.replace("2.5", "1e999"), "dollars", "a finite number"),
        (GOOD.replace(",30,", ",,"), "age", "a number"),
        (GOOD.replace(",1,", ",7,"), "opened", "within [0, 1]"),
        (GOOD.replace("0.5", "1.5"), "p", "a probability"),
        (GOOD.replace("0.5", "0"), "p", "a probability"),
        (GOOD.replace(",ada", ","), "reader", "an id of 1 to 128 characters"),
        (GOOD.replace(",ada", ",ben"), "reader", "who has no row yet"),
        (GOOD.replace("hello", "x" * 5_000), "note", "at most 4096 characters"),
    ],
)
def test_a_bad_row_is_named_with_line_and_column(tmp_path: Path, line: str, column: str, expected: str) -> None:
    mapping = changed(propensity="p", user="reader", arms={"Plain": {}, "Loud": {}})
    mapping = msgspec.convert(msgspec.to_builtins(mapping), LogMapping)
    read = experiment(tmp_path, OTHER, line, mapping=mapping)
    assert len(read.rows) == 1
    (fault,) = read.faults
    assert (fault.line, fault.column) == (3, column)
    assert expected in fault.expected


def test_more_bad_rows_than_allowed_are_a_refusal_that_names_the_first(tmp_path: Path) -> None:
    bad = GOOD.replace("2.5", "much")
    with pytest.raises(LogRefused, match=r"(?s)at most 50.00% bad rows, found 3 of 5\n  line 3: dollars: .*'much'"):
        experiment(tmp_path, GOOD, bad, bad, bad, OTHER)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (HEADER.replace("dollars", "euros"), "expected a column 'dollars'"),
        (HEADER.replace("dollars", "opened"), "expected each column once"),
        ("", "expected"),
    ],
)
def test_a_table_without_the_columns_is_refused(tmp_path: Path, header: str, expected: str) -> None:
    with pytest.raises(LogRefused, match=expected):
        experiment(tmp_path, GOOD, OTHER, header=header)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEADER.encode() + b"\n", "found a header only"),
        (HEADER.encode() + b'\nPlain,"1,', "line 2: expected CSV"),
        (HEADER.encode() + b"\nPl\xffin,1,2,3,a,b,1,u", "expected UTF-8"),
        (b"\x1f\x8b broken", "expected a readable file"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(LogRefused, match=expected):
        read_experiment(path, MAPPING)
    with pytest.raises(LogRefused, match="expected a readable file"):
        read_experiment(tmp_path / "absent.csv", MAPPING)


def test_an_experiment_with_one_arm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogRefused, match="expected 2 to 200 arms, found 1"):
        experiment(tmp_path, GOOD, GOOD)


def test_a_gzipped_table_is_the_same_table(tmp_path: Path) -> None:
    plain = experiment(tmp_path, GOOD, OTHER)
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(f"\ufeff{HEADER}\r\n{GOOD}\r\n{OTHER}\r\n".encode()))
    assert read_experiment(path, MAPPING).rows == plain.rows


def test_the_references_weigh_rows_by_how_improbable_they_were(tmp_path: Path) -> None:
    rare, common = "Loud,1,0,50,Oslo,x,0.25,u", "Plain,0,0,50,Oslo,x,0.75,u"
    read = experiment(tmp_path, rare, common, common, common, mapping=changed(propensity="p"))
    assert math.isclose(read.uniform_value("opened"), 0.5)
    assert read.arm_values("opened") == {"loud": 1.0, "plain": 0.0}
    assert read.uniform_value("spent") == 0.0


@pytest.mark.parametrize("labels", [("a b", "A-B"), ("é", "ü"), ("你好", "Plain"), ("x" * 201, "Plain")])
def test_labels_that_make_no_ids_of_their_own_are_named(tmp_path: Path, labels: tuple[str, str]) -> None:
    with pytest.raises(LogRefused, match="tell them apart") as refused:
        experiment(tmp_path, *(GOOD.replace("Plain", label) for label in labels))
    assert repr(labels[0][:80]) in str(refused.value)


def test_a_probability_that_would_leave_no_matches_makes_a_bad_row(tmp_path: Path) -> None:
    read = experiment(tmp_path, GOOD, OTHER.replace("0.25", "1e-300"), mapping=changed(propensity="p"))
    assert [fault.column for fault in read.faults] == ["p"]


@pytest.mark.parametrize(("plain", "loud", "right"), [(0.75, 0.25, True), (0.25, 0.75, False), (1, 1, False)])
def test_propensities_must_be_those_of_the_arms_that_were_drawn(
    tmp_path: Path, plain: float, loud: float, right: bool
) -> None:
    drawn = [("Loud", loud) if n % 4 == 0 else ("Plain", plain) for n in range(400)]
    lines = [f"{arm},1,2.5,30,Rome,hello,{p},ada" for arm, p in drawn]
    if right:
        assert len(experiment(tmp_path, *lines, mapping=changed(propensity="p")).rows) == len(drawn)
    else:
        with pytest.raises(LogRefused, match="1 / p = 2 on average"):
            experiment(tmp_path, *lines, mapping=changed(propensity="p"))
