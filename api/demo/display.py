"""The run while it lasts: a progress bar with speed and reward in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from api.demo.tally import Tally

LINE_EVERY_S = 5.0
DRAW_EVERY_S = 0.1
BAR_COLUMNS = 16


class Display:
    """Shows a tally that grows. ``expected`` is the number of decisions to come."""

    def __init__(self, console: Console, expected: int) -> None:
        self._console = console
        self._started = time.monotonic()
        self._drawn = 0.0
        self._line_at = LINE_EVERY_S
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(BAR_COLUMNS),
            TextColumn("{task.description}"),
            console=console,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=expected)

    def show(self, tally: Tally) -> None:
        """Draw the present state, unless that was done a moment ago."""
        elapsed = time.monotonic() - self._started
        if not self._console.is_terminal:
            if elapsed >= self._line_at:
                self._line_at += LINE_EVERY_S
                self._console.print(f"{elapsed:4.0f} s  {_status(tally, elapsed)}", soft_wrap=True)
        elif elapsed - self._drawn >= DRAW_EVERY_S:
            self._drawn = elapsed
            self._bar.update(self._task, completed=tally.decisions, description=_status(tally, elapsed))
            self._bar.refresh()

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._console.is_terminal:
            self._bar.stop()


def _status(tally: Tally, elapsed_s: float) -> str:
    speed = tally.decisions / max(elapsed_s, 1e-9)
    means = " · ".join(f"{group} {_mean(tally, group)}" for group in ("champion", "random"))
    return f"{speed:,.0f} decisions/s · reward now: {means}"


def _mean(tally: Tally, group: str) -> str:
    mean = tally.recent_mean(group)
    return "–" if mean is None else f"{mean:.3f}"
