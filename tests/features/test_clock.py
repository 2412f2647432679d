"""Journal time on one machine: whoever sets the wall clock does not make it jump."""

from __future__ import annotations

import random
import threading
import time
from itertools import pairwise

import pytest

from features.clock import SLEW_PPM, SteadyClock, boot_clock, wall_clock

SECOND = 1_000_000
HOUR = 3_600 * SECOND
START = 1_700_000_000 * SECOND


class Machine:
    """A wall clock that can be set, and the time since boot, which cannot."""

    def __init__(self) -> None:
        self.steady_us = 5 * HOUR
        self.offset_us = START - self.steady_us

    def wall(self) -> int:
        return self.steady_us + self.offset_us

    def steady(self) -> int:
        return self.steady_us

    def clock(self, not_before: int = 0) -> SteadyClock:
        return SteadyClock(self.wall, self.steady, not_before)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def passing(machine: Machine, clock: SteadyClock, seconds: int) -> int:
    """Time that the clock says has passed, looked at once a second."""
    before = clock()
    for _ in range(seconds):
        machine.steady_us += SECOND
        clock()
    return clock() - before


def test_it_begins_at_the_wall_clock_and_keeps_its_pace(machine: Machine) -> None:
    clock = machine.clock()
    assert clock() == START
    assert passing(machine, clock, 3_600) == HOUR
    assert clock() == machine.wall()


@pytest.mark.parametrize("jump_us", [HOUR, -HOUR, 24 * HOUR, -START // 2])
def test_a_jump_of_the_wall_clock_changes_its_pace_by_half_a_thousandth(machine: Machine, jump_us: int) -> None:
    clock = machine.clock()
    machine.offset_us += jump_us
    passed_us = passing(machine, clock, 600)
    towards_us = (passed_us - 600 * SECOND) * (1 if jump_us > 0 else -1)
    slewed_s = 599  # a jump is seen when the wall clock is looked at, once a second
    assert towards_us == slewed_s * SLEW_PPM


@pytest.mark.parametrize("off_us", [400_000, -400_000, 3, -3])
def test_it_reaches_the_wall_clock_and_stays_with_it(machine: Machine, off_us: int) -> None:
    clock = machine.clock()
    machine.offset_us += off_us
    passing(machine, clock, 1 + abs(off_us) // SLEW_PPM + 1)
    for _ in range(10):
        assert clock() == machine.wall()
        machine.steady_us += SECOND


def test_asking_often_or_seldom_gives_the_same_time(machine: Machine) -> None:
    often, seldom = machine.clock(), machine.clock()
    machine.steady_us += SECOND
    machine.offset_us -= HOUR
    assert often() == seldom()
    for _ in range(20_000):
        machine.steady_us += 500
        often()
    assert abs(often() - seldom()) <= 10, "whole microseconds, once a second"


def test_it_never_goes_back_whatever_the_wall_clock_does(machine: Machine) -> None:
    random_source = random.Random(7)
    clock, seen = machine.clock(), []
    for _ in range(5_000):
        machine.steady_us += random_source.choice([0, 1, 999, SECOND, 10 * SECOND])
        machine.offset_us += random_source.choice([0, 0, HOUR, -HOUR, -SECOND, 17])
        seen.append(clock())
    assert all(before <= after for before, after in pairwise(seen))


def test_it_begins_no_earlier_than_what_was_seen_and_goes_on_from_there(machine: Machine) -> None:
    """The wall clock was set back while nobody was running: time must not stand still for an hour."""
    seen_us = machine.wall() + HOUR
    clock = machine.clock(not_before=seen_us)
    assert clock() == seen_us
    assert passing(machine, clock, 100) == 100 * SECOND - 100 * SLEW_PPM
    assert machine.clock(not_before=START - HOUR)() == machine.wall()


def test_the_machines_own_clocks_agree_with_it() -> None:
    clock = SteadyClock()
    before_us, now_us, after_us = wall_clock(), clock(), wall_clock()
    assert before_us - SECOND < now_us < after_us + SECOND
    assert boot_clock() * 1_000 >= time.monotonic_ns() - SECOND * 1_000


def test_threads_share_one() -> None:
    clock, seen = SteadyClock(), []

    def look() -> None:
        seen.append([clock() for _ in range(2_000)])

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(before <= after for times in seen for before, after in pairwise(times))
