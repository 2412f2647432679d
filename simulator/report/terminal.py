"""A summary in words, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from engine.stats.interval import Interval
from simulator.experiments.summary import Comparison, Place, Standing, Summary

DECIMALS = 4


def lines(summary: Summary) -> Iterator[str]:
    """For a terminal: setting by setting, the best policy first."""
    for place in summary.places:
        yield f"{place.setting} ({_setting(place, summary.seeds)})"
        yield from _columns([_row(each, place) for each in place.standings])
        yield from (f"  {standing.policy}: {why}" for standing in place.standings for why in standing.reasons)
        yield ""
    if summary.rankings:
        yield "all of them"
        yield from _columns(
            [[each.policy, f"mean rank {each.rank:.2f}", _between(each.interval, 2)] for each in summary.rankings]
        )


def as_json(summary: Summary) -> dict[str, Any]:
    """All of it."""
    plain: dict[str, Any] = msgspec.to_builtins(summary)
    for place, known in zip(plain["places"], summary.places, strict=True):
        for name in ("against", "pairs"):
            for each, comparison in zip(place[name], getattr(known, name), strict=True):
                each["verdict"], each["more"] = comparison.words, comparison.more
    return {**plain, "verdict": summary.verdict}


def value_of(standing: Standing) -> str:
    """Its value, or that there is none."""
    return "not evaluable" if standing.value is None else f"{standing.value:.{DECIMALS}f}"


def difference_of(comparison: Comparison) -> str:
    """The difference, its interval, and what it amounts to."""
    found = f"{comparison.difference:+.{DECIMALS}f} {_between(comparison.interval)}"
    more = f"; {comparison.more:,.1f} × as much would show it" if comparison.more is not None else ""
    return f"{found} p={comparison.p_value:.2g}: {comparison.words}{more}"


def _setting(place: Place, seeds: int) -> str:
    what = "rounds" if place.kind == "world" else "rows"
    runs = "runs" if place.kind == "world" else "replays"
    return f"{place.standings[0].decisions:,} {what}, {seeds} {runs if seeds > 1 else runs[:-1]}"


def _row(standing: Standing, place: Place) -> list[str]:
    compared = next((each for each in place.against if each.policy == standing.policy), None)
    return [
        standing.policy,
        value_of(standing),
        _between(standing.interval),
        "" if standing.lost is None else f"regret {standing.lost:.{DECIMALS}f}",
        standing.verdict if place.kind == "log" else "",
        "" if compared is None else f"against {compared.reference}: {difference_of(compared)}",
    ]


def _between(interval: Interval | None, decimals: int = DECIMALS) -> str:
    return "" if interval is None else f"[{interval.low:.{decimals}f}, {interval.high:.{decimals}f}]"


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        yield f"  {'  '.join(cells)}".rstrip()
