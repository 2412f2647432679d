"""Which rows of a file were there before: 16 bytes of memory a row, however long the file is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import mmh3
import numpy as np
import numpy.typing as npt

Digests = npt.NDArray[np.uint64]
Marks = npt.NDArray[np.bool_]


class Seen(NamedTuple):
    """For each row: whether one of its name came before, and whether that one said something else."""

    repeated: Marks
    contradicting: Marks


class _Run(NamedTuple):
    names: Digests
    contents: Digests


class Repeats:
    """Remembers digests of 64 bits of what rows are called and of what they say.

    The chance that any two of n different names have one digest is n² / 2⁶⁵: 3 in a hundred million for a million rows.
    Such a row counts as contradicting, so that it is seen, not lost.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def see(self, names: Sequence[str], contents: Sequence[str]) -> Seen:
        """Compare some rows with all before them, and with one another."""
        run = _Run(_digests(names), _digests(contents))
        _, first, which = np.unique(run.names, return_index=True, return_inverse=True)
        repeated = first[which] != np.arange(len(names))
        contradicting = repeated & (run.contents != run.contents[first[which]])
        for before in self._runs:
            known, other = _compare(before, run)
            contradicting = np.where(known, other, contradicting)
            repeated |= known
        self._add(_Run(run.names[~repeated], run.contents[~repeated]))
        return Seen(repeated, contradicting)

    def _add(self, run: _Run) -> None:
        """Runs at least double in size from last to first, so that there are few, and each row is sorted rarely."""
        while self._runs and len(self._runs[-1].names) <= 2 * len(run.names):
            last = self._runs.pop()
            run = _Run(np.concatenate((last.names, run.names)), np.concatenate((last.contents, run.contents)))
        order = np.argsort(run.names)
        self._runs.append(_Run(run.names[order], run.contents[order]))


def _compare(before: _Run, run: _Run) -> Seen:
    if not len(before.names):
        return Seen(np.zeros(len(run.names), bool), np.zeros(len(run.names), bool))
    place = np.minimum(np.searchsorted(before.names, run.names), len(before.names) - 1)
    known = before.names[place] == run.names
    return Seen(known, known & (before.contents[place] != run.contents))


def _digests(texts: Sequence[str]) -> Digests:
    return np.fromiter((mmh3.hash64(text, signed=False)[0] for text in texts), np.uint64, len(texts))
