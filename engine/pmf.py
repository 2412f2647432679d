"""Probabilities: keep every action possible, and draw one."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from engine.errors import PolicyError

_ROUNDING = 1e-12


def with_floor(pmf: Sequence[float], epsilon: float) -> list[float]:
    """The pmf with every entry ≥ ``epsilon`` / K, summing to 1.

    A pmf that keeps the floor already is only normalised; any other becomes (1 − ε) p + ε / K.

    Raises:
        PolicyError: ``epsilon`` outside [0, 1], or entries that are negative, not finite or all zero.
    """
    if not 0.0 <= epsilon <= 1.0:
        raise PolicyError(f"epsilon {epsilon} is not in [0, 1]")
    normalised = _normalised(pmf)
    floor = epsilon / len(normalised)
    if min(normalised) >= floor:
        return normalised
    return [floor + (1.0 - epsilon) * p for p in normalised]


def sample(pmf: Sequence[float], u: float) -> int:
    """The index that ``u`` in [0, 1) falls on: inverse of the cumulative pmf in its order, never one with p = 0."""
    cumulative = 0.0
    for index, p in enumerate(pmf):
        cumulative += p
        if u < cumulative:
            return index
    return _last_possible(pmf)


def draw(salt: bytes, decision_id: str) -> float:
    """A number in [0, 1) that the id determines and, without the salt (at most 64 bytes), nobody can predict.

    The first 53 bits of keyed BLAKE2b: uniform over ids.
    """
    digest = hashlib.blake2b(decision_id.encode("utf-8", "surrogatepass"), key=salt, digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) * 2.0**-53


def _normalised(pmf: Sequence[float]) -> list[float]:
    total = math.fsum(pmf)
    if not 0.0 < total < math.inf or min(pmf) < 0.0:
        raise PolicyError("not a pmf")
    if abs(total - 1.0) < _ROUNDING:
        return list(pmf)
    return [p / total for p in pmf]


def _last_possible(pmf: Sequence[float]) -> int:
    """Rounding can leave the cumulative sum just below 1."""
    for index in range(len(pmf) - 1, -1, -1):
        if pmf[index] > 0.0:
            return index
    raise PolicyError("nothing can be drawn: no entry of the pmf is positive")
