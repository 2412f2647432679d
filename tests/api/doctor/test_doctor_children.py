"""Processes that die are counted where every other process, and the doctor, can read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.doctor.checks.children import FLAPS, LATELY_US
from api.doctor.children import FILE, REMEMBERED, Register, read_children

NAMES = ["worker 1", "learner"]


@pytest.fixture
def deaths(home):
    """Counts deaths of ``worker 1`` by their times (µs)."""

    def count(*times_us: int) -> None:
        now = iter(times_us)
        register = Register(home, NAMES, lambda: next(now))
        for _ in times_us:
            register.note_death("worker 1", -9)

    return count


def test_deaths_are_counted_and_starting_anew_forgets_them(tmp_path: Path):
    register = Register(tmp_path, NAMES, lambda: 7)
    for code in (1, -9):
        register.note_death("learner", code)
    record = read_children(tmp_path)["learner"]
    assert (record.deaths, record.code, record.died_us) == (2, -9, (7, 7))
    Register(tmp_path, NAMES)
    assert [record.deaths for record in read_children(tmp_path).values()] == [0, 0]


def test_only_the_newest_deaths_have_their_times_kept(tmp_path: Path):
    times = iter(range(1, 100))
    register = Register(tmp_path, NAMES, lambda: next(times))
    for _ in range(30):
        register.note_death("learner", 1)
    record = read_children(tmp_path)["learner"]
    assert record.deaths == 30
    assert record.died_us == tuple(range(31 - REMEMBERED, 31))


def test_a_home_where_nothing_can_be_written_does_not_keep_anybody_from_being_restarted(tmp_path: Path):
    Register(tmp_path / "gone", NAMES).note_death("learner", 1)
    assert read_children(tmp_path / "gone") == {}


def test_a_child_that_keeps_dying_is_a_failure_and_one_that_died_once_a_warning(home, diagnose, deaths):
    now_us = 10 * LATELY_US

    def status(*ago_us: int) -> str:
        deaths(*(now_us - ago for ago in ago_us))
        [finding] = diagnose(home, clock=lambda: now_us)["children"]
        assert "worker 1 died" in finding.what
        assert "signal 9" in finding.what
        return finding.status

    assert status(LATELY_US // 2) == "warn"
    assert status(*range(FLAPS, 0, -1)) == "fail"
    assert status(*range(2 * LATELY_US, 2 * LATELY_US - FLAPS, -1)) == "ok"


def test_children_that_live_are_well(home, diagnose, deaths):
    deaths()
    [finding] = diagnose(home)["children"]
    assert (finding.status, finding.what) == ("ok", "none of them died")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"worker 1": {"deaths": "many"}}', b"\xff"])
def test_a_file_that_is_something_else_is_named(home, diagnose, content):
    (home / FILE).write_bytes(content)
    [finding] = diagnose(home)["children"]
    assert finding.status == "warn"
    assert "restart" in finding.mend
