"""Vowpal Wabbit as a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from engine.errors import ConfigError
from engine.policies.base import Policy
from engine.types import Candidate, TrainingExample
from engine.vowpal import Vowpal
from engine.vowpal_guards import MIN_PROBABILITY

DEFAULT_FLAGS = "--cb_explore_adf --squarecb --gamma_scale 10 --epsilon 0.02 -l 1 -q SA -b 20"


class VwPolicy(Policy):
    """Cost regression over pairs of context and action features, with SquareCB exploration by default.

    Foster and Rakhlin, "Beyond UCB: Optimal and Efficient Contextual Bandits with Regression Oracles" (2020); Bietti,
    Agarwal and Langford, "A Contextual Bandit Bake-off" (2021) for the alternatives.

    Args:
        flags: Vowpal Wabbit's flags; see ``engine.vowpal_flags``.
        label_probability: what the regression is told about the propensity. ``one`` learns unweighted: fewest turns,
            and a must for ``--squarecb``, which would treat the last candidate differently otherwise. ``true`` weights
            by 1 / propensity, at most 1,000: consistent where the features cannot express the truth, more variance.
        max_actions: most candidates in one request.

    Raises:
        ConfigError: flags that are refused, or ``true`` together with ``--squarecb``.
    """

    name = "vw"
    learns = True
    check_params = (
        {},
        {"flags": "--cb_explore_adf --epsilon 0.05 -q SA -b 18", "label_probability": "true"},
        {"flags": "--cb_explore_adf --bag 3 --epsilon 0.05 -q SA -b 18"},
        {"flags": "--cb_explore_adf --regcbopt --mellowness 0.001 -q SA -b 18"},
    )

    def __init__(
        self,
        flags: str = DEFAULT_FLAGS,
        label_probability: Literal["one", "true"] = "one",
        max_actions: int = 200,
    ) -> None:
        self.flags = flags
        self.label_probability = label_probability
        self.max_actions = max_actions
        self._vowpal = Vowpal(flags, max_actions=max_actions)
        if label_probability == "true" and self._vowpal.flags.squarecb:
            raise ConfigError("label_probability: true cannot be combined with --squarecb")

    @property
    def resumes_exactly(self) -> bool:
        return self._vowpal.flags.resumes_exactly

    def save(self, path: Path) -> None:
        self._vowpal.save(path)

    @classmethod
    def load(cls, path: Path, **params: Any) -> VwPolicy:
        policy = cls(**params)
        policy._vowpal.restore(path)
        return policy

    def contributions(self, shared: Mapping[str, float], candidate: Candidate) -> list[tuple[str, float]] | None:
        terms = self._vowpal.contributions(shared, candidate)
        return None if terms is None else [(name, -cost) for name, cost in terms]

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        return self._vowpal.predict(shared, candidates)

    def _learn(self, example: TrainingExample) -> float:
        """The loss is what Vowpal Wabbit's own driver reports: the cost × probability now / the label's probability."""
        probability = self._label_probability(example.propensity)
        now = self._vowpal.learn(
            example.shared,
            example.candidates,
            example.chosen,
            cost=-example.reward,
            probability=probability,
        )
        return -example.reward * now / max(MIN_PROBABILITY, probability)

    def _label_probability(self, propensity: float) -> float:
        """1 for every propensity that is one; others pass through, to be refused."""
        if self.label_probability == "one" and 0.0 < propensity <= 1.0:
            return 1.0
        return propensity
