"""A policy meets a world: same seed, same digits; what was shown is heard of in its time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.policies.base import Policy
from engine.policies.registry import build
from engine.policies.uniform import UniformPolicy
from engine.policies.vw import VwPolicy
from engine.types import Candidate, TrainingExample
from simulator.runs.many import Planned, runs
from simulator.runs.run import run
from simulator.runs.steps import steps
from simulator.worlds.logistic import LogisticWorld
from simulator.worlds.world import Round

ROUNDS = 300
PAIR = (Candidate("a", "a", {"a": 1.0}), Candidate("b", "b", {"b": 1.0}))


@dataclass
class Told:
    """A world that says these things; its rewards go from -1 to 3. It is its own play."""

    rounds: list[Round]
    name: str = "told"
    reward_range: tuple[float, float] = (-1.0, 3.0)
    seen: list[tuple[int, int]] = field(default_factory=list)

    def play(self, count: int, seed: int) -> Told:
        return self

    def __iter__(self) -> Iterator[Round]:
        return iter(self.rounds)

    def shown(self, round: Round, index: int) -> None:
        self.seen.append((round.number, index))


class First(Policy):
    """Always the first candidate; remembers what it was taught, and how much it knew at each question."""

    name = "first"
    learns = True

    def __init__(self) -> None:
        self.rewards: list[float] = []
        self.known: list[int] = []

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        self.known.append(len(self.rewards))
        return [1.0, *[0.0] * (len(candidates) - 1)]

    def _learn(self, example: TrainingExample) -> None:
        self.rewards.append(example.reward)


def asked(number: int, time_us: int, told: float | None = 1.0, delay_us: int = 0) -> Round:
    return Round(
        number, time_us, "u", {}, PAIR, (0.5, 0.25), (1.0, 0.0), (told, 0.0), delay_us, segment=f"s{number % 2}"
    )


@pytest.mark.parametrize("name", ["uniform", "vw", "linucb", "second_order"])
def test_the_same_seed_gives_the_same_digits_and_another_seed_others(name: str) -> None:
    world = LogisticWorld(actions=4)
    first, again, other = (run(build(name, {}), world, ROUNDS, seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_any_number_of_processes_gives_the_same_digits() -> None:
    world = LogisticWorld(actions=4)
    planned = [Planned(partial(build, name, {}), world, 150, seed) for name in ("vw", "linucb") for seed in (1, 2)]
    here, there = list(runs(planned, processes=1)), list(runs(planned, processes=2))
    assert [each.equals(other) for each, other in zip(here, there, strict=True)] == [True] * 4
    assert [each.policy for each in there] == ["vw", "vw", "linucb", "linucb"]


def test_policies_with_one_seed_meet_the_same_rounds_and_rewards() -> None:
    world = LogisticWorld(actions=4)
    one, other = (list(steps(build(name, {}), world, ROUNDS, 3)) for name in ("uniform", "vw"))
    assert [step.round for step in one] == [step.round for step in other]
    assert [step.chosen for step in one] != [step.chosen for step in other]


def test_the_logger_draws_from_a_stream_of_its_own() -> None:
    world, policy = LogisticWorld(actions=4), UniformPolicy()
    own = np.array([step.chosen for step in steps(policy, world, 4_000, 3)])
    logged = np.array([step.chosen for step in steps(policy, world, 4_000, 3, "logger")])
    agreed = float((own == logged).mean())
    assert abs(agreed - 0.25) < 4.0 * np.sqrt(0.25 * 0.75 / 4_000)


def test_actions_are_drawn_with_the_probabilities_that_are_told() -> None:
    world, n = LogisticWorld(actions=4), 4_000
    trajectory = run(build("fixed", {"shares": {"a0": 0.1, "a1": 0.2, "a2": 0.3, "a3": 0.4}}), world, n, 1)
    for chosen, probability in enumerate((0.1, 0.2, 0.3, 0.4)):
        share = float((trajectory.chosen == chosen).mean())
        assert abs(share - probability) < 4.0 * np.sqrt(probability * (1.0 - probability) / n)
        assert set(trajectory.propensity[trajectory.chosen == chosen]) == {probability}


def test_a_learner_earns_more_than_chance_and_less_than_the_best() -> None:
    trajectory = run(VwPolicy(), LogisticWorld(), 2_000, 1)
    later = slice(1_000, None)
    chance = run(UniformPolicy(), LogisticWorld(), 2_000, 1)
    assert chance.value[later].mean() + 0.1 < trajectory.value[later].mean() < trajectory.best[later].mean()
    assert trajectory.regret.min() >= 0.0


def test_what_was_really_earned_is_what_is_expected_on_average() -> None:
    trajectory = run(VwPolicy(), LogisticWorld(), 3_000, 2)
    for expected in (trajectory.expected, trajectory.value):
        surplus = trajectory.reward - expected
        assert abs(surplus.mean()) < 4.0 * surplus.std() / np.sqrt(len(surplus))


def test_a_reward_without_delay_is_known_at_the_next_question() -> None:
    policy = First()
    run(policy, Told([asked(n, 10 * n) for n in range(4)]), 4, 1)
    assert policy.known == [0, 1, 2, 3]


def test_late_rewards_are_learned_when_they_are_heard_and_in_that_order() -> None:
    policy = First()
    rounds = [asked(0, 0, 3.0, 25), asked(1, 10, -1.0, 5), asked(2, 20, 1.0, 5), asked(3, 30, 1.0, 100)]
    run(policy, Told(rounds), 4, 1)
    assert policy.known == [0, 0, 1, 3]
    assert policy.rewards == [0.0, 1.0, 0.5]


def test_what_is_never_heard_counts_as_no_reward_when_its_time_is_over() -> None:
    policy = First()
    trajectory = run(policy, Told([asked(0, 0, None, 10), asked(1, 9), asked(2, 11)]), 3, 1)
    assert policy.known == [0, 0, 2]
    assert policy.rewards == [0.5, 0.25, 0.5]
    assert np.isnan(trajectory.told).tolist() == [True, False, False]
    assert trajectory.reward.tolist() == [1.0, 1.0, 1.0]


def test_rewards_are_learned_as_parts_of_the_range_and_clipped_to_it() -> None:
    policy = First()
    run(policy, Told([asked(0, 0, 2.0), asked(1, 1, -9.0), asked(2, 2, 9.0)]), 3, 1)
    assert policy.rewards == [0.75, 0.0, 1.0]


def test_the_world_is_told_what_was_shown_in_every_round() -> None:
    world = Told([asked(n, n) for n in range(3)])
    run(First(), world, 3, 1)
    assert world.seen == [(0, 0), (1, 0), (2, 0)]


def test_columns_say_what_happened_and_have_names() -> None:
    trajectory = run(First(), Told([asked(n, n, None if n == 1 else 1.0) for n in range(3)]), 3, 7)
    table = trajectory.table()
    assert table.num_rows == len(trajectory) == 3
    assert table["action"].to_pylist() == ["a", "a", "a"]
    assert table["segment"].to_pylist() == ["s0", "s1", "s0"]
    assert table["told"].to_pylist() == [1.0, None, 1.0]
    assert (trajectory.policy, trajectory.world, trajectory.seed) == ("first", "told", 7)
    assert trajectory.regret.tolist() == [0.0, 0.0, 0.0]


def test_a_world_without_rounds_gives_an_empty_trajectory() -> None:
    trajectory = run(First(), Told([]), 0, 1)
    assert len(trajectory) == trajectory.table().num_rows == 0


def test_rewards_without_a_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="no range"):
        run(First(), Told([asked(0, 0)], reward_range=(1.0, 1.0)), 1, 1)
