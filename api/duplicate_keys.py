"""A key given twice in one object: two readers of such a body may see two different requests, so nobody sees one."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from engine.errors import BadRequest

_compact = msgspec.json.Encoder().encode


class DuplicateKey(BadRequest):
    """An object of the body has this key twice."""

    def __init__(self, key: str) -> None:
        super().__init__("this key is given twice in one object", field=key)


def check_keys(body: bytes, plain: Any) -> None:
    """Raise ``DuplicateKey`` if valid JSON repeats a key; ``plain`` is what was decoded from it.

    A key that is repeated is lost, and its quotes with it: without escapes, equal numbers of quotes mean that nothing
    was. Only otherwise each object is looked at, which takes 8 µs instead of 1 for a usual decision.
    """
    if b"\\" in body or body.count(b'"') != _compact(plain).count(b'"'):
        check_each_object(body)


def check_each_object(body: bytes) -> None:
    """The same, slowly, for JSON with numbers that cannot be decoded."""
    json.loads(body, object_pairs_hook=_without_duplicates, parse_int=str, parse_float=str)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) == len(pairs):
        return
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise DuplicateKey(key)
        seen.add(key)
