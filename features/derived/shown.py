"""What somebody was shown lately, and how they took it."""

from __future__ import annotations

from typing import NamedTuple

HOUR_SECONDS = 3_600
DAY_HOURS = 24
WEEK_HOURS = 7 * DAY_HOURS
PRIOR_RESPONSES, PRIOR_SHOWN = 1.0, 10.0
"""A tenth of what is shown is taken, until more is known: the mean of a Beta(1, 9) prior."""


class ShownLately(NamedTuple):
    """Actions of the last 24 hours and 7 days, to the hour; hours since the last one (at most a week); and how large a
    part of all of them was clicked or accepted.
    """

    shown_24h: int
    shown_7d: int
    hours_since_shown: float
    response_rate: float


def shown_lately(
    now_us: int, shown_by_hour: str, last_shown_unix: int, shown: int, clicks: int, accepted: int
) -> ShownLately:
    """Of somebody's exposure, as ``features.exposure`` keeps it, at ``now_us``."""
    now_s = now_us / 1e6
    hours = list(parsed(shown_by_hour))
    since = now_s // HOUR_SECONDS
    return ShownLately(
        sum(count for hour, count in hours if hour > since - DAY_HOURS),
        sum(count for hour, count in hours if hour > since - WEEK_HOURS),
        min(max((now_s - last_shown_unix) / HOUR_SECONDS, 0.0), float(WEEK_HOURS)) if shown > 0 else float(WEEK_HOURS),
        (clicks + accepted + PRIOR_RESPONSES) / (shown + PRIOR_SHOWN),
    )


def counted(shown_by_hour: str, count: int, now_us: int) -> str:
    """With ``count`` more in this hour, and without what is older than a week."""
    hour = now_us // 1_000_000 // HOUR_SECONDS
    hours = {then: earlier for then, earlier in parsed(shown_by_hour) if then > hour - WEEK_HOURS}
    hours[hour] = hours.get(hour, 0) + count
    return " ".join(f"{then}:{number}" for then, number in sorted(hours.items()))


def parsed(shown_by_hour: str) -> list[tuple[int, int]]:
    """Unix hours with their counts; what is no such pair is left out: whoever pushes rows may write anything."""
    pairs = (part.split(":") for part in shown_by_hour.split())
    return [(int(pair[0]), int(pair[1])) for pair in pairs if len(pair) == 2 and all(map(_is_number, pair))]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12
