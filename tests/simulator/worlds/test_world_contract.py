"""Every world there is holds what a world must, without a test of its own; one that does not is told what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import ConfigError
from simulator.worlds.checks import check_world
from simulator.worlds.logistic import LogisticPlay, LogisticWorld
from simulator.worlds.registry import build, worlds
from simulator.worlds.world import Round

EVERY = [(name, params) for name, kind in worlds().items() for params in kind.check_params]


@pytest.mark.parametrize(("name", "params"), EVERY, ids=str)
def test_a_world_holds_what_a_world_must(name: str, params: Mapping[str, Any]) -> None:
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
        ({"expected": (1.0,) * 10}, "rewards are -0"),
        ({"delay_us": -1}, "heard before it is shown"),
        ({"shared": {"x": float("nan")}}, "'x'.* is no finite number"),
    ],
)
def test_what_does_not_hold_is_named(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        check_world(Bent(**changes))


def test_a_world_nobody_knows_and_parameters_it_does_not_take_are_refused() -> None:
    with pytest.raises(ConfigError, match="unknown world 'moon'; there are logistic, shop"):
        build("moon", {})
    with pytest.raises(ConfigError, match=r"world 'logistic' takes actions, .*; not 'gravity'"):
        build("logistic", {"gravity": 9.81})
    with pytest.raises(ConfigError, match="parameter 'actions': Expected `int`"):
        build("logistic", {"actions": "many"})
