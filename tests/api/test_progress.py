"""Long work says how far it is, how fast, and how long it will take."""

from __future__ import annotations

import io

import pytest

from api.cli.progress import EVERY_S, QUIET_EVERY_S, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Seconds:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("total", "left"),
    [(3_000, "10 s"), (10_000, "1 min 20 s"), (1_000_000, "2 h 46 min"), (2_000, None), (1_500, None)],
)
def test_it_says_how_far_how_fast_and_how_long_yet(total, left):
    out, clock = io.StringIO(), Seconds()
    progress = Progress("work", total, start=1_000, out=out, clock=clock)
    clock.now += QUIET_EVERY_S
    progress(2_000)
    expected = f"work: 2,000 of {max(total, 2_000):,}, 100 a second"
    assert out.getvalue() == expected + (f", {left} left\n" if left else "\n")


def test_it_speaks_seldom_and_less_often_where_lines_stay():
    for out, every in ((io.StringIO(), QUIET_EVERY_S), (Terminal(), EVERY_S)):
        clock = Seconds()
        progress = Progress("work", 1_000, out=out, clock=clock)
        for done in range(1, 41):
            clock.now += every / 4
            progress(done)
        assert out.getvalue().count("work:") == 10


def test_on_a_terminal_one_line_is_written_over_and_left_in_the_end():
    out, clock = Terminal(), Seconds()
    progress = Progress("work", 10, out=out, clock=clock)
    clock.now += EVERY_S
    progress(5)
    assert out.getvalue().startswith("\r")
    assert "\n" not in out.getvalue()
    progress.end()
    assert out.getvalue().endswith("\n")


def test_nothing_done_yet_is_no_division_by_zero():
    out, clock = io.StringIO(), Seconds()
    progress = Progress("work", 10, out=out, clock=clock)
    clock.now += QUIET_EVERY_S
    progress(0)
    assert out.getvalue() == "work: 0 of 10, 0 a second\n"
