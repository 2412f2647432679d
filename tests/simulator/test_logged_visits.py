"""The users of a log come once each, shuffled; a match is kept so that the arm that was drawn does not matter."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.vector import Scalar
from simulator.logged.experiment import Arm, Experiment, LoggedRow
from simulator.logged.mapping import ArmSpec, LogMapping, MetricSpec
from simulator.logged.visits import LoggedVisits, keep

MAPPING = LogMapping(schema_version=1, name="bot", placement="headline", arm="shown", metrics={"opened": MetricSpec()})
ARMS = ("loud", "plain")


def experiment(rows: list[tuple[str, float, float]]) -> Experiment:
    """Rows of (arm, propensity, opened)."""
    none: dict[str, Scalar] = {}
    logged = tuple(LoggedRow(f"u{n}", arm, p, none, {"opened": y}) for n, (arm, p, y) in enumerate(rows))
    arms = tuple(Arm(id, id.title(), ArmSpec()) for id in ARMS)
    return Experiment(MAPPING, arms, (), {"opened": (0.0, 1.0)}, logged, ())


def uniform(count: int) -> Experiment:
    return experiment([(ARMS[n % 2], 0.5, float(n % 3 == 0)) for n in range(count)])


def test_everybody_comes_once_in_an_order_of_the_seed_and_may_defer() -> None:
    once, again, other = (list(LoggedVisits(uniform(50), "opened", seed)) for seed in (1, 1, 2))
    assert sorted(visit.user_id for visit in once) == sorted(f"u{n}" for n in range(50))
    assert once == again
    assert [visit.user_id for visit in once] != [visit.user_id for visit in other]
    assert len({visit.session_id for visit in once}) == 50
    assert all(visit.deferred for visit in once)


def test_a_limit_takes_the_first_after_shuffling() -> None:
    every, some = LoggedVisits(uniform(50), "opened", 1), LoggedVisits(uniform(50), "opened", 1, 20)
    assert list(some) == list(every)[:20]
    assert (len(every), len(some), len(LoggedVisits(uniform(5), "opened", 1, 20))) == (50, 20, 5)


def test_outcomes_follow_only_if_our_choice_is_what_was_really_shown() -> None:
    for visit in LoggedVisits(uniform(60), "opened", 1):
        (turn,) = visit.turns
        assert turn.placements == ("headline",)
        assert turn.happenings == ()
        seen = {arm: turn.respond("headline", arm, ARMS) for arm in ARMS}
        (shown,) = (arm for arm in ARMS if seen[arm].shown)
        index = int(visit.user_id[1:])
        value = float(index % 3 == 0)
        assert shown == ARMS[index % 2]
        assert seen[shown].metrics == ({"opened": 1.0} if value else {})
        assert seen[shown].reward == value


@given(count=st.integers(1, 300), p=st.floats(1e-6, 1.0), seed=st.integers(0, 2**32))
def test_equal_propensities_keep_every_match(count: int, p: float, seed: int) -> None:
    assert keep([p] * count, seed).all()


@given(p=st.floats(0.02, 0.98), seed=st.integers(0, 2**32))
def test_every_user_is_kept_with_the_same_probability_whatever_arm_was_drawn(p: float, seed: int) -> None:
    """The arm of probability p is there p of the time: drawn and kept, each arm is as frequent as the other."""
    n, least = 20_000, min(p, 1.0 - p)
    arms = np.random.default_rng(seed).random(n) < p
    kept = keep([*np.where(arms, p, 1.0 - p).tolist(), p, 1.0 - p], seed)[:n]
    tolerance = 6.0 * math.sqrt(least * (1.0 - least) / n) + 1e-9
    assert abs((kept & arms).mean() - least) <= tolerance
    assert abs((kept & ~arms).mean() - least) <= tolerance


def test_the_kept_matches_of_a_skewed_log_estimate_what_a_policy_would_earn() -> None:
    """Loud is drawn for 80 %, and opened by 60 %; plain by 20 %: matches of a coin flip must open at 40 %."""
    n, rng = 40_000, np.random.default_rng(3)
    loud = rng.random(n) < 0.8
    opened = rng.random(n) < np.where(loud, 0.6, 0.2)
    rows = [
        ("loud", 0.8, float(y)) if is_loud else ("plain", 0.2, float(y))
        for is_loud, y in zip(loud, opened, strict=True)
    ]
    choices = np.where(rng.random(n) < 0.5, "loud", "plain")
    seen = [
        visit.turns[0].respond("headline", str(choice), ARMS)
        for visit, choice in zip(LoggedVisits(experiment(rows), "opened", 5), choices, strict=True)
    ]
    rewards = [response.reward for response in seen if response.shown]
    assert abs(len(rewards) / n - 0.2) <= 5.0 * math.sqrt(0.2 * 0.8 / n)
    assert abs(float(np.mean(rewards)) - 0.4) <= 5.0 * math.sqrt(0.4 * 0.6 / len(rewards))
