"""Rows of a log, made from what a test says about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from simulator.logs.schema import LOG, LoggedBatch

ROW = {
    "time": 1_700_000_000_000_000,
    "unit": "u",
    "context": {"mood=good": 1.0},
    "candidates": ["a", "b", "c"],
    "features": None,
    "pmf": [0.5, 0.25, 0.25],
    "chosen": 1,
    "propensity": 0.25,
    "policy": "vw",
    "position": 7,
    "reward": 1.0,
    "group": "champion",
    "keep": 1.0,
    "learnable": True,
}


def log_row(number: int = 0, **fields: Any) -> dict[str, Any]:
    """A good row, but for the fields that are given."""
    return {"id": f"d{number}", **ROW, **fields}


def batch_of(rows: list[dict[str, Any]]) -> LoggedBatch:
    """Rows as a batch, counted from 1."""
    listed = [{**row, "context": list((row["context"] or {}).items())} for row in rows]
    # What breaks a rule of the schema must get as far as the check.
    schema = pa.schema([column.with_nullable(True) for column in LOG])
    return LoggedBatch(pa.RecordBatch.from_pylist(listed, schema), np.arange(1, len(rows) + 1))


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """Makes a row."""
    return log_row


@pytest.fixture
def batch() -> Callable[..., LoggedBatch]:
    """Makes a batch."""
    return batch_of
