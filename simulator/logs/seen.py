"""Which ids were seen before, in 16 bytes an id, however many there are."""

from __future__ import annotations

from typing import Any, NamedTuple

import mmh3
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulator.logs.schema import Mask

_Hashes = NDArray[np.uint64]


class _Run(NamedTuple):
    """Hashes in the order of their first halves."""

    first: _Hashes
    second: _Hashes

    def has(self, first: _Hashes, second: _Hashes) -> Mask:
        """Which are here. Two ids with equal first halves only are told apart; with three, one may be missed."""
        at = np.minimum(np.searchsorted(self.first, first), len(self.first) - 1)
        return np.asarray((self.first[at] == first) & (self.second[at] == second), dtype=np.bool_)


class SeenIds:
    """Remembers hashes of ids in sorted runs, each at least twice as long as the next, so that few are looked into."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def duplicates(self, ids: Any) -> Mask:
        """Which of an Arrow array of strings came before, here or in an earlier call; null is never one."""
        first, second = _hashes(ids)
        order = np.argsort(first, kind="stable")
        repeated = np.zeros(len(first), np.bool_)
        repeated[order[1:]] = (np.diff(first[order]) == 0) & (np.diff(second[order]) == 0)
        for run in self._runs:
            repeated |= run.has(first, second)
        new = order[~repeated[order]]
        if len(new):
            self._remember(_Run(first[new], second[new]))
        return repeated

    def _remember(self, run: _Run) -> None:
        while self._runs and len(self._runs[-1].first) < 2 * len(run.first):
            run = _merged(self._runs.pop(), run)
        self._runs.append(run)


def _merged(a: _Run, b: _Run) -> _Run:
    first, second = np.concatenate([a.first, b.first]), np.concatenate([a.second, b.second])
    order = np.argsort(first, kind="stable")
    return _Run(first[order], second[order])


def _hashes(ids: Any) -> tuple[_Hashes, _Hashes]:
    digests = b"".join(map(mmh3.mmh3_x64_128_digest, ids.cast(pa.binary()).to_pylist()))
    halves = np.frombuffer(digests, np.uint64).reshape(-1, 2)
    return halves[:, 0], halves[:, 1]
