"""A bad row is split off with its number, its field and what was expected; the rest goes on."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from simulator.logs.check import Checker, Rules
from simulator.logs.faults import NAMED, Faults
from simulator.logs.seen import SeenIds

BAD = {
    "zero propensity": ({"propensity": 0.0, "pmf": None}, "propensity"),
    "no propensity": ({"propensity": None}, "propensity"),
    "propensity above 1": ({"propensity": 1.5, "pmf": None}, "propensity"),
    "propensity NaN": ({"propensity": math.nan, "pmf": None}, "propensity"),
    "propensity is another's": ({"propensity": 0.5}, "propensity"),
    "pmf sums to 0.9": ({"pmf": [0.4, 0.25, 0.25]}, "pmf"),
    "pmf with infinity": ({"pmf": [math.inf, 0.25, 0.25]}, "pmf"),
    "pmf with NaN": ({"pmf": [math.nan, 0.25, 0.25]}, "pmf"),
    "pmf below 0": ({"pmf": [1.0, 0.25, -0.25]}, "pmf"),
    "pmf too short": ({"pmf": [0.75, 0.25]}, "pmf"),
    "chosen is no candidate": ({"chosen": 3}, "chosen"),
    "chosen below 0": ({"chosen": -2}, "chosen"),
    "no candidates": ({"candidates": [], "pmf": None}, "chosen"),
    "reward above its range": ({"reward": 2.5}, "reward"),
    "reward below its range": ({"reward": -0.5}, "reward"),
    "reward NaN": ({"reward": math.nan}, "reward"),
    "reward infinite": ({"reward": math.inf}, "reward"),
    "keep 0": ({"keep": 0.0}, "keep"),
    "keep NaN": ({"keep": math.nan}, "keep"),
    "no id": ({"id": None}, "id"),
    "an id again": ({"id": "d0"}, "id"),
    "a propensity that no weight can hold": ({"propensity": 1e-40, "pmf": None}, "propensity"),
    "a small propensity twice too great": ({"pmf": [0.9998, 0.0001, 0.0001], "propensity": 0.0002}, "propensity"),
    "a candidate twice": ({"candidates": ["a", "b", "a"]}, "candidates"),
    "a candidate without an id": ({"candidates": ["a", "b", None]}, "candidates"),
    "context NaN": ({"context": {"age": math.nan}}, "context"),
    "context beyond 32 bits": ({"context": {"age": 1e39}}, "context"),
    "features of some candidates only": ({"features": [[("price", 1.0)]]}, "features"),
    "features NaN": ({"features": [[("price", 1.0)], [("price", math.nan)], []]}, "features"),
    "keep that no weight can hold": ({"keep": 1e-40}, "keep"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_named_and_the_others_go_on(row, batch, name):
    fields, field = BAD[name]
    faults = Faults()
    good = Checker(Rules(reward_range=(0.0, 2.0)), faults).check(batch([row(0), row(1) | fields, row(2)]))
    assert good.column("id").to_pylist() == ["d0", "d2"]
    assert good.numbers.tolist() == [1, 3]
    assert (faults.good, faults.count) == (2, 1)
    (fault,) = faults.named
    assert (fault.row, fault.field) == (2, field)
    assert fault.expected
    assert fault.found


def test_a_row_with_many_faults_is_counted_once(row, batch):
    faults = Faults()
    Checker(Rules(), faults).check(batch([row(0, chosen=9, propensity=0.0, pmf=[1.0], reward=math.nan, keep=-1.0)]))
    assert (faults.good, faults.count) == (0, 1)


def test_what_is_merely_unknown_is_no_fault(row, batch):
    faults = Faults()
    unsettled, silent, bare = row(0, reward=None), row(1, chosen=None, propensity=None), row(2, pmf=None, context=None)
    assert len(Checker(Rules(), faults).check(batch([unsettled, silent, bare]))) == 3
    assert faults.count == 0


def test_propensities_may_be_declared_unknown(row, batch):
    rows = batch([row(0, propensity=None, pmf=None), row(1, propensity=-1.0, pmf=None)])
    faults = Faults()
    assert len(Checker(Rules(propensities=False), faults).check(rows)) == 1
    assert faults.count == 1


def test_the_first_of_each_reason_are_named_and_all_are_counted(row, batch):
    faults = Faults()
    checker = Checker(Rules(), faults)
    for start in (0, 100):
        checker.check(batch([row(start + n, propensity=0.0, pmf=None) for n in range(100)]))
    assert faults.count == 200
    assert [fault.row for fault in faults.named] == list(range(1, NAMED + 1))
    (line,) = faults.lines()
    assert line.startswith("200 rows: propensity: expected a probability above 0")


def test_only_columns_that_were_read_are_checked(row, batch):
    whole = batch([row(0, propensity=0.0, reward=math.nan)])
    part = type(whole)(whole.rows.select(["keep"]), whole.numbers)
    assert len(Checker(Rules(), Faults()).check(part)) == 1


def test_ids_are_remembered_across_batches_and_runs():
    rng = np.random.default_rng(3)
    seen, known = SeenIds(), set()
    for size in (1, 5, 1_000, 3, 700, 4_000, 2):
        ids = [str(n) for n in rng.integers(5_000, size=size)]
        expected = []
        for id in ids:
            expected.append(id in known)
            known.add(id)
        assert seen.duplicates(pa.array(ids)).tolist() == expected
    assert sum(len(run.first) for run in seen._runs) == len(known)


def test_a_batch_gives_columns_without_rows_as_objects(row, batch):
    made = batch([row(0), row(1, candidates=["x"], pmf=[1.0], chosen=0, propensity=1.0), row(2, chosen=None, pmf=None)])
    assert made.offsets.tolist() == [0, 3, 4, 7]
    assert made.pmf_offsets.tolist() == [0, 3, 4, 4]
    assert made.chosen.tolist() == [1, 0, -1]
    assert made.chosen_action.to_pylist() == ["b", "x", None]
    sliced = type(made)(made.rows.slice(1), made.numbers[1:])
    assert sliced.offsets.tolist() == [0, 1, 4]
    assert sliced.pmf.tolist() == [1.0]
    assert sliced.chosen_action.to_pylist() == ["x", None]


def test_rows_become_examples_on_demand(row, batch):
    features = [[("tone=calm", 1.0), ("price", 0.0)], [("tone=loud", 1.0)], []]
    made = batch([row(0, features=features, reward=3.0), row(1, reward=None), row(2, chosen=None), row(3)])
    first, last = made.decisions(low=1.0, high=5.0)
    assert (first.chosen, first.propensity, first.reward) == (1, 0.25, 0.5)
    assert dict(first.shared) == {"mood=good": 1.0}
    assert [dict(candidate.features) for candidate in first.candidates] == [{"tone=calm": 1.0}, {"tone=loud": 1.0}, {}]
    assert [dict(candidate.features) for candidate in last.candidates] == [{"id=a": 1.0}, {"id=b": 1.0}, {"id=c": 1.0}]
    assert len({candidate.key for candidate in (*first.candidates, *last.candidates)}) == 6
