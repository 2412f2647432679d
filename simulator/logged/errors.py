"""Why a log cannot be played."""

from __future__ import annotations

from engine.errors import MaitredError


class LogRefused(MaitredError):
    """The file is not what its mapping says; the message names line, column and what was expected."""
