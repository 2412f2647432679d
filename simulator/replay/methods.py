"""Methods by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.errors import ConfigError
from simulator.replay.doubly_robust import DoublyRobust
from simulator.replay.li import Li
from simulator.replay.method import Method
from simulator.replay.pace import MOST_LOST
from simulator.replay.progressive import Progressive
from simulator.replay.rejection import Rejection

METHODS: Mapping[str, type[Method]] = MappingProxyType(
    {kind.name: kind for kind in (DoublyRobust, Rejection, Li, Progressive)}
)
"""The first is the one to begin with."""


def method_of(name: str, most_lost: float = MOST_LOST) -> Method:
    """A method.

    Args:
        most_lost: for methods that accept rows at a pace of their own.

    Raises:
        ConfigError: an unknown name, or not a part.
    """
    if name not in METHODS:
        raise ConfigError(f"unknown method {name!r}; there are {', '.join(METHODS)}")
    if not 0.0 <= most_lost < 1.0:
        raise ConfigError(f"at most {most_lost} may be lost: expected a part, from 0 up to below 1")
    kind = METHODS[name]
    return kind(most_lost) if issubclass(kind, Rejection) else kind()
