"""DSJSON of whoever wrote it is a log; lines that are none are named."""

from __future__ import annotations

import json

import pytest

from simulator.logs.dsjson import dsjson_lines
from simulator.logs.faults import Faults
from simulator.logs.log import Log
from simulator.logs.open import open_log

LINE = {
    "_label_cost": -0.5,
    "_label_probability": 0.25,
    "_label_Action": 2,
    "_labelIndex": 1,
    "Timestamp": "2021-02-04T16:31:29.2460000Z",
    "Version": "1",
    "EventId": "e1",
    "a": [2, 1, 3],
    "c": {
        "User": [{"weather": "sunny", "age": 3, "vip": True, "_secret": 9}],
        "_multi": [
            {"_tag": "x", "i": {"id": "x"}},
            {"_tag": "y", "i": {"price": 2.0}},
            {"_tag": "z", "i": {"_text": "a b"}},
        ],
    },
    "p": [0.25, 0.5, 0.25],
    "VWState": {"m": "model"},
}


def read(tmp_path, *lines):
    path = tmp_path / "log.dsjson"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    log, faults = open_log(path), Faults()
    assert log.taken_for == "DSJSON"
    return list(log.batches(faults)), faults


def test_a_line_is_a_row(tmp_path):
    (batch,), faults = read(tmp_path, LINE)
    (row,) = batch.rows.to_pylist()
    assert faults.count == 0
    assert (row["id"], row["candidates"], row["chosen"], row["propensity"]) == ("e1", ["x", "y", "z"], 1, 0.25)
    assert (row["pmf"], row["reward"], row["policy"]) == ([0.5, 0.25, 0.25], 0.5, "model")
    assert dict(row["context"]) == {"User^weather=sunny": 1.0, "User^age": 3.0, "User^vip": 1.0}
    assert [dict(each) for each in row["features"]] == [{"i^id=x": 1.0}, {"i^price": 2.0}, {"i^a": 1.0, "i^b": 1.0}]
    assert row["time"].isoformat() == "2021-02-04T16:31:29.246000+00:00"


BAD = {
    "cut off": ('{"_label_cost":-1,"_lab', "line"),
    "no object": ("[1]", "line"),
    "several slots": ({**LINE, "c": {**LINE["c"], "_slots": [{}]}}, "c._slots"),
    "no context": ({**LINE, "c": None}, "c"),
    "no candidates": ({**LINE, "c": {"_multi": []}}, "c._multi"),
    "labels disagree": ({**LINE, "_label_Action": 3}, "_labelIndex"),
    "no such action": ({**LINE, "_label_Action": 9, "_labelIndex": 8}, "chosen"),
    "cost is text": ({**LINE, "_label_cost": "high"}, "_label_cost"),
    "zero probability": ({**LINE, "_label_probability": 0}, "propensity"),
    "a does not list all": ({**LINE, "a": [2, 2, 3]}, "a"),
    "p too short": ({**LINE, "p": [0.5, 0.5]}, "p"),
    "p does not sum to 1": ({**LINE, "p": [0.25, 0.5, 0.5]}, "pmf"),
    "time": ({**LINE, "Timestamp": "soon"}, "Timestamp"),
    "all dropped": ({**LINE, "pdrop": 1.0}, "keep"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_named_and_the_others_go_on(tmp_path, name):
    line, field = BAD[name]
    (batch,), faults = read(tmp_path, LINE, line, "", {**LINE, "EventId": "e3"})
    assert batch.column("id").to_pylist() == ["e1", "e3"]
    (fault,) = faults.named
    assert (fault.row, fault.field) == (2, field)


def test_what_is_written_is_read(row, batch, tmp_path):
    features = [{"tone=calm": 1.0}, {"price": 0.5}, {"id=c": 1.0}]
    given = [row(0, features=[list(each.items()) for each in features]), row(1, pmf=None, learnable=False, reward=0.0)]
    path = tmp_path / "log.dsjson"
    path.write_bytes(b"".join(dsjson_lines([batch([*given, row(2, reward=None)])])))
    (read_batch,) = open_log(path).batches(Faults())
    first, second = read_batch.rows.to_pylist()
    for field in (
        "id",
        "candidates",
        "chosen",
        "propensity",
        "reward",
        "pmf",
        "context",
        "group",
        "policy",
        "learnable",
    ):
        assert first[field] == given[0][field] or dict(first[field]) == given[0][field], field
    assert [dict(each) for each in first["features"]] == features
    assert (second["pmf"], second["learnable"], second["reward"]) == (None, False, 0.0)


def counts(path) -> tuple[int, int]:
    faults = Faults()
    log = open_log(path, "dsjson")
    assert isinstance(log, Log)
    assert sum(len(each) for each in log.batches(faults)) == faults.good
    return faults.good, faults.count


def test_logs_of_the_decision_service_are_read(datasets):
    folder = datasets / "vw_logs"
    if not folder.is_dir():
        pytest.skip("no vw_logs")
    assert counts(folder / "dsjson_cb.json.gz") == (23, 0)
    assert counts(folder / "igl.dsjson.gz") == (200, 0)
    assert counts(folder / "decisionservice.json.gz") == (3, 0)
    assert counts(folder / "ccb_data.json.gz") == (0, 59)
