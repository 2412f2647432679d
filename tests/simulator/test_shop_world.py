"""The shop's law is exact, is the configuration's, and leaves something to learn."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import api.settings
from engine.config import Config
from engine.config_file import load
from features.declared import features_of
from simulator.worlds.customers import ROWS, Customer
from simulator.worlds.shop import BASE_RATE, ShopWorld, categories_of
from simulator.worlds.shop_visits import DECISIONS_PER_TURN, ShopVisits
from simulator.worlds.situation import Situation, any_situation

NOW = 1_790_000_000
PLACEMENTS = ("greeting", "offer", "recommendation")


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Path(api.settings.EXAMPLE_CONFIG))


@pytest.fixture(scope="module")
def world(config: Config) -> ShopWorld:
    return ShopWorld(config, seed=7)


def moments(world: ShopWorld, count: int) -> list[tuple[Customer, Situation]]:
    rng = np.random.default_rng(11)
    return [(c, any_situation(rng, world.categories)) for c in world.customers(count, now_unix=NOW)]


def rewards(world: ShopWorld, config: Config, placement: str) -> np.ndarray:
    """Expected reward, customers × actions."""
    actions = [action.id for action in config.placements[placement].actions]
    return np.array(
        [[world.expected_reward(c, s, placement, a) for a in actions] for c, s in moments(world, 400)],
    )


def test_the_same_seed_gives_the_same_world_and_another_seed_another(config: Config, world: ShopWorld) -> None:
    again, other = ShopWorld(config, seed=7), ShopWorld(config, seed=8)
    assert again.customers(50, now_unix=NOW) == world.customers(50, now_unix=NOW)
    assert np.array_equal(rewards(again, config, "offer"), rewards(world, config, "offer"))
    assert not np.allclose(rewards(other, config, "offer"), rewards(world, config, "offer"))


@pytest.mark.parametrize("view", ROWS)
def test_customers_have_exactly_the_declared_features_of(view: str, world: ShopWorld) -> None:
    customer = world.customers(1, now_unix=NOW)[0]
    row = customer.row(view)
    assert set(row) == {"user_id", *(feature.name for feature in features_of(view))}
    for feature in features_of(view):
        assert type(row[feature.name]).__name__ == {"string": "str"}.get(feature.type, feature.type)


def test_customers_stay_within_the_declared_ranges(world: ShopWorld) -> None:
    for customer in world.customers(500, now_unix=NOW):
        assert 0.0 <= customer.churn_risk <= 1.0
        assert customer.purchases <= customer.visits
        assert (customer.last_visit_unix == 0) == (customer.visits == 0)
        assert customer.last_visit_unix <= NOW


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_expected_reward_is_the_mean_of_what_happens(placement: str, config: Config, world: ShopWorld) -> None:
    rng, draws = np.random.default_rng(3), 4_000
    customer, situation = moments(world, 1)[0]
    action = config.placements[placement].actions[-1].id
    seen = [
        world.reward(placement, action, world.respond(customer, situation, placement, action, rng))
        for _ in range(draws)
    ]
    tolerance = 4.0 * np.std(seen) / math.sqrt(draws) + 1e-12
    assert abs(np.mean(seen) - world.expected_reward(customer, situation, placement, action)) <= tolerance


def test_the_steps_of_a_funnel_happen_in_order_and_the_reward_is_the_engines(world: ShopWorld) -> None:
    rng = np.random.default_rng(5)
    customer, situation = moments(world, 1)[0]
    seen = {world.respond(customer, situation, "recommendation", "sneaker_drop", rng) for _ in range(2_000)}
    assert seen == {(), ("clicked",), ("clicked", "bought")}
    assert world.reward("recommendation", "sneaker_drop", ("clicked", "bought")) == 1.0
    assert world.reward("offer", "win_back", ("accepted",)) == 0.75
    assert world.reward("offer", "win_back", ()) == 0.0


def test_the_best_candidate_is_the_best_of_those_offered(config: Config, world: ShopWorld) -> None:
    actions = [action.id for action in config.placements["greeting"].actions]
    for customer, situation in moments(world, 50):
        best, reward = world.best(customer, situation, "greeting", actions)
        others = [action for action in actions if action != best]
        assert reward == world.expected_reward(customer, situation, "greeting", best)
        assert world.best(customer, situation, "greeting", others)[1] <= reward


@pytest.mark.parametrize("seed", [7, 8, 9])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_knowing_the_customer_is_worth_it_but_no_single_action_is(placement: str, seed: int, config: Config) -> None:
    expected = rewards(ShopWorld(config, seed=seed), config, placement)
    chance, one_for_all, best = expected.mean(), expected.mean(axis=0).max(), expected.max(axis=1).mean()
    assert 2.0 * chance <= best <= 5.0 * chance
    assert one_for_all <= 0.9 * best


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_chance_succeeds_at_the_base_rate(placement: str, config: Config, world: ShopWorld) -> None:
    actions = [action.id for action in config.placements[placement].actions]
    customers = moments(world, 400)
    chance = [np.mean([world.probability(c, s, placement, a) for a in actions]) for c, s in customers]
    tolerance = 4.0 * np.std(chance) * math.sqrt(1 / 400 + 1 / 300)
    assert abs(np.mean(chance) - BASE_RATE[placement]) <= tolerance


def test_tastes_drift_slowly(world: ShopWorld) -> None:
    customer, situation = moments(world, 1)[0]
    path = [
        world.probability(customer, replace(situation, progress=p), "greeting", "concierge") for p in (0.0, 0.01, 1.0)
    ]
    assert path[0] != path[1]
    assert abs(path[1] - path[0]) < abs(path[2] - path[0])


def test_nobody_is_fond_of_what_only_a_rule_can_show(config: Config) -> None:
    assert "books" in categories_of(config)
    assert "mixed" not in categories_of(config)


def visits_of(world: ShopWorld, turns: int, now: int = NOW) -> ShopVisits:
    return ShopVisits(world, world.customers(40, now_unix=now), frozenset(PLACEMENTS), turns, 7, now)


def test_a_run_has_exactly_the_turns_asked_for_and_can_be_repeated(world: ShopWorld) -> None:
    once, again = list(visits_of(world, 500)), list(visits_of(world, 500))
    assert sum(len(visit.turns) for visit in once) == 500
    assert once == again
    asked = sum(len(turn.placements) for visit in once for turn in visit.turns)
    assert asked == pytest.approx(500 * DECISIONS_PER_TURN, rel=0.1)


def test_two_runs_share_customers_but_no_session(world: ShopWorld) -> None:
    first, second = (list(visits_of(world, 100, now)) for now in (NOW, NOW + 60))
    assert {v.user_id for v in first} & {v.user_id for v in second}
    assert not {v.session_id for v in first} & {v.session_id for v in second}


def test_a_turn_responds_to_the_same_action_in_the_same_way(world: ShopWorld) -> None:
    for visit in visits_of(world, 100):
        for turn in visit.turns:
            first, second = (turn.respond("offer", "gift_wrap", ["gift_wrap", "win_back"]) for _ in range(2))
            assert first == second
            assert first.best is not None
            assert first.expected is not None
            assert first.best >= first.expected
