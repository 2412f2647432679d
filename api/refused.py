"""What is kept of a request that was answered with a 4xx: its route and the field at fault, never what was in it."""

from __future__ import annotations

import re
from itertools import takewhile

from fastapi import Request

from api.schemas import Body
from engine.refusal import Refusal

NO_ROUTE = "no such route"
SOME_KEY = "[...]"
"""How msgspec says that it is about one of a map's values."""

_INDEX = re.compile(r"\[\d+\]")
_DECLARED = frozenset(name for body in Body.__subclasses__() for name in body.__struct_fields__)


def refusal_of(request: Request, reason: str, field: str | None) -> Refusal:
    """The refusal of a request. ``reason`` is the last part of the problem's type."""
    route = getattr(request.scope.get("route"), "path_format", None)
    asked = NO_ROUTE if route is None else f"{request.method} {route}"
    declared = "" if field is None else _declared(field)
    return Refusal("request", f"{asked}: {declared}" if declared else asked, reason)


def _declared(field: str) -> str:
    """The field as the schema has it: without its place in a list, and without names that a bot made up."""
    parts = _INDEX.sub("[]", field.removesuffix(SOME_KEY)).split(".")
    return ".".join(takewhile(lambda part: part.removesuffix("[]") in _DECLARED, parts))
