"""Bytes and durations as people read them."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_DURATIONS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def size(count: float) -> str:
    """``2_621_440`` → ``"2.5 MiB"``."""
    for unit in _UNITS[:-1]:
        if count < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} {_UNITS[-1]}"


def duration(microseconds: float) -> str:
    """``90_000_000`` → ``"1.5 min"``; a negative duration is shown as none."""
    seconds = max(0.0, microseconds / 1e6)
    for length, unit in _DURATIONS:
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"
