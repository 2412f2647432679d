"""A shop whose customers respond by a known law: what every action would have earned, exactly.

The law is logistic in the action features of the bot's own configuration (``tastes``), so any catalogue will do.
Metrics with a positive weight are the steps of a funnel, the least weight first: bought only if clicked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from engine.config import ActionSpec, Config, RewardSpec
from engine.reward import contribution, reward
from features.vector import Scalar
from simulator.worlds.customers import Customer, make_customers
from simulator.worlds.situation import Situation, any_situation, facets_of
from simulator.worlds.tastes import Appeal, Facets, Tastes, total

NEXT_STEP = 0.5
CALIBRATION_CUSTOMERS = 300
BASE_RATE: Mapping[str, float] = {"greeting": 0.28, "offer": 0.16, "recommendation": 0.16}
OTHER_BASE_RATE = 0.2
"""Mean probability of the first step if actions are shown at random."""


class ShopWorld:
    """Customers and their law of response. The same configuration and seed give the same world."""

    def __init__(self, config: Config, *, seed: int) -> None:
        self.categories = categories_of(config)
        self._seed = seed
        self._placements = config.placements
        self._tastes = Tastes(seed)
        self._actions = {name: {a.id: a for a in spec.actions} for name, spec in config.placements.items()}
        self._traits = {name: _traits(spec.actions) for name, spec in config.placements.items()}
        self._steps = {name: _steps(spec.reward) for name, spec in config.placements.items()}
        self._appeals: dict[tuple[str, str, str, str], Appeal] = {}
        self._base: dict[str, float] = {}
        for name in config.placements:
            self._base[name] = self._calibrated(name)

    def customers(self, count: int, *, now_unix: int) -> list[Customer]:
        """``count`` customers of this shop."""
        return make_customers(count, seed=self._seed, categories=self.categories, now_unix=now_unix)

    def probability(
        self, customer: Customer, situation: Situation, placement: str, action: str, more: float = 0.0
    ) -> float:
        """Of the first step of the placement's funnel; ``more`` is added to its log-odds."""
        log_odds = self._base[placement] + customer.eagerness + more
        return _logistic(log_odds + self._score(facets_of(customer, situation), situation, placement, action))

    def expected_reward(self, customer: Customer, situation: Situation, placement: str, action: str) -> float:
        """Mean reward of showing this action, in the placement's own units, its cost included."""
        return self.mean_reward(placement, action, self.probability(customer, situation, placement, action))

    def mean_reward(self, placement: str, action: str, probability: float) -> float:
        """The same, if the first step of the funnel has this probability."""
        reached, steps = probability, self._steps[placement]
        mean = (1.0 - reached) * self.reward(placement, action, ())
        for count in range(1, len(steps) + 1):
            goes_on = NEXT_STEP if count < len(steps) else 0.0
            mean += reached * (1.0 - goes_on) * self.reward(placement, action, steps[:count])
            reached *= goes_on
        return mean

    def best(
        self, customer: Customer, situation: Situation, placement: str, candidates: Sequence[str]
    ) -> tuple[str, float]:
        """The candidate with the greatest expected reward, and that reward."""
        rewards = {action: self.expected_reward(customer, situation, placement, action) for action in candidates}
        action = max(rewards, key=rewards.__getitem__)
        return action, rewards[action]

    def respond(
        self, customer: Customer, situation: Situation, placement: str, action: str, rng: np.random.Generator
    ) -> tuple[str, ...]:
        """The metrics that follow from showing this action, in the order of their happening."""
        probability = self.probability(customer, situation, placement, action)
        return self.followed(placement, probability, rng.random(self.steps(placement)).tolist())

    def steps(self, placement: str) -> int:
        """How many steps the placement's funnel has."""
        return len(self._steps[placement])

    def followed(self, placement: str, probability: float, luck: Sequence[float]) -> tuple[str, ...]:
        """The metrics that follow if the first step has this probability, by the luck in [0, 1) of each step."""
        steps, happened = self._steps[placement], 0
        while happened < len(steps) and luck[happened] < probability:
            probability, happened = NEXT_STEP, happened + 1
        return steps[:happened]

    def reward(self, placement: str, action: str, metrics: Sequence[str]) -> float:
        """What the engine will make of these metrics, each with value 1."""
        spec = self._placements[placement].reward
        counted = [earned for metric in metrics if (earned := contribution(spec, metric, 1.0)) is not None]
        cost = self._actions[placement][action].cost if spec.cost_on in metrics else 0.0
        return reward(spec, counted, cost)

    def _score(self, facets: Facets, situation: Situation, placement: str, action: str) -> float:
        return total([self._appeal(placement, action, *taste) for taste in facets.items()], situation.progress)

    def _appeal(self, placement: str, action: str, facet: str, taste: str) -> Appeal:
        key = (placement, action, facet, taste)
        if key not in self._appeals:
            self._appeals[key] = self._tastes.appeal(placement, self._traits[placement][action], facet, taste)
        return self._appeals[key]

    def _calibrated(self, placement: str) -> float:
        """The constant that makes the mean probability over everything a uniform choice shows the base rate."""
        scores = np.array(
            [self._score(*moment, placement, a) for moment in self._sample() for a in self._actions[placement]]
        )
        wanted, low, high = BASE_RATE.get(placement, OTHER_BASE_RATE), -20.0, 20.0
        for _ in range(40):
            middle = (low + high) / 2.0
            too_low = float((1.0 / (1.0 + np.exp(-(scores + middle)))).mean()) < wanted
            low, high = (middle, high) if too_low else (low, middle)
        return (low + high) / 2.0

    def _sample(self) -> list[tuple[Facets, Situation]]:
        rng = np.random.default_rng([self._seed, 2])
        customers = self.customers(CALIBRATION_CUSTOMERS, now_unix=0)
        moments = [(customer, any_situation(rng, self.categories)) for customer in customers]
        return [(facets_of(customer, situation), situation) for customer, situation in moments]


def categories_of(config: Config) -> tuple[str, ...]:
    """Every ``category`` that one can be fond of: of an action without a rule, sorted."""
    actions = [action for placement in config.placements.values() for action in placement.actions]
    found = {action.features.get("category") for action in actions if action.eligible is None}
    return tuple(sorted(value for value in found if isinstance(value, str))) or ("everything",)


def _steps(spec: RewardSpec) -> tuple[str, ...]:
    return tuple(sorted((name for name, weight in spec.metrics.items() if weight > 0.0), key=spec.metrics.__getitem__))


def _traits(actions: Sequence[ActionSpec]) -> dict[str, dict[str, Scalar]]:
    """Action → features, with numbers as parts of the greatest of their name in the catalogue."""
    greatest: dict[str, float] = {}
    for action in actions:
        for name, value in action.features.items():
            if not isinstance(value, str):
                greatest[name] = max(greatest.get(name, 0.0), abs(float(value)))
    return {
        action.id: {name: _part(value, greatest.get(name, 0.0)) for name, value in action.features.items()}
        for action in actions
    }


def _part(value: Scalar, greatest: float) -> Scalar:
    return value if isinstance(value, str) or greatest == 0.0 else float(value) / greatest


def _logistic(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))
