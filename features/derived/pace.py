"""How a conversation goes on."""

from __future__ import annotations

from typing import NamedTuple

LONGEST_MINUTES = 1_440.0
LONGEST_IDLE_SECONDS = 86_400.0


class SessionPace(NamedTuple):
    """Minutes since the first turn and seconds since the last one; both 0 before there was any, and at most a day."""

    session_minutes: float
    idle_seconds: float


def session_pace(now_us: int, started_unix: int, last_turn_unix: int) -> SessionPace:
    """Of a session at ``now_us``; both times are 0 if there was no turn yet."""
    now_s = now_us / 1e6
    minutes = (now_s - started_unix) / 60.0 if started_unix > 0 else 0.0
    idle = now_s - last_turn_unix if last_turn_unix > 0 else 0.0
    return SessionPace(min(max(minutes, 0.0), LONGEST_MINUTES), min(max(idle, 0.0), LONGEST_IDLE_SECONDS))
