"""Something that was refused, or made safe before it could do harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Where = Literal["request", "context", "learning"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One occurrence. Says where it was, what it was about and why, and never a value: it is kept in clear.

    Attributes:
        where: ``request`` (answered with an error), ``context`` (a declared feature came with another type, its
            default stands in) or ``learning`` (a settlement that was not learned).
        subject: a route with the field at fault, a feature, a placement.
        reason: one of a few fixed words, for instance a problem type.
        position: of the journal's record concerned, where there is one.
    """

    where: Where
    subject: str
    reason: str
    decision_id: str | None = None
    position: int = 0


Note = Callable[[Refusal], None]
"""Whoever refuses calls this. It neither raises nor waits."""


def unnoted(_: Refusal) -> None:
    """For those who refuse without an audience."""
