"""How one declared feature is encoded: a code for each kind."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Protocol

from engine.encode.base import finite
from engine.encode.names import parts_of, safe
from features.vector import Scalar

MOST_DEVIATIONS = 4.0
MOST_LOGARITHM = 20.0
LEAST_DEVIATION = 1e-9
VALUES_REMEMBERED = 4_096

Encoded = dict[str, float]
Scale = Callable[[float], float]


class Code(Protocol):
    """Adds what one value of its feature becomes."""

    def add(self, value: Scalar, encoded: Encoded) -> None:
        """Nothing is added for a number that comes out as 0: 0 and absent are the same to a linear model."""
        ...


class Category:
    """``name=value``: 1; of a value outside the vocabulary, if there is one, ``name~unknown``: 1."""

    def __init__(self, name: str, vocabulary: tuple[str, ...] = ()) -> None:
        self._name = name
        self._closed = bool(vocabulary)
        self._names: dict[Scalar, str] = {value: safe(f"{name}={value}") for value in vocabulary}

    def add(self, value: Scalar, encoded: Encoded) -> None:
        """See ``Code.add``."""
        encoded[self._names.get(value) or self._named(value)] = 1.0

    def _named(self, value: Scalar) -> str:
        if self._closed:
            return safe(f"{self._name}~unknown")
        named = safe(f"{self._name}={value}")
        if len(self._names) < VALUES_REMEMBERED and isinstance(value, str):
            self._names[value] = named
        return named


class FreeText:
    """``name=word`` and ``name=word next``: 1, for its first 64 words."""

    def __init__(self, name: str) -> None:
        self._name = name

    def add(self, value: Scalar, encoded: Encoded) -> None:
        """See ``Code.add``."""
        for part in parts_of(str(value)):
            encoded[safe(f"{self._name}={part}")] = 1.0


class Truth:
    """``name``: 1 if true, ``name=false``: 1 if not."""

    def __init__(self, name: str) -> None:
        self._names = {True: safe(name), False: safe(f"{name}=false")}

    def add(self, value: Scalar, encoded: Encoded) -> None:
        """See ``Code.add``."""
        encoded[self._names[bool(value)]] = 1.0


class Number:
    """``name``: scaled and clipped to ± ``most``; ``name=?``: 1 for what is no finite number."""

    def __init__(self, name: str, scale: Scale, most: float) -> None:
        self._name = safe(name)
        self._no_number = safe(f"{name}=?")
        self._scale = scale
        self._most = most

    def add(self, value: Scalar, encoded: Encoded) -> None:
        """See ``Code.add``."""
        number = finite(value)
        if number is None:
            encoded[self._no_number] = 1.0
            return
        scaled = self._scale(number)
        if scaled:
            most = self._most
            encoded[self._name] = most if scaled > most else -most if scaled < -most else scaled


class Bucket:
    """``name[i]``: 1, where i is how many of the ascending edges are not above the number."""

    def __init__(self, name: str, edges: tuple[float, ...]) -> None:
        self._names = [safe(f"{name}[{i}]") for i in range(len(edges) + 1)]
        self._no_number = safe(f"{name}=?")
        self._edges = edges

    def add(self, value: Scalar, encoded: Encoded) -> None:
        """See ``Code.add``."""
        number = finite(value)
        name = self._no_number if number is None else self._names[bisect_right(self._edges, number)]
        encoded[name] = 1.0


class Undeclared:
    """A feature of which nothing is declared: by the kind of the value."""

    def __init__(self, name: str) -> None:
        self._category = Category(name)
        self._truth = Truth(name)
        self._number = logarithmic(name)

    def add(self, value: Scalar, encoded: Encoded) -> None:
        """See ``Code.add``."""
        code = self._category if type(value) is str else self._truth if type(value) is bool else self._number
        code.add(value, encoded)


def logarithmic(name: str) -> Number:
    """sign(x) · log(1 + |x|), at most 20."""
    return Number(name, lambda x: math.copysign(math.log1p(abs(x)), x), MOST_LOGARITHM)


def ranged(name: str, middle: float, half: float) -> Number:
    """From the range to [-1, 1]."""
    return Number(name, lambda x: (x - middle) / half, 1.0)


def standardised(name: str, mean: float, deviation: float) -> Number:
    """Distance from the mean in standard deviations, at most 4. What does not vary is always 0."""
    if deviation < LEAST_DEVIATION:
        return Number(name, lambda _: 0.0, MOST_DEVIATIONS)
    return Number(name, lambda x: (x - mean) / deviation, MOST_DEVIATIONS)
