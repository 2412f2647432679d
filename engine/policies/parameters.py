"""What a policy's parameters may be."""

from __future__ import annotations

import math

from engine.errors import ConfigError


def check_positive(**parameters: float) -> None:
    """Refuse what is not a finite number above 0 (``ConfigError``)."""
    for name, value in parameters.items():
        if not 0.0 < value < math.inf:
            raise ConfigError(f"{name} is {value}: expected a number above 0")


def check_share(**parameters: float) -> None:
    """Refuse what is not in [0, 1] (``ConfigError``)."""
    for name, value in parameters.items():
        if not 0.0 <= value <= 1.0:
            raise ConfigError(f"{name} is {value}: expected a number in [0, 1]")
