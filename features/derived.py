"""Features computed at decision time: pure functions of stored and request features and of the time.

Feast's on-demand views and ``features.assemble`` call the same functions, so what is trained on offline is what is
served. The field names of a result are the names of the view's features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

MINUTE_US = 60_000_000
DAY_SECONDS = 86_400
LONGEST_ABSENCE_DAYS = 365.0
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


class ReturnVisit(NamedTuple):
    """Whether the visitor was here before, and how many days ago (0 if never, at most a year)."""

    is_returning: bool
    days_since_last_visit: float


def local_time(now_us: int, utc_offset_minutes: int) -> LocalTime:
    """Time of day where the visitor is, at ``now_us`` (microseconds since the epoch)."""
    minutes = now_us // MINUTE_US + utc_offset_minutes
    hour = minutes // 60 % 24
    weekday = (minutes // 1_440 + EPOCH_WEEKDAY) % 7
    return LocalTime(hour, weekday, PARTS[hour], weekday < 5 and 9 <= hour < 17)


def return_visit(now_us: int, last_visit_unix: int, visits: int) -> ReturnVisit:
    """What the visitor's past visits say at ``now_us``; ``last_visit_unix`` is 0 if there was none."""
    if visits <= 0:
        return ReturnVisit(False, 0.0)
    if last_visit_unix <= 0:
        return ReturnVisit(True, LONGEST_ABSENCE_DAYS)
    days = (now_us / 1e6 - last_visit_unix) / DAY_SECONDS
    return ReturnVisit(True, min(max(days, 0.0), LONGEST_ABSENCE_DAYS))


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a derived view is computed: ``function(now_us, *inputs)`` gives its ``outputs``.

    Attributes:
        inputs: qualified names.
        outputs: names of the view's features, in the order of the result.
        root: the name under which rules and templates know the view.
    """

    function: Callable[..., tuple[Any, ...]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    root: str


DERIVATIONS: Mapping[str, Derivation] = {
    "local_time": Derivation(local_time, ("request.utc_offset_minutes",), LocalTime._fields, "time"),
    "return_visit": Derivation(
        return_visit, ("user_activity.last_visit_unix", "user_activity.visits"), ReturnVisit._fields, "visit"
    ),
}
