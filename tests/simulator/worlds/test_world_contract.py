"""Every world there is holds what a world must, without a test of its own; one that does not is told what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError
from simulator.worlds.checks import check_world
from simulator.worlds.logistic import LogisticPlay, LogisticWorld
from simulator.worlds.registry import build, worlds
from simulator.worlds.world import Round
from tests.simulator.worlds.world_files import PARAMS

EVERY = [(name, params) for name, kind in worlds().items() for params in kind.check_params]


@pytest.mark.parametrize(("name", "params"), EVERY, ids=str)
def test_a_world_holds_what_a_world_must(name: str, params: Mapping[str, Any]) -> None:
    check_world(build(name, params))


@pytest.mark.parametrize("name", [name for name, kind in worlds().items() if not kind.check_params])
def test_a_world_made_of_a_file_holds_it_too(name: str, tmp_path: Path) -> None:
    assert name in PARAMS, f"world {name!r} has no check_params, and no files in tests/simulator/worlds/world_files.py"
    for params in PARAMS[name](tmp_path):
        check_world(build(name, params))


class Bent(LogisticWorld):
    """Changes each round."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        self.changes = changes

    def rounds(self, count: int, seed: int) -> Iterator[Round]:
        for round in super().rounds(count, seed):
            yield replace(round, **self.changes)

    def play(self, count: int, seed: int) -> LogisticPlay:
        return LogisticPlay(self, count, seed)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"number": 0}, "not numbered from 0"),
        ({"rewards": (2.0,) * 10}, r"round 0: rewards \[2.0\] is not in"),
        ({"told": (0.0,)}, "1 told for 10 candidates"),
        ({"expected": (1.0,) * 10}, "the first's rewards are -0"),
        ({"delay_us": -1}, "heard before it is shown"),
        ({"shared": {"x": float("nan")}}, "'x'.* is no finite number"),
    ],
)
def test_what_does_not_hold_is_named(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        check_world(Bent(**changes))


class Hurried(LogisticWorld):
    """Its contexts depend on how long the run will be, and it does not say so."""

    def play(self, count: int, seed: int) -> LogisticPlay:
        return super().play(count, seed + count)


def test_a_longer_run_that_begins_otherwise_must_be_announced() -> None:
    with pytest.raises(AssertionError, match="does not begin like a shorter one"):
        check_world(Hurried())
    announced = Hurried()
    announced.depends_on_count = True
    check_world(announced)


class Uneven(LogisticWorld):
    """Promises too much of its last candidate."""

    def rounds(self, count: int, seed: int) -> Iterator[Round]:
        for round in super().rounds(count, seed):
            yield replace(round, expected=(*round.expected[:-1], min(1.0, round.expected[-1] + 0.1)))


def test_a_wrong_promise_of_any_candidate_is_noticed() -> None:
    with pytest.raises(AssertionError, match="the last's rewards are -0"):
        check_world(Uneven())


def test_a_world_nobody_knows_and_parameters_it_does_not_take_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown world 'moon'; there are .*logistic, .*shop"):
        build("moon", {})
    with pytest.raises(ConfigError, match=r"world 'logistic' takes actions, .*; not 'gravity'"):
        build("logistic", {"gravity": 9.81})
    with pytest.raises(ConfigError, match="parameter 'actions': Expected `int`"):
        build("logistic", {"actions": "many"})
