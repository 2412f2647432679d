"""Roles: what the holder of a key may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """One thing that callers may be allowed. A key has one or more; every route that is not public needs one."""

    DECIDE = "decide"
    """Ask for decisions and turns, and say what happens in sessions."""
    OUTCOME = "outcome"
    """Say what came of decisions."""
    READ = "read"
    """Look at decisions, metrics and listings."""
    OPERATE = "operate"
    """Change the system."""
