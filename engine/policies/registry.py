"""Policies by name: every subclass of ``Policy`` in this package, found by looking."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import engine.policies
from engine.constructed import checked
from engine.errors import ConfigError
from engine.policies.base import Policy


@cache
def policies() -> Mapping[str, type[Policy]]:
    """Name → class."""
    for module in pkgutil.iter_modules(engine.policies.__path__, "engine.policies."):
        importlib.import_module(module.name)
    found = sorted(_concrete(Policy), key=lambda policy: policy.name)
    return MappingProxyType({policy.name: policy for policy in found})


def build(name: str, params: Mapping[str, Any]) -> Policy:
    """A new policy. Raises ``ConfigError`` for an unknown name, or parameters it does not take."""
    kind = _named(name)
    return kind(**_checked(kind, params))


def load(name: str, params: Mapping[str, Any], path: Path) -> Policy:
    """The policy with the learned state at ``path``. Raises like ``build``, and ``SnapshotError``."""
    kind = _named(name)
    return kind.load(path, **_checked(kind, params))


def learns(name: str) -> bool:
    """Whether policies of this name learn. Raises ``ConfigError`` for an unknown name."""
    return _named(name).learns


def _concrete(kind: type[Any]) -> Iterator[type[Policy]]:
    for subclass in kind.__subclasses__():
        if not inspect.isabstract(subclass) and subclass.__module__.startswith(engine.policies.__name__ + "."):
            yield subclass
        yield from _concrete(subclass)


def _named(name: str) -> type[Policy]:
    kind = policies().get(name)
    if kind is None:
        raise ConfigError(f"unknown policy {name!r}; there are {', '.join(policies())}")
    return kind


def _checked(kind: type[Policy], params: Mapping[str, Any]) -> dict[str, Any]:
    return checked(kind, f"policy {kind.name!r}", params)
