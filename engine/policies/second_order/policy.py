"""The second engine: learns from the fewest turns, and knows its probabilities exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.errors import ConfigError
from engine.policies.counts import exact_pmf
from engine.policies.learned_state import Part
from engine.policies.parameters import check_positive, check_share
from engine.policies.persistent import PersistentPolicy
from engine.policies.safe_example import check_example, check_question
from engine.policies.second_order.best import probability_of_best
from engine.policies.second_order.model import Model
from engine.policies.second_order.rows import MOST_ARMS
from engine.types import Candidate, TrainingExample

MOST_SLOTS = 512
LEAST_SLOTS = 8


class SecondOrderPolicy(PersistentPolicy):
    """Bayesian linear regressions, mixed by how well they forecast; Thompson sampling's probabilities without drawing.

    Learns rewards, not propensities. The same records give the same bytes on machines whose processors have the same
    vector instructions, with any number of threads.

    Args:
        prior: precision of an arm's weights before anything is learned: greater believes the first rewards less.
        exploration: standard deviations by which an arm is believed to be better or worse than forecast.
        floor: ``floor`` / K is the least probability of each of K candidates.
        alarm: by how many standard errors rewards must fall below forecasts for what was learned to be doubted;
            ``None`` never doubts.
        slots: most context features that are learned together with their covariances; further ones are learned, too,
            each for itself. Time and memory grow with its square.
        max_actions: most candidates in one request.

    Raises:
        ConfigError: a parameter outside its range.
    """

    name = "second_order"
    check_params = ({}, {"prior": 1.0, "alarm": None, "floor": 0.05}, {"slots": 8})

    def __init__(
        self,
        prior: float = 0.1,
        exploration: float = 0.07,
        floor: float = 0.02,
        alarm: float | None = 4.0,
        slots: int = 128,
        max_actions: int = 200,
    ) -> None:
        check_positive(
            prior=prior, exploration=exploration, alarm=1.0 if alarm is None else alarm, max_actions=max_actions
        )
        check_share(floor=floor)
        if not LEAST_SLOTS <= slots <= MOST_SLOTS:
            raise ConfigError(f"slots is {slots}: expected a number from {LEAST_SLOTS} to {MOST_SLOTS}")
        self.prior = prior
        self.exploration = exploration
        self.floor = floor
        self.alarm = alarm
        self.slots = slots
        self.max_actions = max_actions
        self._model = Model(prior, slots, alarm, max(MOST_ARMS, max_actions))

    @property
    def alarms(self) -> int:
        return self._model.alarm.fired

    def contributions(self, shared: Mapping[str, float], candidate: Candidate) -> list[tuple[str, float]] | None:
        """How much less the candidate would be expected to earn without each feature and its pairs with others."""
        whole = self._expected(shared, candidate)
        lost = {name: whole - self._expected(_without(shared, name), candidate) for name in shared}
        for name in candidate.features:
            bare = replace(candidate, features=_without(candidate.features, name))
            lost[name] = whole - self._expected(shared, bare)
        return sorted(lost.items(), key=lambda term: -abs(term[1]))

    def _expected(self, shared: Mapping[str, float], candidate: Candidate) -> float:
        means, _ = self._model.forecast(shared, [candidate])
        return float(means[0])

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        check_question(shared, candidates, self.max_actions)
        means, deviations = self._model.forecast(shared, candidates)
        return exact_pmf(probability_of_best(means, self.exploration * deviations), self.floor)

    def _learn(self, example: TrainingExample) -> float:
        """The loss is the squared error of the forecast."""
        check_example(example, self.max_actions)
        return self._model.learn(example.shared, example.candidates, example.chosen, example.reward)

    @property
    def _parts(self) -> list[Part]:
        return self._model.parts

    def _restore(self, parts: Sequence[Part]) -> None:
        self._model.restore(parts)


def _without(features: Mapping[str, float], name: str) -> dict[str, float]:
    return {other: value for other, value in features.items() if other != name}
