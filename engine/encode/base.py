"""What every encoder does, whatever its rules."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from engine.errors import ConfigError
from features.vector import Freshness, Scalar

Cross = tuple[str, str]
"""Two namespaces: each feature of the one together with each of the other is a feature, too."""

Calibration = Mapping[str, tuple[float, float]]
"""Qualified feature name → mean and standard deviation of what was learned so far."""

UNCALIBRATED: Calibration = {}


class Encoder(Protocol):
    """Encodes the same way everywhere; ``version`` names the way, ``family`` the same without what it learned.

    A lineage learns from decisions of one family: their encoders differ only in how far they had got.
    """

    @property
    def family(self) -> str:
        """Content hash of the rules."""
        ...

    @property
    def version(self) -> str:
        """Content hash of the rules and the calibration: what records name."""
        ...

    @property
    def payload(self) -> dict[str, Any]:
        """What ``engine.encode.open`` makes the uncalibrated encoder from: journaled, so that it is there for ever."""
        ...

    def calibrated(self, calibration: Calibration) -> Encoder:
        """The same rules with what was learned."""
        ...

    def shared(
        self,
        values: Mapping[str, Scalar],
        freshness: Mapping[str, Freshness],
        missing: Collection[str] = (),
        crosses: Sequence[Cross] = (),
    ) -> dict[str, float]:
        """The context: encoded feature name → value, finite and not zero.

        Args:
            values: qualified name → value; what is not known has its default here.
            freshness: view → freshness of its row; what is not fresh is a feature, too.
            missing: names whose value is not known though their view's row is there.
            crosses: of the placement.
        """
        ...

    def numbers(
        self, values: Mapping[str, Scalar], freshness: Mapping[str, Freshness], missing: Collection[str] = ()
    ) -> Iterable[tuple[str, float]]:
        """What there is to learn for the calibration: name and number of each known value that is standardised."""
        ...

    def action(self, action_id: str, features: Mapping[str, Scalar]) -> dict[str, float]:
        """An action: its features and its identity, ``id=…``. The same for all encoders of a family."""
        ...


def family_of(version: str) -> str:
    """The family of an encoder, from its version."""
    return version.partition(".")[0]


def finite(value: Scalar) -> float | None:
    """The value as a number; ``None`` if it is not a finite one."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def middle_and_half(name: str, low: float, high: float) -> tuple[float, float]:
    """What scales a range to [-1, 1]. Raises ``ConfigError`` if it is empty or not finite."""
    middle, half = low / 2.0 + high / 2.0, high / 2.0 - low / 2.0
    if not (math.isfinite(middle) and half > 0.0):
        raise ConfigError(f"range of {name!r} is [{low}, {high}]: expected two finite numbers, the first less")
    return middle, half
