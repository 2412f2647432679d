"""Influence by blocks of a log's units: small enough to keep, and enough to compare any two policies row by row.

Rows of one unit are in one block, whichever policy is replayed, so that what two policies have in common cancels out.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from simulator.logs.schema import Array, Indices, LoggedBatch

BLOCKS = 256


def blocks_of(batch: LoggedBatch) -> Indices:
    """The block of every row, from 0, none left out; each unit is its own where there are few."""
    unit = pc.coalesce(batch.column("unit"), batch.column("id")) if batch.has("unit") else batch.column("id")
    codes = pc.dictionary_encode(unit).indices.to_numpy(zero_copy_only=False)
    return np.asarray(codes, dtype=np.int64) % BLOCKS


def by_block(influence: Array, blocks: Indices, count: int) -> Array:
    """Mean influence of the rows, in ``count`` parts whose mean it is.

    Args:
        influence: of some rows; ``blocks`` are theirs.
    """
    sums = np.bincount(blocks, weights=influence, minlength=count).astype(np.float64)
    return sums * (count / max(len(influence), 1))
