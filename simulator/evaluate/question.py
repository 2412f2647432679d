"""What is asked of a log."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import ConfigError
from engine.stats import delta, empirical_likelihood
from engine.stats.interval import CONFIDENCE
from engine.stats.weighted import Range
from simulator.ope.estimate import INTERVALS, WEIGHTS_ALONE
from simulator.ope.registry import estimators

DEFAULT = ("ips", "snips", "dr")


@dataclass(frozen=True, slots=True)
class Question:
    """Which estimators, with which intervals.

    Attributes:
        estimators: their names.
        interval: its kind; if ``None``, empirical likelihood where the estimator and a declared range of rewards allow
            it, else the delta method.
        rewards: least and greatest reward there can be, if declared.
        seed: of resamples.

    Raises:
        ConfigError: an unknown estimator or kind of interval, a confidence or a range that is none.
    """

    estimators: tuple[str, ...] = DEFAULT
    interval: str | None = None
    rewards: Range | None = None
    confidence: float = CONFIDENCE
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.estimators if name not in estimators()]
        if unknown or not self.estimators:
            raise ConfigError(f"estimators: expected some of {', '.join(estimators())}, found {', '.join(unknown)}")
        if self.interval is not None and self.interval not in INTERVALS:
            raise ConfigError(f"interval: expected one of {', '.join(INTERVALS)}, found {self.interval}")
        if not 0.0 < self.confidence < 1.0:
            raise ConfigError(f"confidence: expected a number between 0 and 1, found {self.confidence}")
        if self.rewards is not None and not self.rewards.low < self.rewards.high:
            raise ConfigError(f"rewards: expected the least and the greatest one, found {tuple(self.rewards)}")

    @property
    def needs_model(self) -> bool:
        """Whether a reward model has to be fitted."""
        return any(estimators()[name].needs_model for name in self.estimators)

    def kind_for(self, estimator: str) -> str:
        """The kind of interval that this estimator gets."""
        if self.interval is not None:
            return self.interval
        likely = self.rewards is not None and estimator in WEIGHTS_ALONE
        return empirical_likelihood.KIND if likely else delta.KIND
