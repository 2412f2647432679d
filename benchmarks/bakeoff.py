"""Classification sets of the contextual bandit bake-off, in Vowpal Wabbit's text: ``<class> | feature:value …``."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows and the class of each, from 0."""

    name: str
    rows: sparse.csr_array
    classes: NDArray[np.int64]

    @property
    def actions(self) -> int:
        """How many classes there are."""
        return int(self.classes.max()) + 1


def bakeoff(folder: str = "gt10class") -> list[Path]:
    """The files, smallest first; ``MAITRED_DATASETS`` says where."""
    found = (Path(os.environ["MAITRED_DATASETS"]) / "bakeoff_vw" / folder).glob("*.vw.gz")
    return sorted(found, key=lambda path: path.stat().st_size)


def read(path: Path, most: int, seed: int) -> Table:
    """At most so many rows, drawn without order; columns in units of their largest value."""
    with gzip.open(path, "rt") as file:
        lines = list(file)
    order = np.random.default_rng(seed).permutation(len(lines))[:most]
    labels, parts = zip(*(lines[number].split("|", 1) for number in order.tolist()), strict=True)
    _, classes = np.unique([int(label.split()[0]) for label in labels], return_inverse=True)
    return Table(path.name.removesuffix(".vw.gz"), _matrix(parts), classes)


def _matrix(parts: tuple[str, ...]) -> sparse.csr_array:
    columns: dict[str, int] = {}
    places, values, ends = [], [], [0]
    for part in parts:
        for name, value in _features(part):
            places.append(columns.setdefault(name, len(columns)))
            values.append(value)
        ends.append(len(places))
    matrix = sparse.csr_array((values, places, ends), shape=(len(parts), len(columns)))
    largest = np.asarray(abs(matrix).max(axis=0).todense()).ravel()
    return sparse.csr_array(matrix @ sparse.diags_array(1.0 / np.where(largest > 0.0, largest, 1.0)))


def _features(part: str) -> Iterator[tuple[str, float]]:
    for word in part.split():
        name, colon, value = word.rpartition(":")
        yield (name, float(value)) if colon else (word, 1.0)
