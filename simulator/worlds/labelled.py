"""Rows whose right class is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.logged.errors import LogRefused

MOST_CLASSES = 200
FEWEST_VALUES = 11
"""Numbers of fewer different values are the names of something."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A classification set.

    Attributes:
        names: encoded names of the numbers.
        numbers: as they are in the file, shape (rows, names); NaN where one is missing.
        others: of each row what else is known of it, encoded.
        classes: sorted.
        right: of each row the place of its class among them.
    """

    names: tuple[str, ...]
    numbers: NDArray[np.float64]
    others: tuple[Mapping[str, float], ...]
    classes: tuple[str, ...]
    right: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.right)


def labelled(
    path: Path, labels: Sequence[str], numbers: Mapping[str, Sequence[float]], others: Sequence[Mapping[str, float]]
) -> Labelled:
    """The rows of a file.

    Args:
        labels: the class of each row.
        numbers: encoded name → one number a row.

    Raises:
        LogRefused: the classes are too few or too many to choose among.
    """
    classes = tuple(sorted(set(labels)))
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise LogRefused(f"{path}: expected 2 to {MOST_CLASSES} classes, found {len(classes)}")
    places = {name: place for place, name in enumerate(classes)}
    matrix = np.array(list(numbers.values()), dtype=np.float64).reshape(len(numbers), len(labels)).T
    right = tuple(places[label] for label in labels)
    return Labelled(tuple(numbers), np.ascontiguousarray(matrix), tuple(others), classes, right)
