"""Options that say ``name=value``, and may be given again for more."""

from __future__ import annotations

from collections.abc import Sequence

from features.errors import LoadError

UNKNOWN = "column=value"
"""What a column says where nothing is known."""


def pairs(option: str, texts: Sequence[str] | None, shape: str) -> dict[str, str]:
    """Name → value. Raises ``LoadError`` for one that is not of this shape (``column=feature``)."""
    found = {}
    for text in texts or ():
        name, equals, value = text.rpartition("=")
        if not equals or not name or not value:
            raise LoadError(f"{option} takes {shape}, not {text!r}")
        found[name] = value
    return found
