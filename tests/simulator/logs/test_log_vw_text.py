"""Lines of Vowpal Wabbit's text are checked here, and never by Vowpal Wabbit, which would end the process."""

from __future__ import annotations

import pytest

from simulator.logs.faults import Faults
from simulator.logs.open import open_log

GOOD = "2:-1:0.5 |u age:3 vip |s:0.5 a b:4\n"
BLOCK = "shared |u vip\n|a price:2\n0:1.5:0.25 |a tag\n\n"


def read(tmp_path, text, **options):
    path = tmp_path / "log.vw"
    path.write_text(text)
    log, faults = open_log(path, **options), Faults()
    return list(log.batches(faults)), faults, log


def test_a_line_is_a_row(tmp_path):
    (batch,), faults, log = read(tmp_path, GOOD + "1:0:1 | x\n3 |u x\n")
    first, second, third = batch.rows.to_pylist()
    assert log.taken_for == "Vowpal Wabbit's text, a line a decision"
    assert (first["candidates"], first["chosen"], first["reward"], first["propensity"]) == (
        ["1", "2", "3"],
        1,
        1.0,
        0.5,
    )
    assert dict(first["context"]) == {"u^age": 3.0, "u^vip": 1.0, "s^a": 0.5, "s^b": 2.0}
    assert dict(second["context"]) == {"x": 1.0}
    assert (third["chosen"], third["reward"]) == (None, None)
    assert faults.count == 0


def test_a_label_may_list_what_could_be_chosen(tmp_path):
    (batch,), _, _ = read(tmp_path, "2 5:1:0.5 7 | x\n", actions=9)
    assert batch.column("candidates").to_pylist() == [["2", "5", "7"]]
    assert batch.chosen.tolist() == [1]


def test_a_block_is_a_row(tmp_path):
    (batch,), faults, log = read(tmp_path, BLOCK + "| x\n0:0:0.5 | y\n")
    first, second = batch.rows.to_pylist()
    assert log.taken_for == "Vowpal Wabbit's text, a block a decision"
    assert (first["candidates"], first["chosen"], first["reward"], first["propensity"]) == (["1", "2"], 1, -1.5, 0.25)
    assert dict(first["context"]) == {"u^vip": 1.0}
    assert [dict(each) for each in first["features"]] == [{"a^price": 2.0}, {"a^tag": 1.0}]
    assert (second["chosen"], batch.numbers.tolist(), faults.count) == (1, [1, 5], 0)


BAD_LINES = {
    "no bar": ("1:0:0.5 x", "line"),
    "two costs": ("1:0:0.5 2:1:0.5 | x", "label"),
    "half a label": ("1:0 | x", "label"),
    "an action is a word": ("one:0:0.5 | x", "label"),
    "action 0": ("0:0:0.5 | x", "label"),
    "cost is no number": ("1:much:0.5 | x", "cost"),
    "cost is infinite": ("1:inf:0.5 | x", "cost"),
    "feature is NaN": ("1:0:0.5 | x:nan", "feature"),
    "zero probability": ("1:0:0 | x", "propensity"),
    "probability above 1": ("1:0:2 | x", "propensity"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_named_and_the_others_go_on(tmp_path, name):
    line, field = BAD_LINES[name]
    (batch,), faults, _ = read(tmp_path, f"{GOOD}{line}\n{GOOD}", format="vw")
    assert batch.numbers.tolist() == [1, 3]
    (fault,) = faults.named
    assert (fault.row, fault.field) == (2, field)


BAD_BLOCKS = {
    "shared alone": "shared | x",
    "two shared": "shared | x\nshared | y\n0:1:0.5 | a",
    "two costs": "shared | x\n0:1:0.5 | a\n0:1:0.5 | b",
    "a feature that is no number": "shared | x\n0:1:0.5 | a:b:c",
}


@pytest.mark.parametrize("name", BAD_BLOCKS)
def test_a_bad_block_is_named_and_the_others_go_on(tmp_path, name):
    (batch,), faults, _ = read(tmp_path, f"{BLOCK}{BAD_BLOCKS[name]}\n\n{BLOCK}")
    assert len(batch) == 2
    assert (faults.count, faults.named[0].row) == (1, 5)


def test_a_published_log_is_read(datasets):
    path = datasets / "vw_logs" / "rcv1_raw_cb_small.vw.gz"
    if not path.exists():
        pytest.skip("no vw_logs")
    log, faults = open_log(path), Faults()
    (batch,) = log.batches(faults)
    assert log.taken_for == "Vowpal Wabbit's text, a line a decision"
    assert (faults.count, set(batch.propensity.tolist()), batch.column("candidates").to_pylist()[0]) == (
        0,
        {0.5},
        ["1", "2"],
    )
