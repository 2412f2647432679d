"""Why a demo cannot go on."""

from __future__ import annotations


class DemoFailed(Exception):
    """The message says what happened, for people; it has the last lines of a child process where one failed."""
