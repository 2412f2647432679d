"""Which row of its arrays an arm has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.policies.learned_state import Part

UNKNOWN = -1
MOST_ARMS = 256


class ArmRows:
    """Arm's id → row. When all ``most`` rows are taken, the arm that learned longest ago is forgotten.

    Catalogues change for years; what is learned of them must not grow for ever.
    """

    def __init__(self, most: int = MOST_ARMS) -> None:
        self._most = most
        self._rows: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """The row of each arm; ``UNKNOWN`` for one that never learned."""
        return np.array([self._rows.get(id, UNKNOWN) for id in ids], np.int64)

    def claim(self, id: str) -> tuple[int, bool]:
        """The row of an arm that learns now, and whether it must be cleared first: it is new, or another one's."""
        row = self._rows.pop(id, UNKNOWN)
        fresh = row == UNKNOWN
        if fresh:
            row = len(self._rows) if len(self._rows) < self._most else self._rows.pop(next(iter(self._rows)))
        self._rows[id] = row
        return row, fresh

    @property
    def part(self) -> Part:
        """Ids, the one that learned longest ago first, and their rows."""
        return Part(tuple(self._rows), (np.array(list(self._rows.values()), np.int64),))

    def restore(self, part: Part) -> None:
        """Go on from what ``part`` was."""
        self._rows = dict(zip(part.names, part.arrays[0].tolist(), strict=True))
