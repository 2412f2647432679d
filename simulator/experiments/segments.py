"""Which part of a log's users a row is of."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from simulator.logs.schema import LoggedBatch

UNKNOWN = "(none)"


def segments_of(batch: LoggedBatch, feature: str) -> np.ndarray:
    """The value of a category in each row's context, which is there as ``feature=value``; ``(none)`` without one."""
    context = batch.column("context") if batch.has("context") else None
    found = np.full(len(batch), UNKNOWN, dtype=object)
    if context is None:
        return found
    prefix = f"{feature}="
    keys = context.keys
    places = np.flatnonzero(pc.starts_with(keys, prefix).to_numpy(zero_copy_only=False))
    rows = np.searchsorted(context.offsets.to_numpy(), places, side="right") - 1
    found[rows] = [str(key)[len(prefix) :] for key in keys.take(places).to_pylist()]
    return found
