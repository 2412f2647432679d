"""The shop assistant's world: what changes during a run, and what is heard of it."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.policies.registry import build
from simulator.runs.run import run
from simulator.worlds.assistant import AssistantWorld
from simulator.worlds.changes import Changes
from simulator.worlds.telling import Telling
from simulator.worlds.world import Round

COUNT = 3_000
STILL = Changes(drift=0.0)


def rounds(world: AssistantWorld, count: int = COUNT, shown: int | None = None) -> list[Round]:
    play, found = world.play(count, 1), []
    for round in play:
        found.append(round)
        if shown is not None:
            play.shown(round, shown)
    return found


def test_there_is_something_to_learn_and_it_depends_on_the_customer() -> None:
    earned = {name: run(build(name, {}), AssistantWorld(), COUNT, 1).value.mean() for name in ("uniform", "linucb")}
    expected = np.array([round.expected for round in rounds(AssistantWorld(changes=STILL))])
    assert earned["linucb"] > 1.5 * earned["uniform"]
    assert expected.max(axis=1).mean() > 1.2 * expected.mean(axis=0).max()


def test_customers_come_back_several_turns_a_session() -> None:
    units = [round.unit for round in rounds(AssistantWorld(customers=50))]
    assert len(set(units)) == 50
    assert sum(a == b for a, b in pairwise(units)) > COUNT / 4


def test_actions_come_and_go_and_the_baseline_stays() -> None:
    world = AssistantWorld(changes=Changes(turnover=0.4))
    there = [{candidate.id for candidate in round.candidates} for round in rounds(world)]
    assert len(there[0]) == len(there[-1]) == 7
    assert len(there[-1] - there[0]) == 3
    assert all(world.spec.baseline in each for each in there)


def test_rewards_come_late_go_missing_and_lie_as_often_as_declared() -> None:
    told = rounds(AssistantWorld(telling=Telling(delay_s=600.0, missing=0.2, lying=0.1)))
    missing = np.array([round.told[0] is None for round in told])
    lying = np.array([round.told[0] != round.rewards[0] for round in told])[~missing]
    delay_s = np.array([round.delay_us for round in told]) / 1e6
    assert abs(missing.mean() - 0.2) < 4.0 * math.sqrt(0.2 * 0.8 / COUNT)
    assert abs(lying.mean() - 0.1) < 4.0 * math.sqrt(0.1 * 0.9 / len(lying))
    assert abs(delay_s.mean() - 600.0) < 4.0 * 600.0 / math.sqrt(COUNT)


def test_what_is_shown_again_and_again_tires() -> None:
    fresh, tired = (
        rounds(AssistantWorld(customers=20, changes=Changes(drift=0.0, fatigue=fatigue)), shown=0)
        for fatigue in (0.0, 1.0)
    )
    again = [(a.expected, b.expected) for a, b in zip(fresh, tired, strict=True)][COUNT // 2 :]
    assert all(b[0] < a[0] for a, b in again)
    assert all(a[1:] == b[1:] for a, b in again)


def test_the_season_moves_all_appeal_and_tastes_drift() -> None:
    still, season, drift = (
        np.array([round.expected for round in rounds(AssistantWorld(changes=changes))])
        for changes in (STILL, Changes(drift=0.0, season=1.0), Changes(drift=1.0))
    )
    assert not np.allclose(season, still)
    assert np.allclose(drift[0], still[0])
    assert not np.allclose(drift[-1], still[-1])


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"placement": "billboard"}, "no placement 'billboard'; it has offer"),
        ({"customers": 0}, "expected customers"),
        ({"days": 0.0}, "expected customers and days"),
    ],
)
def test_a_shop_that_cannot_be_is_refused(params: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        AssistantWorld(**params)


@pytest.mark.parametrize(
    ("kind", "params", "why"),
    [
        (Telling, {"missing": 1.5}, "missing: expected a part"),
        (Telling, {"delay_s": -1.0}, "delay_s: expected seconds"),
        (Changes, {"drift": float("nan")}, "drift: expected a number"),
        (Changes, {"turnover": 0.6}, "at most half"),
    ],
)
def test_numbers_that_are_none_are_refused(kind: type, params: dict[str, float], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        kind(**params)
