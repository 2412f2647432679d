"""From candidates to a pmf: every action possible where something is to be learned, certainty only where it is told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.choose import NOTHING_ELIGIBLE, OUT_OF_REACH, TOO_LATE, Choice, Served, choose
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.policies.base import Policy
from engine.types import Candidate, Group

CANDIDATES = tuple(Candidate(id, id, {f"id={id}": 1.0}) for id in ("a", "b", "c", "d"))
ENCODER = RangeEncoder(RangeSpec())
GROUPS: tuple[Group, ...] = ("champion", "random", "control")


class Told(Policy):
    """Says what it is told to say, whatever that is; raises it if it is an error."""

    name = "told"

    def __init__(self, says: Any) -> None:
        self.says = says

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def chosen(says: Any, group: Group = "champion", **other: Any) -> Choice:
    fields = {"baseline": "b", "epsilon": 0.1, **other}
    candidates = fields.pop("candidates", CANDIDATES)
    return choose(group, Served(Told(says), "v7", ENCODER), {"x": 1.0}, candidates, **fields)


@given(
    weights=st.lists(st.floats(0.0, 1e6), min_size=4, max_size=4).filter(lambda weights: sum(weights) > 1e-3),
    epsilon=st.floats(0.0, 1.0),
)
def test_whatever_a_policy_prefers_every_action_keeps_the_floor(weights: list[float], epsilon: float) -> None:
    total = math.fsum(weights)
    choice = chosen([weight / total for weight in weights], epsilon=epsilon)
    assert math.isclose(math.fsum(choice.pmf), 1.0, abs_tol=1e-12)
    assert min(choice.pmf) >= epsilon / 4 * (1.0 - 1e-12)
    assert choice.learnable
    assert not choice.degraded


def test_the_policys_own_floor_is_left_alone() -> None:
    assert chosen([0.1, 0.2, 0.3, 0.4]).pmf == (0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    "says",
    [
        [0.5, 0.5],
        [0.5, 0.5, 0.5, 0.5],
        [1.5, -0.5, 0.0, 0.0],
        [math.nan, 0.5, 0.25, 0.25],
        [math.inf, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0],
        [],
        None,
        ["a", "b", "c", "d"],
        RuntimeError("boom"),
        KeyError("x"),
        MemoryError(),
    ],
    ids=repr,
)
def test_anything_that_is_no_pmf_is_a_failure_answered_by_the_baseline(says: Any) -> None:
    choice = chosen(says)
    assert choice.pmf == (0.0, 1.0, 0.0, 0.0)
    assert (choice.policy, choice.model_version, choice.reason) == ("baseline", "none", "policy failed")
    assert (choice.learnable, choice.degraded) == (False, ("policy",))


def test_whoever_stops_the_process_is_not_stopped() -> None:
    class Stopped(Told):
        def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        choose("champion", Served(Stopped(None), "v", ENCODER), {}, CANDIDATES, baseline="b", epsilon=0.1)


@pytest.mark.parametrize("group", ["random", "control"])
def test_groups_without_the_policy_never_ask_it(group: Group) -> None:
    choice = chosen(AssertionError("asked"), group)
    assert choice.pmf == ((0.25,) * 4 if group == "random" else (0.0, 1.0, 0.0, 0.0))
    assert (choice.learnable, choice.degraded, choice.reason) == (group == "random", (), group)


def test_a_baseline_that_is_not_eligible_leaves_its_place_to_the_first() -> None:
    assert chosen(None, "control", baseline="gone").pmf == (1.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("group", GROUPS)
def test_without_candidates_nothing_is_chosen_in_any_group(group: Group) -> None:
    choice = chosen([], group, candidates=())
    assert choice == NOTHING_ELIGIBLE
    assert chosen([], group, candidates=(), explore=False) == NOTHING_ELIGIBLE


@pytest.mark.parametrize("group", GROUPS)
def test_without_exploration_the_best_is_certain_and_never_learned(group: Group) -> None:
    choice = chosen([0.1, 0.2, 0.4, 0.3], group, explore=False)
    assert choice.pmf == ((0.0, 1.0, 0.0, 0.0) if group == "control" else (0.0, 0.0, 1.0, 0.0))
    assert (choice.learnable, choice.reason) == (False, "exploration off")


def test_without_exploration_what_failed_is_still_told() -> None:
    assert chosen(RuntimeError(), explore=False).degraded == ("policy",)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("explore", [True, False])
@pytest.mark.parametrize("hindered", [OUT_OF_REACH, TOO_LATE])
def test_where_something_hinders_the_policy_everybody_gets_the_baseline_for_certain(group, explore, hindered) -> None:
    choice = chosen(AssertionError("asked"), group, explore=explore, hindered=hindered)
    assert (choice.pmf, choice.policy, choice.learnable) == ((0.0, 1.0, 0.0, 0.0), "baseline", False)
    assert (choice.reason, choice.degraded) == (hindered.reason, (hindered.part,))


def test_where_something_hinders_the_policy_and_nothing_is_eligible_nothing_is_chosen() -> None:
    choice = chosen([], candidates=(), hindered=TOO_LATE)
    assert (choice.pmf, choice.learnable, choice.degraded) == ((), False, ("deadline",))


def test_an_outdated_model_is_marked_where_it_answers_and_nowhere_else() -> None:
    served = Served(Told([0.25] * 4), "v7", ENCODER, refused=True)
    marked = {group: choose(group, served, {}, CANDIDATES, baseline="b", epsilon=0.1).degraded for group in GROUPS}
    assert marked == {"champion": ("model",), "random": (), "control": ()}
