"""Every policy there is keeps the contract; a new one is checked without being named here."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.policies import registry
from engine.policies.base import Policy
from engine.policies.checks import ContractBroken, Make, check_policy, checks_for
from engine.types import Candidate, TrainingExample


def _every_check_of_every_policy() -> list[Any]:
    return [
        pytest.param(partial(registry.build, name, params), check, id=f"{name}-{number}-{check.__name__}")
        for name, kind in registry.policies().items()
        for number, params in enumerate(kind.check_params)
        for check in checks_for(registry.build(name, params))
    ]


@pytest.mark.parametrize(("make", "check"), _every_check_of_every_policy())
def test_every_registered_policy_keeps_the_contract(make: Make, check: Callable[[Make], None]) -> None:
    check(make)


class _Broken(Policy):
    """Keeps the contract but for what a subclass breaks."""

    name = "broken"

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        return [1.0 / len(candidates)] * len(candidates)


class _FirstPlaceWins(_Broken):
    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        return [1.0, *[0.0] * (len(candidates) - 1)]


class _Restless(_Broken):
    asked = 0

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        self.asked += 1
        weights = [1.0 + self.asked, *[1.0] * (len(candidates) - 1)]
        return [weight / sum(weights) for weight in weights]


class _Secret(_Broken):
    """Says that it does not learn."""

    best: str | None = None

    def _learn(self, example: TrainingExample) -> None:
        self.best = example.candidates[example.chosen].id

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        weights = [2.0 if candidate.id == self.best else 1.0 for candidate in candidates]
        return [weight / sum(weights) for weight in weights]


class _Counter(_Broken):
    """Learns, saves and loads, but takes anything for a reward."""

    learns = True

    def __init__(self) -> None:
        self.rewards: dict[str, float] = {}

    def _learn(self, example: TrainingExample) -> None:
        id = example.candidates[example.chosen].id
        self.rewards[id] = self.rewards.get(id, 0.0) + example.reward

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        weights = [1.0 + self.rewards.get(candidate.id, 0.0) for candidate in candidates]
        return [weight / math.fsum(weights) for weight in weights]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.rewards, sort_keys=True))

    @classmethod
    def load(cls, path: Path, **params: Any) -> _Counter:
        policy = cls(**params)
        policy.rewards = json.loads(path.read_text())
        return policy


class _Forgetful(_Counter):
    @classmethod
    def load(cls, path: Path, **params: Any) -> _Forgetful:
        return cls(**params)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (_FirstPlaceWins, "reordering"),
        (_Restless, "asking twice"),
        (_Secret, "declares not to learn"),
        (_Forgetful, "loading changed the state"),
        (_Counter, "learned TrainingExample"),
    ],
)
def test_the_contract_notices_a_policy_that_breaks_it(make: Make, complaint: str) -> None:
    with pytest.raises(ContractBroken, match=complaint):
        check_policy(make)


def test_policies_of_the_package_are_found_and_test_doubles_are_not() -> None:
    assert {"baseline", "uniform", "vw"} <= set(registry.policies())
    assert "broken" not in registry.policies()
