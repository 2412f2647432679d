"""Things that are named in a file and made of their constructor's parameters: policies, worlds."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec

from engine.errors import ConfigError


def checked(kind: type[Any], what: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as the constructor takes them.

    Args:
        what: is made, in words, such as ``policy 'vw'``.

    Raises:
        ConfigError: one that it does not take, one that is missing, one of another type.
    """
    accepted = inspect.signature(kind).parameters
    unknown = sorted(params.keys() - accepted.keys())
    if unknown:
        raise ConfigError(f"{what} takes {', '.join(accepted) or 'no parameters'}; not {unknown[0]!r}")
    missing = [name for name, each in accepted.items() if each.default is each.empty and name not in params]
    if missing:
        raise ConfigError(f"{what} needs the parameter {missing[0]!r}")
    hints = get_type_hints(kind.__init__)
    return {name: _converted(what, name, value, hints[name]) for name, value in params.items()}


def _converted(what: str, name: str, value: Any, hint: Any) -> Any:
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{what}, parameter {name!r}: {error}") from error
