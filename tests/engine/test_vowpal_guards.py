"""One test for every way of harming a model that Vowpal Wabbit lets pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from vowpalwabbit import Workspace

from engine.errors import PolicyError, UnsafeExample
from engine.policies.vw import DEFAULT_FLAGS
from engine.types import Candidate
from engine.vowpal import Vowpal
from engine.vowpal_guards import check_pmf, safe_features, safe_label

WEIGHTED = "--cb_explore_adf --epsilon 0.1 -q SA -b 18"
SHARED = {"user": 1.0}
PAIR = (Candidate("a", "a", {"a": 1.0}), Candidate("b", "b", {"b": 1.0}))


def state(vowpal: Vowpal, folder: Path) -> bytes:
    vowpal.save(folder / "model")
    return (folder / "model").read_bytes()


def candidate(features: Mapping[str, Any]) -> Candidate:
    return Candidate("c", "c", features)


def reward(vowpal: Vowpal, best: int, times: int) -> None:
    for number in range(times):
        chosen = number % 2
        vowpal.learn(SHARED, PAIR, chosen, cost=-float(chosen == best), probability=0.5)


@pytest.mark.parametrize("flags", [DEFAULT_FLAGS, WEIGHTED])
@pytest.mark.parametrize(
    "features",
    [{"x": math.nan}, {"x": math.inf}, {"x": -math.inf}, {"x": 1e20}, {"x": 1000.1}, {"x": 10**400}],
    ids=repr,
)
def test_a_value_that_freezes_learning_is_refused_everywhere_and_changes_nothing(
    flags: str, features: dict[str, float], tmp_path: Path
) -> None:
    vowpal = Vowpal(flags)
    reward(vowpal, best=0, times=100)
    before = state(vowpal, tmp_path)
    for shared, candidates in ((features, PAIR), (SHARED, (candidate(features), *PAIR))):
        with pytest.raises(UnsafeExample, match="'x'"):
            vowpal.learn(shared, candidates, 0, cost=-1.0, probability=0.5)
        with pytest.raises(UnsafeExample, match="'x'"):
            vowpal.predict(shared, candidates)
    assert state(vowpal, tmp_path) == before
    reward(vowpal, best=1, times=400)
    assert vowpal.predict(SHARED, PAIR)[1] > 0.8


@pytest.mark.parametrize("label", ["0:-1:0.5", "0:-1:0"])
def test_the_hazard_is_real_one_bad_event_freezes_an_unguarded_workspace(label: str) -> None:
    bad = math.nan if label == "0:-1:0.5" else 1.0

    def example(namespace: str, features: dict[str, float], text: str | None = None) -> Any:
        made = workspace.example({namespace: features})
        if text is not None:
            made.set_label_string(text)
        made.setup_example()
        return made

    workspace = Workspace(arg_list=[*WEIGHTED.split(), "--quiet"])
    shared = {"user": 1.0}
    workspace.learn([example("S", shared, "shared"), example("A", {"a": bad}, label), example("A", {"b": 1.0})])
    before = workspace.predict([example("S", shared, "shared"), example("A", {"a": 1.0}), example("A", {"b": 1.0})])
    for _ in range(500):
        workspace.learn(
            [example("S", shared, "shared"), example("A", {"a": 1.0}), example("A", {"b": 1.0}, "0:-1:0.5")]
        )
    after = workspace.predict([example("S", shared, "shared"), example("A", {"a": 1.0}), example("A", {"b": 1.0})])
    assert after[1] <= max(before[1], 0.5), "if this learns, the guard may go"


@pytest.mark.parametrize("name", ["", "\ud800", "x" * 129, "é" * 65], ids=["empty", "surrogate", "long", "long utf-8"])
def test_names_that_are_not_short_valid_text_are_refused(name: str) -> None:
    with pytest.raises(UnsafeExample, match="name"):
        safe_features({"fine": 1.0, name: 1.0})


@pytest.mark.parametrize("value", [None, "text", [1.0], {}])
def test_values_that_are_not_numbers_are_refused(value: Any) -> None:
    with pytest.raises(UnsafeExample, match="numbers"):
        safe_features({"x": value})


def test_a_number_vowpal_wabbit_cannot_take_is_refused() -> None:
    with pytest.raises(UnsafeExample, match="refuses the example"):
        Vowpal(WEIGHTED).predict(SHARED, [candidate({"x": 1j})])


def test_names_that_would_inject_text_are_one_feature_each() -> None:
    hostile = "a|b:2 c\nshared |S d\t:nan"
    vowpal = Vowpal(WEIGHTED)
    assert vowpal.predict({hostile: 1.0}, [candidate({hostile: 1.0}), *PAIR]) == pytest.approx([1 / 3] * 3)
    assert len(vowpal.contributions({}, candidate({hostile: 1.0})) or ()) == 2


def test_zero_values_are_dropped_and_everything_else_is_kept() -> None:
    assert safe_features({"zero": 0.0, "x": 0.5, "é": -1000.0, "minus": -0.0}) == {"x": 0.5, "é": -1000.0}
    assert safe_features(MappingProxyType({"x": 1.0})) == {"x": 1.0}
    assert safe_features({}) == {}


def test_a_zero_and_an_absent_feature_are_the_same_model(tmp_path: Path) -> None:
    with_zero, without = Vowpal(WEIGHTED), Vowpal(WEIGHTED)
    with_zero.learn(SHARED | {"z": 0.0}, PAIR, 0, cost=-1.0, probability=0.5)
    without.learn(SHARED, PAIR, 0, cost=-1.0, probability=0.5)
    assert state(with_zero, tmp_path) == state(without, tmp_path)


@pytest.mark.parametrize("probability", [0.0, -0.1, 1.0000001, 2.0, math.nan, math.inf])
def test_what_is_not_a_probability_is_refused(probability: float, tmp_path: Path) -> None:
    vowpal = Vowpal(WEIGHTED)
    before = state(vowpal, tmp_path)
    with pytest.raises(UnsafeExample, match="probability"):
        vowpal.learn(SHARED, PAIR, 0, cost=-1.0, probability=probability)
    assert state(vowpal, tmp_path) == before


@pytest.mark.parametrize("cost", [math.nan, math.inf, -math.inf])
def test_a_cost_that_is_not_finite_is_refused(cost: float) -> None:
    with pytest.raises(UnsafeExample, match="cost"):
        Vowpal(WEIGHTED).learn(SHARED, PAIR, 0, cost=cost, probability=0.5)


@pytest.mark.parametrize(("cost", "learned"), [(-5.0, "-1.000000000"), (0.3, "0.000000000"), (-0.25, "-0.250000000")])
def test_the_cost_is_clipped_to_what_rewards_can_be(cost: float, learned: str) -> None:
    assert safe_label(cost, 0.5) == f"0:{learned}:0.500000000"


def test_a_small_propensity_is_learned_with_a_clipped_weight() -> None:
    assert safe_label(-1.0, 1e-9) == safe_label(-1.0, 1e-3) == "0:-1.000000000:0.001000000"
    vowpal = Vowpal(WEIGHTED)
    vowpal.learn(SHARED, PAIR, 0, cost=-1.0, probability=1e-30)
    reward(vowpal, best=1, times=2000)
    assert vowpal.predict(SHARED, PAIR)[1] > 0.8


@pytest.mark.parametrize(
    ("candidates", "complaint"),
    [
        ((), "0 candidates"),
        (tuple(Candidate(f"a{n}", f"a{n}", {f"a{n}": 1.0}) for n in range(6)), "6 candidates"),
        ((PAIR[0], PAIR[0]), "twice"),
        ((PAIR[0], Candidate("b", "a", {"a": 1.0})), "twice"),
        ((PAIR[0], Candidate("a", "b", {"b": 1.0})), "twice"),
    ],
    ids=["none", "too many", "same", "same key", "same id"],
)
def test_requests_that_vowpal_wabbit_answers_wrongly_are_refused(
    candidates: tuple[Candidate, ...], complaint: str
) -> None:
    vowpal = Vowpal(WEIGHTED, max_actions=5)
    with pytest.raises(UnsafeExample, match=complaint):
        vowpal.predict(SHARED, candidates)
    with pytest.raises(UnsafeExample, match=complaint):
        vowpal.learn(SHARED, candidates, 0, cost=0.0, probability=0.5)


@pytest.mark.parametrize("chosen", [-1, 2])
def test_a_label_never_lands_outside_the_candidates(chosen: int) -> None:
    with pytest.raises(UnsafeExample, match="chosen index"):
        Vowpal(WEIGHTED).learn(SHARED, PAIR, chosen, cost=0.0, probability=0.5)


@pytest.mark.parametrize(
    "pmf",
    [[1.0], [0.5, 0.4], [1.5, -0.5], [math.nan, 1.0], [0.5, math.nan], [math.inf, 0.0], [1.0, 1.0]],
    ids=repr,
)
def test_what_is_not_a_pmf_never_leaves(pmf: list[float]) -> None:
    with pytest.raises(PolicyError):
        check_pmf(pmf, 2)
