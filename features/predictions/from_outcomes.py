"""A file of what was known of users, and what they did then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from features.errors import PredictionError
from features.predictions.from_file import named, table_of, whole
from features.predictions.past_outcomes import outcomes, times_of
from features.predictions.table import Floats, Ints, Table, last_of_each


class Asking(NamedTuple):
    """Which column is what.

    Attributes:
        outcome: whether it happened; ``positive`` is what it says then, yes if ``None``.
        time: when; rows are in order if ``None``.
        key: whose row it is.
        without: columns that nothing is to be learned from.
        unknown: column → what it says where nothing is known.
    """

    outcome: str
    positive: str | None
    time: str | None
    key: str | None
    without: Sequence[str]
    unknown: Mapping[str, str]


class Known(NamedTuple):
    """What was known, row by row, and whether it ``happened``: 1, 0, or NaN where that is not known yet."""

    table: Table
    happened: Floats
    times: Ints

    def newest(self) -> tuple[pa.Array, Ints]:
        """The users, and the places of their newest rows. Raises ``PredictionError`` if nobody said whose they are."""
        if self.table.keys is None:
            raise PredictionError("nobody said whose rows these are")
        order = np.argsort(self.times, kind="stable")
        keys = self.table.keys.take(pa.array(order))
        last = last_of_each(keys)
        return keys.take(pa.array(last)), order[last]


def known_from(path: Path, asking: Asking) -> Known:
    """Read a file.

    Raises:
        LoadError: it is no table.
        PredictionError: a column is not there, or not what it is said to be.
    """
    read = whole(path)
    happened = outcomes(asking.outcome, named(read, asking.outcome), asking.positive)
    times = times_of(asking.time, named(read, asking.time)) if asking.time else np.arange(read.num_rows)
    without = [*asking.without, asking.outcome, *([asking.time] if asking.time else [])]
    table = table_of(read, key=asking.key, only=(), without=without, unknown=asking.unknown)
    return Known(table, happened, times)
