"""Rows whose outcome is known, in the order in which they happened, and how time divides them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import LoadError, PredictionError
from features.files.cells import cells
from features.files.moments import moments_us
from features.predictions.table import Floats, Ints

TRAINED, CALIBRATED = 0.6, 0.8
"""Of the rows with a known outcome, 60 % are learned from, the next 20 % calibrated on, and the last are the test."""
LEAST_OF_EACH = 30
"""So many with each outcome every part needs: an AUC of fewer says nothing."""


class Parts(NamedTuple):
    """Places of rows, each part later than the one before."""

    train: Ints
    calibrate: Ints
    test: Ints


def outcomes(name: str, column: pa.Array, positive: str | None) -> Floats:
    """1 where it happened, 0 where it did not, NaN where that is not known yet.

    Args:
        positive: what says that it happened; without it, what says yes or no.

    Raises:
        PredictionError: a value says neither.
    """
    if positive is not None:
        happened = pc.equal(column.cast(pa.string()), positive)
    else:
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            column = pc.cast(column, pa.int64(), safe=False).cast(pa.string())
        happened = _yes_or_no(name, column)
    return np.asarray(pc.fill_null(happened.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False))


def times_of(name: str, column: pa.Array) -> Ints:
    """When rows happened, microseconds since the epoch. Raises ``PredictionError`` where that is not told."""
    try:
        times = moments_us(column)
    except LoadError as error:
        raise PredictionError(f"{name}: {error}") from error
    if None in times:
        raise PredictionError(f"{name}: row {times.index(None) + 1} has no time")
    return np.array(times, dtype=np.int64)


def parts_of(happened: Floats, times: Ints) -> Parts:
    """Divide the rows with a known outcome by time; what happened at one moment stays together.

    Raises:
        PredictionError: a part has too few rows of one outcome.
    """
    known = np.flatnonzero(~np.isnan(happened))
    known = known[np.argsort(times[known], kind="stable")]
    moments = times[known]
    ends = [moments[int(len(known) * share)] for share in (TRAINED, CALIBRATED)] if len(known) else [0, 0]
    parts = Parts(*np.split(known, np.searchsorted(moments, ends)))
    for name, places in parts._asdict().items():
        yes = int(happened[places].sum())
        if min(yes, len(places) - yes) < LEAST_OF_EACH:
            raise PredictionError(
                f"by time, the rows to {name} on are {len(places):,}, of which it happened in {yes:,}: "
                f"it takes {LEAST_OF_EACH} in which it did and as many in which it did not"
            )
    return parts


def _yes_or_no(name: str, column: pa.Array) -> pa.Array:
    read = cells(column, "bool")
    if pc.any(read.misfit).as_py():
        odd = column.filter(read.misfit)[0].as_py()
        raise PredictionError(
            f"{name} says {str(odd)[:40]!r}, which is neither yes nor no: say with --positive what is yes"
        )
    return read.values
