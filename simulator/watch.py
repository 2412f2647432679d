"""How whoever waits is told how far a long piece of work has come."""

from __future__ import annotations

from collections.abc import Callable

Watch = Callable[[int], object]
"""Is told how many rows have been read, replays made or cells measured."""


def unwatched(_done: int) -> None:
    """For those whom nobody watches."""
