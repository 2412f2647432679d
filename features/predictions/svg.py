"""Pictures by hand: elements of SVG, and a chart with two labelled axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import NamedTuple

WIDTH, HEIGHT = 760, 520
LEFT, TOP, RIGHT, BOTTOM = 70, 44, 240, 64
LEAST_TICKS = 3
ENTRY = 46
NOTE_WIDTH = 36
GREY = "#767676"
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C7A00", "#000000")
"""Of Okabe and Ito, told apart by every eye, its yellow darkened for white paper. Marks differ in shape, too."""


class Range(NamedTuple):
    """What an axis shows."""

    least: float
    greatest: float


class Chart:
    """A square of paper with two axes; x and y are in their units."""

    def __init__(self, title: str, x: Range, y: Range, labels: tuple[str, str]) -> None:
        self._x, self._y = x, y
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            'font-family="system-ui, sans-serif" font-size="12" fill="#222">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f'<text x="{LEFT}" y="24" font-size="15" font-weight="600">{escape(title)}</text>',
        ]
        self._axes(*labels)

    def point(self, x: float, y: float, style: int, size: float = 3.0, opacity: float = 0.55) -> None:
        """A mark; ``style`` is its colour and shape."""
        self._parts.append(_mark(self._across(x), self._up(y), style, size, opacity))

    def line(self, points: Sequence[tuple[float, float]], style: int | None = None, *, dashed: bool = False) -> None:
        """Straight from point to point."""
        path = " ".join(f"{self._across(x):.1f},{self._up(y):.1f}" for x, y in points)
        colour = GREY if style is None else colour_of(style)
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self._parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>')

    def text(self, x: float, y: float, words: str) -> None:
        """Words in bold, with a white edge that keeps them readable on marks."""
        self._parts.append(
            f'<text x="{self._across(x):.1f}" y="{self._up(y):.1f}" text-anchor="middle" font-weight="700" '
            f'stroke="#fff" stroke-width="4" paint-order="stroke">{escape(words)}</text>'
        )

    def legend(self, place: int, words: str, style: int | None, *, small: str = "") -> None:
        """An entry beside the paper, the ``place``-th from above; ``style`` ``None`` is the dashed line."""
        x, y = WIDTH - RIGHT + 24, TOP + 10 + place * ENTRY
        mark = (
            f'<line x1="{x - 8}" y1="{y}" x2="{x + 8}" y2="{y}" stroke="{GREY}" stroke-dasharray="5 4"/>'
            if style is None
            else _mark(x, y, style, 5.0, 1.0)
        )
        self._parts.append(f'{mark}<text x="{x + 14}" y="{y + 4}" font-weight="600">{escape(words)}</text>')
        self.note(place, small)

    def note(self, place: int, words: str) -> None:
        """Small words in the ``place``-th entry, on at most two lines."""
        x, y = WIDTH - RIGHT + 38, TOP + 26 + place * ENTRY
        for line, text in enumerate(wrap(words, NOTE_WIDTH, max_lines=2, placeholder=" …")):
            self._parts.append(f'<text x="{x}" y="{y + line * 12}" font-size="10">{escape(text)}</text>')

    def drawn(self) -> str:
        """The whole picture."""
        return "\n".join([*self._parts, "</svg>\n"])

    def _axes(self, x_label: str, y_label: str) -> None:
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        middle = (TOP + bottom) // 2
        self._parts.append(
            f'<rect x="{LEFT}" y="{TOP}" width="{right - LEFT}" height="{bottom - TOP}" fill="none" stroke="#888"/>'
        )
        for x in _round_numbers(self._x):
            self._parts.append(f'<text x="{self._across(x):.1f}" y="{bottom + 18}" text-anchor="middle">{x:g}</text>')
        for y in _round_numbers(self._y):
            self._parts.append(f'<text x="{LEFT - 8}" y="{self._up(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
        self._parts.append(
            f'<text x="{(LEFT + right) // 2}" y="{HEIGHT - 20}" text-anchor="middle">{escape(x_label)}</text>'
            f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>'
        )

    def _across(self, x: float) -> float:
        return LEFT + (x - self._x.least) / (self._x.greatest - self._x.least) * (WIDTH - RIGHT - LEFT)

    def _up(self, y: float) -> float:
        return HEIGHT - BOTTOM - (y - self._y.least) / (self._y.greatest - self._y.least) * (HEIGHT - BOTTOM - TOP)


def colour_of(style: int) -> str:
    """The colour of the ``style``-th thing."""
    return PALETTE[style % len(PALETTE)]


def _mark(x: float, y: float, style: int, size: float, opacity: float) -> str:
    how = f'fill="{colour_of(style)}" fill-opacity="{opacity:g}"'
    if style % 4 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" {how}/>'
    corners = {1: ((-1, -1), (1, -1), (1, 1), (-1, 1)), 2: ((0, -1.2), (1.1, 0.9), (-1.1, 0.9))}
    shape = corners.get(style % 4, ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)))
    points = " ".join(f"{x + dx * size:.1f},{y + dy * size:.1f}" for dx, dy in shape)
    return f'<polygon points="{points}" {how}/>'


def _round_numbers(shown: Range) -> list[float]:
    """A few numbers to write at an axis, whose steps are 1, 2 or 5 and zeros."""
    span = shown.greatest - shown.least
    unit = 10.0 ** math.floor(math.log10(span / LEAST_TICKS))
    step = max(unit * factor for factor in (1, 2, 5) if unit * factor * LEAST_TICKS <= span)
    first, last = math.ceil(shown.least / step), math.floor(shown.greatest / step)
    return [round(place * step, 12) for place in range(first, last + 1)]
