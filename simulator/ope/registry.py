"""Estimators by name: every subclass of ``Estimator`` in this package, found by looking."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import simulator.ope
from engine.errors import ConfigError
from simulator.ope.base import Estimator


@cache
def estimators() -> Mapping[str, type[Estimator]]:
    """Name → class."""
    for module in pkgutil.iter_modules(simulator.ope.__path__, "simulator.ope."):
        importlib.import_module(module.name)
    found = sorted(_concrete(Estimator), key=lambda kind: kind.name)
    return MappingProxyType({kind.name: kind for kind in found})


def build(name: str, **params: float) -> Estimator:
    """A new estimator. Raises ``ConfigError`` for an unknown name, or parameters it does not take."""
    kind = estimators().get(name)
    if kind is None:
        raise ConfigError(f"unknown estimator {name!r}; there are {', '.join(estimators())}")
    accepted = inspect.signature(kind).parameters
    unknown = sorted(params.keys() - accepted.keys())
    if unknown:
        raise ConfigError(f"estimator {name!r} takes {', '.join(accepted) or 'no parameters'}; not {unknown[0]!r}")
    return kind(**params)


def _concrete(kind: type[Any]) -> Iterator[type[Estimator]]:
    for subclass in kind.__subclasses__():
        if not inspect.isabstract(subclass) and subclass.__module__.startswith(simulator.ope.__name__ + "."):
            yield subclass
        yield from _concrete(subclass)
