"""The second engine as a policy: what it learns, what it refuses, and that its state is the same bytes everywhere."""

from __future__ import annotations

import hashlib
import math
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from engine.canary import still_learns
from engine.errors import ConfigError, SnapshotError, UnsafeExample
from engine.policies.base import Policy
from engine.policies.check_stream import ACTIONS, CONTEXT, stream
from engine.policies.second_order import SecondOrderPolicy
from engine.policies.second_order.shared import IDENTITIES
from engine.policies.vw import VwPolicy
from engine.snapshots import fingerprint
from engine.types import Candidate, TrainingExample

ARMS = tuple(Candidate(f"a{n}", f"a{n}", {f"id=a{n}": 1.0}) for n in range(6))

ROOT = Path(__file__).parents[3]
FOLD = """
from engine.policies.second_order import SecondOrderPolicy
from engine.snapshots import fingerprint
from tests.engine.policies.long_stream import drifting
policy = SecondOrderPolicy()
for example in drifting(900, 130):
    policy.learn(example)
print(fingerprint(policy), policy.alarms)
"""


def folded_elsewhere(threads: str) -> str:
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "PYTHONHASHSEED": "random",
    }
    command = [sys.executable, "-c", FOLD]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=ROOT).stdout


def contexts(turns: int, seed: int) -> list[dict[str, float]]:
    luck = random.Random(seed)
    return [{f"x{i}": luck.gauss(0.0, 1.0) for i in range(10)} for _ in range(turns)]


def tastes(seed: int) -> list[list[float]]:
    luck = random.Random(seed)
    return [[luck.gauss(0.0, 1.0) for _ in range(10)] for _ in ARMS]


def best_for(context: dict[str, float], likes: Sequence[Sequence[float]]) -> int:
    scores = [math.fsum(w * x for w, x in zip(row, context.values(), strict=True)) for row in likes]
    return scores.index(max(scores))


def played(policy: Policy, turns: int, seed: int, likes: Sequence[Sequence[float]]) -> list[float]:
    luck, rewards = random.Random(seed), []
    for context in contexts(turns, seed):
        pmf = policy.pmf(context, ARMS)
        (chosen,) = luck.choices(range(len(ARMS)), pmf)
        rewards.append(float(chosen == best_for(context, likes)))
        policy.learn(TrainingExample(context, ARMS, chosen, pmf[chosen], rewards[-1]))
    return rewards


def test_it_earns_more_than_vowpal_wabbit_in_few_turns() -> None:
    likes = tastes(seed=11)
    ours = fmean(fmean(played(SecondOrderPolicy(), 600, seed, likes)) for seed in (1, 2))
    theirs = fmean(fmean(played(VwPolicy(), 600, seed, likes)) for seed in (1, 2))
    assert ours > theirs + 0.05


def test_it_notices_that_tastes_changed_and_learns_the_new_ones() -> None:
    policy, deaf = SecondOrderPolicy(), SecondOrderPolicy(alarm=None)
    for each in (policy, deaf):
        played(each, 1_200, 1, tastes(seed=11))
    assert policy.alarms == 0
    earned = fmean(played(policy, 800, 2, tastes(seed=12)))
    assert policy.alarms >= 1
    assert earned > fmean(played(deaf, 800, 2, tastes(seed=12))) + 0.05
    assert deaf.alarms == 0


def test_every_probability_is_a_whole_number_of_shares() -> None:
    policy = SecondOrderPolicy()
    for example in stream(300, seed=5):
        policy.learn(example)
    pmf = policy.pmf(CONTEXT, ACTIONS)
    assert all((p * 2**24).is_integer() for p in pmf)
    assert sum(pmf) == 1.0
    assert min(pmf) >= 0.02 / len(pmf)


@pytest.mark.parametrize("incumbent", [0.6, 0.95])
def test_an_arm_nobody_tried_is_tried_beside_a_good_one(incumbent: float) -> None:
    policy, luck = SecondOrderPolicy(), random.Random(3)
    for context in contexts(400, seed=3):
        policy.learn(TrainingExample(context, ARMS[:1], 0, 1.0, float(luck.random() < incumbent)))
    assert policy.pmf(contexts(1, seed=4)[0], ARMS[:2])[1] > 0.03


def test_the_bytes_of_a_fold_are_the_same_in_other_processes_with_any_number_of_threads() -> None:
    one, other = folded_elsewhere("1"), folded_elsewhere("2")
    assert one == other
    assert int(one.split()[1]) >= 1, "the stream must contain an alarm"


@pytest.mark.parametrize("bad", [{"reward": -0.1}, {"reward": 1.1}, {"reward": math.nan}, {"propensity": 0.0}])
def test_an_unsafe_example_is_refused_and_changes_nothing(bad: dict[str, float]) -> None:
    policy = SecondOrderPolicy()
    (good,) = stream(1, seed=13)
    before = fingerprint(policy)
    with pytest.raises(UnsafeExample):
        policy.learn(replace(good, **bad))
    assert fingerprint(policy) == before


def test_more_candidates_than_allowed_are_refused() -> None:
    with pytest.raises(UnsafeExample, match="between 1 and 5"):
        SecondOrderPolicy(max_actions=5).pmf({}, ARMS)


@pytest.mark.parametrize(
    "params",
    [{"prior": 0.0}, {"exploration": -1.0}, {"floor": 1.5}, {"alarm": 0.0}, {"slots": 4}, {"max_actions": 0}],
)
def test_a_parameter_outside_its_range_is_named(params: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(params))):
        SecondOrderPolicy(**params)


def test_a_state_of_other_parameters_or_with_another_byte_is_refused(tmp_path: Path) -> None:
    policy = SecondOrderPolicy()
    played(policy, 20, 1, tastes(1))
    path = tmp_path / "state"
    policy.save(path)
    with pytest.raises(SnapshotError, match="learned by second_order"):
        SecondOrderPolicy.load(path, slots=64)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], b""):
        path.write_bytes(damaged)
        with pytest.raises(SnapshotError, match="not a whole"):
            SecondOrderPolicy.load(path)
    with pytest.raises(SnapshotError, match="cannot be read"):
        SecondOrderPolicy.load(tmp_path / "nothing")


def test_a_reloaded_policy_answers_the_same(tmp_path: Path) -> None:
    policy = SecondOrderPolicy()
    played(policy, 300, 1, tastes(1))
    policy.save(tmp_path / "state")
    loaded = SecondOrderPolicy.load(tmp_path / "state")
    assert all(loaded.pmf(each, ARMS) == policy.pmf(each, ARMS) for each in contexts(20, seed=9))
    assert hashlib.sha256((tmp_path / "state").read_bytes()).hexdigest() == fingerprint(loaded)


def test_what_made_the_difference_is_told_first() -> None:
    policy, luck = SecondOrderPolicy(), random.Random(8)
    for _ in range(300):
        context = {"matters": luck.choice((-1.0, 1.0)), "noise": luck.gauss(0.0, 1.0), "more": luck.gauss(0.0, 1.0)}
        chosen = luck.randrange(2)
        right = (context["matters"] > 0.0) == (chosen == 0)
        policy.learn(TrainingExample(context, ARMS[:2], chosen, 0.5, float(right)))
    asked = {"matters": 1.0, "noise": 0.3, "more": -0.3}
    for arm, sign in zip(ARMS, (1.0, -1.0), strict=False):
        (name, contribution), *others = policy.contributions(asked, arm) or []
        assert name == "matters"
        assert sign * contribution > 0.3 > 3 * max(abs(value) for _, value in others)


def test_memory_is_bounded_however_many_actions_and_names_come(tmp_path: Path) -> None:
    policy = SecondOrderPolicy(slots=16)
    sizes = []
    for turn in range(900):
        context = {"x": 1.0, f"city={turn}": 1.0}
        arm = Candidate(f"new{turn}", f"new{turn}", {f"id=new{turn}": 1.0, "kind": 1.0})
        policy.learn(TrainingExample(context, (arm,), 0, 1.0, float(turn % 2)))
        if turn in (600, 899):
            policy.save(tmp_path / "state")
            sizes.append((tmp_path / "state").stat().st_size)
    assert sizes[1] < 1.5 * sizes[0]


def test_it_still_learns_after_every_place_for_ids_and_pairs_is_taken() -> None:
    """What is checked before each publication: two candidates that share whatever can be shared."""
    policy, luck = SecondOrderPolicy(slots=16), random.Random(4)
    for turn in range(600):
        arms = tuple(Candidate(f"n{i}", f"n{i}", {f"id=n{i}": 1.0, f"f{i % 40}": 1.0}) for i in range(IDENTITIES + 6))
        chosen = luck.randrange(len(arms))
        context = {f"x{luck.randrange(40)}": 1.0, "y": luck.gauss(0.0, 1.0)}
        policy.learn(TrainingExample(context, arms, chosen, 0.1, float(chosen % 2 == turn % 2)))
    assert still_learns(policy)


def test_action_features_are_worth_their_while() -> None:
    """Forty items of which ten are offered: what one taught of a kind is known of all of that kind."""
    kinds = [n % 4 for n in range(40)]
    described = [Candidate(f"i{n}", f"i{n}", {f"id=i{n}": 1.0, f"kind={k}": 1.0}) for n, k in enumerate(kinds)]
    bare = [Candidate(f"i{n}", f"i{n}", {f"id=i{n}": 1.0}) for n in range(40)]

    def earned(items: list[Candidate]) -> float:
        luck, policy, total = random.Random(6), SecondOrderPolicy(), 0.0
        for _ in range(400):
            offered = luck.sample(range(40), 10)
            taste = luck.randrange(4)
            context, candidates = {f"taste={taste}": 1.0}, tuple(items[n] for n in offered)
            pmf = policy.pmf(context, candidates)
            (chosen,) = luck.choices(range(10), pmf)
            reward = float(luck.random() < (0.8 if kinds[offered[chosen]] == taste else 0.1))
            policy.learn(TrainingExample(context, candidates, chosen, pmf[chosen], reward))
            total += reward
        return total / 400

    assert earned(described) > earned(bare) + 0.1
