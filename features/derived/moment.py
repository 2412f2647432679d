"""The visitor's time of day."""

from __future__ import annotations

from typing import Literal, NamedTuple

MINUTE_US = 60_000_000
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday

PartOfDay = Literal["night", "morning", "afternoon", "evening"]
PARTS: tuple[PartOfDay, ...] = (
    *("night",) * 5,
    *("morning",) * 7,
    *("afternoon",) * 5,
    *("evening",) * 5,
    *("night",) * 2,
)


class LocalTime(NamedTuple):
    """The visitor's time of day. ``weekday``: Monday is 0."""

    hour: int
    weekday: int
    part_of_day: PartOfDay
    business_hours: bool


def local_time(now_us: int, utc_offset_minutes: int) -> LocalTime:
    """Time of day where the visitor is, at ``now_us`` (microseconds since the epoch)."""
    minutes = now_us // MINUTE_US + utc_offset_minutes
    hour = minutes // 60 % 24
    weekday = (minutes // 1_440 + EPOCH_WEEKDAY) % 7
    return LocalTime(hour, weekday, PARTS[hour], weekday < 5 and 9 <= hour < 17)
