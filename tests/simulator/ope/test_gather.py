"""A log becomes matrices, and the same ones however it was split or shuffled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import NotEvaluable
from simulator.logs.schema import LOG, LoggedBatch
from simulator.ope.cross_fit import cross_fitted, folds_by_unit
from simulator.ope.gather import gathered

START = datetime(2026, 3, 1, tzinfo=UTC)


def row(number: int, **changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(number)
    offered = ["apple", "bread", "cake"][: int(rng.integers(1, 4))]
    chosen = int(rng.integers(len(offered)))
    age = float(rng.normal())
    return {
        "id": f"d{number:03d}",
        "time": START + timedelta(minutes=number),
        "unit": f"u{number % 7}",
        "context": {"age": age, f"day={number % 3}": 1.0},
        "candidates": offered,
        "features": [{f"kind={name[0]}": 1.0} for name in offered],
        "chosen": chosen,
        "propensity": 1.0 / len(offered),
        "reward": age * chosen,
        "keep": 1.0,
        "learnable": True,
        **changes,
    }


def batch(rows: list[dict[str, Any]]) -> LoggedBatch:
    return LoggedBatch(pa.RecordBatch.from_pylist(rows, schema=LOG), np.arange(1, len(rows) + 1))


def test_names_become_columns_and_codes() -> None:
    found = gathered(
        [
            batch(
                [
                    row(1, context={"b": 2.0}, candidates=["x"], features=[{"k": 3.0}], chosen=0),
                    row(2, context={"a": 1.0}, candidates=["x", "c"], features=None, chosen=1),
                ]
            )
        ]
    )
    assert found.actions == ("c", "x")
    assert found.choices.action.tolist() == [1, 1, 0]
    assert found.choices.context.toarray().tolist() == [[0.0, 2.0], [1.0, 0.0]]
    assert found.choices.features is not None
    assert found.choices.features.toarray().tolist() == [[3.0], [0.0], [0.0]]
    assert found.choices.place.tolist() == [0, 2]


def test_a_split_and_shuffled_log_gives_the_same_digits() -> None:
    rows = [row(number) for number in range(200)]
    luck = np.random.default_rng(1).permutation(200)
    shuffled = [rows[number] for number in luck]
    whole, parts = (
        gathered([batch(rows)]),
        gathered([batch(shuffled[:30]), batch(shuffled[30:31]), batch(shuffled[31:])]),
    )
    assert np.array_equal(luck[parts.order], whole.order)
    fitted = [
        cross_fitted(log.choices, log.reward, folds_by_unit(log.unit.astype(np.uint64))) for log in (whole, parts)
    ]
    assert np.array_equal(fitted[0].values, fitted[1].values)
    assert np.array_equal(whole.unit, parts.unit)


def test_numbers_of_candidates_follow_their_rows() -> None:
    rows = [row(number) for number in (3, 1, 2)]
    flat = np.concatenate(
        [
            [number + 0.1 * place for place in range(len(each["candidates"]))]
            for number, each in zip((3, 1, 2), rows, strict=True)
        ]
    )
    found = gathered([batch(rows)])
    arranged = found.arranged(flat)
    assert np.floor(arranged[found.choices.offsets[:-1]]).tolist() == [1.0, 2.0, 3.0]
    assert len(arranged) == len(found.choices.action)


def test_sliced_batches_and_rows_without_context_or_unit() -> None:
    rows = [row(number, unit=None, context=None if number == 4 else {"a": float(number)}) for number in range(6)]
    whole = batch(rows)
    part = LoggedBatch(whole.rows.slice(2, 3), whole.numbers[2:5])
    found = gathered([part])
    assert found.choices.context.toarray().tolist() == [[2.0], [3.0], [0.0]]
    assert len(set(found.unit.tolist())) == 3


@pytest.mark.parametrize(
    ("changes", "missing"),
    [({"chosen": None}, "chosen action"), ({"reward": None}, "reward"), ({"propensity": None}, "propensity")],
)
def test_rows_that_lack_what_is_needed_are_named(changes: dict[str, Any], missing: str) -> None:
    with pytest.raises(NotEvaluable, match=f"row 2 has no {missing}"):
        gathered([batch([row(1), row(2, **changes)])])


def test_no_rows_are_refused() -> None:
    with pytest.raises(NotEvaluable, match="no rows"):
        gathered([])
