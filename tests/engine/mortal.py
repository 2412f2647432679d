"""A process that dies at one moment of its life: before or after a call that leaves a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FRAGILE_CALLS = ("append", "stage", "stage_copy", "activate", "lease")


class Killed(Exception):
    """The process is gone; nothing in the learner may catch this."""


class Death:
    """Comes at the n-th moment at which it could, once."""

    def __init__(self, at: int | None) -> None:
        self.moments = 0
        self._at = at

    def may_come(self) -> None:
        self.moments += 1
        if self.moments == self._at:
            raise Killed

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.may_come()
            result = function(*args, **kwargs)
            self.may_come()
            return result

        return call


class Fragile:
    """A part of the learner; death may come before and after each call that leaves a trace."""

    def __init__(self, part: Any, death: Death) -> None:
        self._part = part
        self._death = death

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        return self._death.around(found) if name in FRAGILE_CALLS else found
