"""Text and truth values as categories."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.predictions.table import UNKNOWN, Categories

MOST_LEVELS = 60
NO, YES = "no", "yes"


def categories(name: str, values: pa.Array) -> Categories:
    """Strings as codes, their levels in alphabetical order."""
    encoded = values.cast(pa.string()).dictionary_encode()
    levels = encoded.dictionary.to_pylist()
    order = sorted(range(len(levels)), key=levels.__getitem__)
    place_of = np.full(len(levels) + 1, UNKNOWN)
    place_of[order] = np.arange(len(levels))
    codes = place_of[pc.fill_null(encoded.indices, len(levels)).to_numpy(zero_copy_only=False)]
    return Categories(name, codes, tuple(levels[place] for place in order), name)


def yes_or_no(name: str, values: pa.Array) -> Categories:
    """Truth values as two levels."""
    return categories(name, pc.if_else(values, YES, NO))


def few(column: Categories) -> Categories | str:
    """The column, or why nothing can be learned from so many levels."""
    many = len(column.levels)
    return column if many <= MOST_LEVELS else f"{many:,} different values: an id, or free text?"
