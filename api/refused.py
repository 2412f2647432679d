"""What is kept of a request that was answered with a 4xx: its route and the field at fault, never what was in it."""

from __future__ import annotations

import re

from fastapi import Request

from engine.refusal import Refusal

NO_ROUTE = "no such route"
DUPLICATE_KEY = "duplicate-key"
"""Its field is a key of any object: perhaps one that a bot made up."""

_INDEX = re.compile(r"\[\d+\]")
_MAP = re.compile(r"((?:^|\.)(?:context|features|properties))(?:\.|\[).*", re.DOTALL)


def refusal_of(request: Request, reason: str, field: str | None) -> Refusal:
    """The refusal of a request. ``reason`` is the last part of the problem's type."""
    route = getattr(request.scope.get("route"), "path_format", None)
    asked = NO_ROUTE if route is None else f"{request.method} {route}"
    declared = "" if field is None or reason == DUPLICATE_KEY else _declared(field)
    return Refusal("request", f"{asked}: {declared}" if declared else asked, reason)


def _declared(field: str) -> str:
    """The field as the schema has it: without its place in a list, and without the keys that a bot makes up."""
    return _MAP.sub(r"\1", _INDEX.sub("[]", field)).removeprefix("$")
