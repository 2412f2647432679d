"""What running processes leave for the doctor: the learner's heartbeat, and jumps of the clock."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from api.doctor.amounts import duration, size
from api.doctor.clock_watch import JUMP_US, ClockWatch
from api.doctor.heartbeat import EVERY_US, FILE, SILENT_US, Pulse, learner_lives, living, read_heartbeat
from api.settings import Settings
from api.wiring import build_learner, open_keys
from engine.learn import Learner

NOON_US = 1_800_000_000_000_000


class Clocks:
    """A wall clock that can be set, and a steady one that cannot."""

    def __init__(self) -> None:
        self.steady_us = 0
        self.set_by_us = 0

    def wall(self) -> int:
        return NOON_US + self.steady_us + self.set_by_us

    def steady(self) -> int:
        return self.steady_us


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def watch(clocks: Clocks) -> ClockWatch:
    return ClockWatch(clocks.wall, clocks.steady)


@pytest.fixture
def learner(tmp_path: Path) -> Learner:
    settings = Settings(home=tmp_path)
    with closing(open_keys(settings)):
        learner = build_learner(settings)
    assert learner.tenure.take() == learner.tenure.holder
    return learner


@pytest.fixture
def pulse(tmp_path: Path, clocks: Clocks, watch: ClockWatch) -> Pulse:
    return Pulse(tmp_path, watch, clocks.wall, clocks.steady)


def test_time_that_passes_is_no_jump_however_much_of_it(clocks, watch):
    clocks.steady_us += 86_400_000_000
    assert not watch.observe()
    assert watch.jumps == 0


@pytest.mark.parametrize("by_us", [JUMP_US + 1, -JUMP_US - 1, 3_600_000_000])
def test_a_clock_that_is_set_is_noticed_once_with_its_direction(clocks, watch, by_us):
    clocks.set_by_us += by_us
    assert watch.observe()
    assert not watch.observe()
    assert (watch.jumps, watch.last.by_us) == (1, by_us)
    assert watch.last.at_us == clocks.wall()


def test_a_clock_that_is_slewed_never_jumps(clocks, watch):
    for _ in range(100):
        clocks.set_by_us += JUMP_US
        assert not watch.observe()


def test_a_heartbeat_is_written_once_a_second_and_when_there_is_news(tmp_path, clocks, pulse, learner):
    pulse.beat(learner, "restoring")
    first = read_heartbeat(tmp_path)
    pulse.beat(learner, "learning")
    assert read_heartbeat(tmp_path).state == "learning", "another state is news"
    clocks.steady_us += EVERY_US - 1
    pulse.beat(learner, "learning")
    assert read_heartbeat(tmp_path).time_us == first.time_us
    clocks.steady_us += 1
    clocks.set_by_us = 5 * JUMP_US
    pulse.beat(learner, "learning")
    beat = read_heartbeat(tmp_path)
    assert beat.time_us == clocks.wall()
    assert (beat.clock_jumps, beat.clock_jump.by_us) == (1, 5 * JUMP_US)
    pulse.beat(learner, "learning", "disk full")
    assert read_heartbeat(tmp_path).trouble == "disk full", "so is trouble"
    assert [path.name for path in tmp_path.glob("*learner*")] == [FILE]


def test_a_heartbeat_that_cannot_be_written_stops_nobody(tmp_path, watch, learner):
    Pulse(tmp_path / "gone", watch).beat(learner, "learning")


def test_silence_is_told_from_the_last_heartbeat_unless_the_journal_is_being_folded(tmp_path, pulse, learner):
    pulse.beat(learner, "restoring")
    assert not read_heartbeat(tmp_path).is_silent(NOON_US + 100 * SILENT_US)
    pulse.beat(learner, "learning")
    assert not read_heartbeat(tmp_path).is_silent(NOON_US + SILENT_US)
    assert read_heartbeat(tmp_path).is_silent(NOON_US + SILENT_US + 1)


def test_a_learner_lives_as_long_as_one_of_them_holds_the_lock(tmp_path):
    assert not learner_lives(tmp_path)
    with living(tmp_path):
        with living(tmp_path):
            assert learner_lives(tmp_path)
        assert learner_lives(tmp_path), "neither looking nor leaving takes it from another"
        assert not learner_lives(tmp_path, shard=1)
    assert not learner_lives(tmp_path)


def test_a_standby_is_heard_only_where_nobody_in_office_is(tmp_path, clocks, pulse, learner, monkeypatch):
    pulse.stand_by(learner, "another machine")
    beat = read_heartbeat(tmp_path)
    assert (beat.state, beat.waits_for, beat.epoch) == ("standby", "another machine", 0)
    pulse.beat(learner, "learning")
    assert read_heartbeat(tmp_path).epoch == learner.tenure.epoch == 1
    monkeypatch.setattr("os.getpid", lambda: -1)
    waiting = Pulse(tmp_path, ClockWatch(clocks.wall, clocks.steady), clocks.wall, clocks.steady)
    waiting.stand_by(learner, "its neighbour")
    assert read_heartbeat(tmp_path).state == "learning"
    clocks.steady_us += SILENT_US + 1
    waiting.stand_by(learner, "its neighbour")
    assert read_heartbeat(tmp_path).waits_for == "its neighbour"


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (1023, "1023 B"), (2_621_440, "2.5 MiB"), (2**50, "1024.0 TiB")]
)
def test_sizes_are_readable(count, said):
    assert size(count) == said


@pytest.mark.parametrize(
    ("us", "said"), [(-5, "0.0 s"), (1_500_000, "1.5 s"), (90_000_000, "1.5 min"), (5.4e9, "1.5 h"), (1.3e11, "1.5 d")]
)
def test_durations_are_readable(us, said):
    assert duration(us) == said
