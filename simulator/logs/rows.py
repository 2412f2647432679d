"""Rows that are parsed one by one, gathered into batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from simulator.logs.schema import LOG, LoggedBatch

ROWS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a log, as ``LOG`` describes it."""

    id: str
    candidates: list[str]
    chosen: int | None
    reward: float | None
    propensity: float | None
    time: int | None = None
    unit: str | None = None
    context: dict[str, float] = field(default_factory=dict)
    features: list[dict[str, float]] | None = None
    pmf: list[float] | None = None
    policy: str | None = None
    position: int = -1
    group: str | None = None
    keep: float = 1.0
    learnable: bool = True


class Numbered(NamedTuple):
    """A row, and where it stood, from 1."""

    number: int
    row: Row


def batches_of(rows: Iterable[Numbered], columns: Collection[str] | None = None) -> Iterator[LoggedBatch]:
    """Rows as batches, with the columns that are wanted."""
    wanted = [name for name in LOG.names if columns is None or name in columns]
    left = iter(rows)
    while some := list(islice(left, ROWS)):
        arrays = [pa.array([_cell(row, name) for _, row in some], LOG.field(name).type) for name in wanted]
        numbers = np.array([number for number, _ in some], np.int64)
        yield LoggedBatch(pa.RecordBatch.from_arrays(arrays, wanted), numbers)


def _cell(row: Row, name: str) -> object:
    value = getattr(row, name)
    if name == "context":
        return list(value.items())
    if name == "features" and value is not None:
        return [list(each.items()) for each in value]
    return value
