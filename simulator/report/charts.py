"""Pictures as SVG: no script, no font, no address; colours are the page's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from engine.stats.interval import Interval
from simulator.experiments.measured import Curve
from simulator.report.scale import Scale, around

WIDTH = 640
LABELS = 150
ROW = 26
COLOURS = 8
"""The page has so many: ``.c0`` … ``.c7``."""


def intervals(rows: Sequence[tuple[str, float, Interval | None]], what: str) -> str:
    """A dot with its interval for each name, in the order given; ``what`` is the axis."""
    if not rows:
        return ""
    ends = [value for _, value, between in rows for value in _ends(value, between)]
    scale, height = around(ends, LABELS, WIDTH - 20), ROW * len(rows) + 44
    drawn = [line for place, row in enumerate(rows) for line in _interval(place, *row, scale)]
    return _svg(height, f"{what} with intervals", [*_axis(scale, ROW * len(rows) + 8, what), *drawn])


def curves(named: Sequence[tuple[str, Curve]], what: str) -> str:
    """A line for each name, labelled at its end; nothing where there are none."""
    named = [each for each in named if each[1].rounds]
    if not named:
        return ""
    across = Scale(0.0, float(named[0][1].rounds[-1]), 50, WIDTH - LABELS)
    down = around([0.0, *(value for _, curve in named for value in curve.regret)], 210, 12)
    ends = _apart([(down(curve.regret[-1]), place) for place, (_, curve) in enumerate(named)])
    drawn = [line for place, each in enumerate(named) for line in _curve(place, *each, across, down, ends[place])]
    grid = [
        f'<line class="grid" x1="50" x2="{WIDTH - LABELS}" y1="{down(tick)}" y2="{down(tick)}"/>'
        f'<text class="tick" x="44" y="{down(tick) + 4}" text-anchor="end">{tick:,g}</text>'
        for tick in down.ticks()
    ]
    below = [
        f'<text class="tick" x="{across(tick)}" y="228" text-anchor="middle">{tick:,g}</text>'
        for tick in across.ticks()
    ]
    return _svg(252, what, [*grid, *below, f'<text class="axis" x="50" y="246">{escape(what)}</text>', *drawn])


def _ends(value: float, between: Interval | None) -> tuple[float, ...]:
    return (value,) if between is None else (value, between.low, between.high)


def _interval(place: int, name: str, value: float, between: Interval | None, scale: Scale) -> Iterator[str]:
    y, colour = ROW * place + 18, f"c{place % COLOURS}"
    yield f'<text class="name" x="{LABELS - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>'
    if between is not None:
        yield (
            f'<line class="{colour} band" x1="{scale(between.low)}" x2="{scale(between.high)}" y1="{y}" y2="{y}">'
            f"<title>{escape(name)}: {value:.4f} [{between.low:.4f}, {between.high:.4f}]</title></line>"
        )
    yield f'<circle class="{colour}" cx="{scale(value)}" cy="{y}" r="5"/>'


def _axis(scale: Scale, y: int, what: str) -> Iterator[str]:
    for tick in scale.ticks():
        yield f'<line class="grid" x1="{scale(tick)}" x2="{scale(tick)}" y1="4" y2="{y}"/>'
        yield f'<text class="tick" x="{scale(tick)}" y="{y + 14}" text-anchor="middle">{tick:,g}</text>'
    yield f'<text class="axis" x="{LABELS}" y="{y + 30}">{escape(what)}</text>'


def _curve(place: int, name: str, curve: Curve, across: Scale, down: Scale, label_y: float) -> Iterator[str]:
    colour = f"c{place % COLOURS}"
    points = " ".join(f"{across(x)},{down(y)}" for x, y in zip((0, *curve.rounds), (0.0, *curve.regret), strict=True))
    yield f'<polyline class="{colour} line" points="{points}"><title>{escape(name)}</title></polyline>'
    x = across(curve.rounds[-1]) + 6
    yield f'<text class="{colour} name" x="{x}" y="{label_y + 4}">{escape(name)}</text>'


def _apart(wanted: Sequence[tuple[float, int]], least: float = 13.0) -> list[float]:
    """Where labels go so that none covers another: as near as may be, from the top down."""
    placed, last = [0.0] * len(wanted), -least
    for y, place in sorted(wanted):
        last = placed[place] = max(y, last + least)
    over = max(placed) - 236.0
    return [y - over for y in placed] if over > 0.0 else placed


def _svg(height: int, what: str, inner: Sequence[str]) -> str:
    drawn = "".join(inner)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(what)}">{drawn}</svg>'
