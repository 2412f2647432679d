"""Rows to learn from, by column: numbers, and categories as codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.errors import PredictionError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Places = slice | Ints
UNKNOWN = -1
"""The code of a category that is not known."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers; NaN where none is known. ``label`` is its name in sentences."""

    name: str
    values: Floats
    label: str

    def at(self, places: Places) -> Numbers:
        """Some of its rows."""
        return replace(self, values=self.values[places])


@dataclass(frozen=True, slots=True)
class Categories:
    """A column of categories: for each row the place of its value in ``levels``, or ``UNKNOWN``."""

    name: str
    codes: Ints
    levels: tuple[str, ...]
    label: str

    def at(self, places: Places) -> Categories:
        """Some of its rows."""
        return replace(self, codes=self.codes[places])


Column = Numbers | Categories


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to learn from.

    Attributes:
        rows: how many there are.
        columns: what can be learned from.
        keys: whose row each is; ``None`` if nobody said.
        left_out: what cannot be learned from → why.
    """

    rows: int
    columns: tuple[Column, ...]
    keys: pa.Array | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

    def at(self, places: Places) -> Table:
        """Some of its rows."""
        index = np.arange(self.rows)[places]
        keys = None if self.keys is None else self.keys.take(pa.array(index))
        return replace(self, rows=len(index), columns=tuple(column.at(places) for column in self.columns), keys=keys)

    def of(self, names: Sequence[str]) -> tuple[Column, ...]:
        """The columns of these names. Raises ``PredictionError`` if one is not there."""
        known = {column.name: column for column in self.columns}
        for name in names:
            if name not in known:
                why = self.left_out.get(name, f"there are {', '.join(known)}")
                raise PredictionError(f"{name} cannot be learned from: {why}")
        return tuple(known[name] for name in names)


def last_of_each(keys: pa.Array) -> Ints:
    """The places of everybody's last rows, in order."""
    codes = keys.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    _, places = np.unique(codes[::-1], return_index=True)
    return np.sort(len(codes) - 1 - places)
