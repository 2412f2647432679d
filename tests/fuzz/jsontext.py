"""JSON text that a serialiser would refuse to write: duplicate keys, raw tokens, lone surrogates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Token:
    """Text that stands for a value as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """An object whose keys may repeat."""

    items: tuple[tuple[str, Any], ...]


def dump(value: Any, *, ascii_only: bool = True) -> str:
    """The text of a value, of tokens and of pairs."""
    if isinstance(value, Token):
        return value.text
    if isinstance(value, dict):
        return _object(tuple(value.items()), ascii_only)
    if isinstance(value, Pairs):
        return _object(value.items, ascii_only)
    if isinstance(value, list):
        return "[" + ",".join(dump(item, ascii_only=ascii_only) for item in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def _object(items: tuple[tuple[str, Any], ...], ascii_only: bool) -> str:
    members = (
        f"{json.dumps(key, ensure_ascii=ascii_only)}:{dump(value, ascii_only=ascii_only)}" for key, value in items
    )
    return "{" + ",".join(members) + "}"
