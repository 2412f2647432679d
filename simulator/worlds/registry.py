"""Worlds by name: every class in this package that can be played and says how to check it, found by looking."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import simulator.worlds
from engine.constructed import checked
from engine.errors import ConfigError
from simulator.worlds.world import World

_MEMBERS = ("name", "reward_range", "play", "check_params")


@cache
def worlds() -> Mapping[str, type[Any]]:
    """Name → class. Each has ``check_params``: constructor parameters under which the contract is checked."""
    found = {kind.name: kind for kind in _found()}
    return MappingProxyType(dict(sorted(found.items())))


def build(name: str, params: Mapping[str, Any]) -> World:
    """A new world. Raises ``ConfigError`` for an unknown name, or parameters it does not take."""
    kind = worlds().get(name)
    if kind is None:
        raise ConfigError(f"unknown world {name!r}; there are {', '.join(worlds())}")
    world: World = kind(**checked(kind, f"world {name!r}", params))
    return world


def _found() -> Iterator[type[Any]]:
    for module in pkgutil.iter_modules(simulator.worlds.__path__, simulator.worlds.__name__ + "."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if kind.__module__ == module.name and all(hasattr(kind, name) for name in _MEMBERS):
                yield kind
