"""From named numbers to what the parts of the model see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.policies.learned_state import Part
from engine.policies.second_order.length import MeanLength
from engine.policies.second_order.names import NameSlots, digest

Vector = NDArray[np.float64]
Places = NDArray[np.int64]

BITS = 14
BIAS_PLACE = 1 << BITS
"""Behind all hashed places: nothing collides with the bias."""
MOST_PAIRED = 70
WIDE_FROM = 0.5
_SHARE_KEPT = 0.99
_ROW_WIDTH = 8
_MIXER = 0x9E3779B97F4A7C15
_OTHER_MIXER = 0xC2B2AE3D27D4EB4F


@dataclass(frozen=True, slots=True)
class Context:
    """One context, its usual length 1.

    Attributes:
        dense: one number a slot, shape (d,); slot 0 is the bias, 1.
        strange: squared length of what has no slot yet, but would get one by being learned.
        places, values: hashed place and number of each feature, the bias last; of pairs of features, too, unless
            ``wide``.
        wide: text, mostly: too many names for slots.
    """

    dense: Vector
    strange: float
    places: Places
    values: Vector
    wide: bool


class ContextMaker:
    """Makes contexts; learns which names there are and how long contexts usually are.

    Args:
        slots: most numbers in ``Context.dense``.
    """

    def __init__(self, slots: int) -> None:
        self._slots = NameSlots(slots)
        self._most = slots
        self._length = MeanLength()
        self._slotless_share = 0.0

    @property
    def width(self) -> int:
        """Numbers in ``Context.dense``: a multiple of 8, so that what depends on it seldom grows."""
        return min(self._most, -(-len(self._slots) // _ROW_WIDTH) * _ROW_WIDTH)

    @property
    def wide(self) -> bool:
        """Whether most of a context's length usually lies in names without a slot."""
        return self._slotless_share > WIDE_FROM

    def observe(self, shared: Mapping[str, float]) -> None:
        """Count one learned context in."""
        self._slots.give(sorted(shared))
        squared = math.fsum(value * value for value in shared.values())
        self._length.observe(squared)
        slotless = math.fsum(v * v for name, v in shared.items() if self._slots.find(name) is None)
        share = slotless / squared if squared else 0.0
        self._slotless_share = _SHARE_KEPT * self._slotless_share + (1.0 - _SHARE_KEPT) * share

    def make(self, shared: Mapping[str, float]) -> Context:
        """The context of these named numbers, whose order does not matter. Changes nothing."""
        items = sorted(shared.items())
        values = np.fromiter((value for _, value in items), np.float64, len(items))
        own = math.sqrt(float(np.einsum("i,i->", values, values)))
        values = values / self._length.of(own * own)
        dense, strange = self._dense([name for name, _ in items], values)
        hashes = np.fromiter((digest(name) for name, _ in items), np.uint64, len(items))
        if self.wide:
            length = math.sqrt(float(np.einsum("i,i->", values, values))) or 1.0
            places, hashed = _placed(hashes), values / length
        else:
            places, hashed = _with_pairs(hashes, values)
        return Context(dense, strange, np.append(places, BIAS_PLACE), np.append(hashed, 1.0), self.wide)

    @property
    def part(self) -> Part:
        """Everything that was learned."""
        return Part(self._slots.names, (self._length.numbers, np.array([self._slotless_share])))

    def restore(self, part: Part) -> None:
        """Go on from what ``part`` was."""
        length, share = part.arrays
        self._slots.restore(part.names)
        self._length.restore(length.astype(np.float64))
        self._slotless_share = float(share[0])

    def _dense(self, names: list[str], values: Vector) -> tuple[Vector, float]:
        dense = np.zeros(self.width)
        dense[0] = 1.0
        strange = 0.0
        for name, value in zip(names, values.tolist(), strict=True):
            slot = self._slots.find(name)
            if slot is not None:
                dense[slot] = value
            elif len(self._slots) < self._most:
                strange += value * value
        return dense, strange


def _with_pairs(hashes: NDArray[np.uint64], values: Vector) -> tuple[Places, Vector]:
    """The features, and the products of all two of them with length 1 together; not those of very many features."""
    if len(values) > MOST_PAIRED:
        return _placed(hashes), values
    left, right = _two_of(len(values))
    products = values[left] * values[right]
    length = math.sqrt(float(np.einsum("i,i->", products, products))) or 1.0
    low, high = np.minimum(hashes[left], hashes[right]), np.maximum(hashes[left], hashes[right])
    pairs = _placed(low * np.uint64(_OTHER_MIXER) + high + np.uint64(1))
    return np.concatenate([_placed(hashes), pairs]), np.concatenate([values, products / length])


def _placed(hashes: NDArray[np.uint64]) -> Places:
    return ((hashes * np.uint64(_MIXER)) >> np.uint64(64 - BITS)).astype(np.int64)


@lru_cache(MOST_PAIRED + 1)
def _two_of(count: int) -> tuple[Places, Places]:
    left, right = np.triu_indices(count)
    return left.astype(np.int64), right.astype(np.int64)
