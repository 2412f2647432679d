"""What one check finds in a batch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.logs.schema import Indices, LoggedBatch, Mask


class Finding(NamedTuple):
    """Rows that break one rule; ``found`` has each row's own value."""

    bad: Mask
    field: str
    expected: str
    found: Any


def null(batch: LoggedBatch, name: str) -> Mask:
    """Rows without a value in a column."""
    return np.asarray(batch.column(name).is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)


def rows_with(wrong: Mask, offsets: Indices) -> Mask:
    """Rows of which any part is wrong; those of row i are ``offsets[i]:offsets[i + 1]``."""
    running = np.concatenate([[0], np.cumsum(wrong, dtype=np.int64)])
    return np.asarray(running[offsets[1:]] > running[offsets[:-1]], dtype=np.bool_)
