"""Intervals that hold at every moment at once, so that one may look, and stop, whenever one likes.

S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences",
Annals of Statistics 49 (2021), proposition 9 (gamma-exponential mixture), for importance-weighted rewards as in
I. Waudby-Smith, L. Wu, A. Ramdas, N. Karampatziakis, P. Mineiro, "Anytime-valid off-policy inference for contextual
bandits" (2022). Weights need no upper bound: both ends are lower bounds, of a reward and of what is missing to the
greatest one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.errors import NotEvaluable
from engine.stats.interval import CONFIDENCE, Interval, require_confidence
from engine.stats.weighted import Array, Range

KIND = "confidence_sequence"
EARLY = 10.0
"""The mixture's parameter: greater makes intervals narrower late and wider early."""

_CENTRE = 0.5
"""What is guessed of the mean before anything is seen."""


@dataclass(frozen=True, slots=True)
class LowerSequence:
    """Numbers, none negative, in the order in which they came, and a bound below their mean at every moment.

    Attributes:
        total: their sum.
        squares: of how far each was from the mean of those before it.
    """

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def extended(self, numbers: Array) -> LowerSequence:
        """With more numbers, in order. Raises ``NotEvaluable`` if one is negative, or not a number."""
        if not len(numbers):
            return self
        if not float(numbers.min()) >= 0.0:
            raise NotEvaluable(f"number {int(numbers.argmin())} of the sequence is {numbers.min()}")
        totals = self.total + np.cumsum(numbers)
        before = np.concatenate([[self.total], totals[:-1]])
        guesses = np.minimum((before + _CENTRE) / (self.n + 1.0 + np.arange(len(numbers))), 1.0)
        away = numbers - guesses
        return LowerSequence(self.n + len(numbers), float(totals[-1]), self.squares + float(away @ away))

    def bound(self, error: float, *, early: float = EARLY) -> float:
        """The mean is never below it, at any moment, but with probability ``error``. 0 before anything is seen."""
        from scipy.optimize import brentq  # slow to import

        if self.n == 0 or self._evidence(0.0, early) <= -math.log(error):
            return 0.0
        mean = self.total / self.n
        return float(brentq(lambda guess: self._evidence(guess, early) + math.log(error), 0.0, mean))

    def _evidence(self, guess: float, early: float) -> float:
        """Logarithm of what a gambler would have made, starting with 1, if the mean were ``guess`` or less."""
        from scipy.special import gammainc, gammaln  # slow to import

        excess, spread = self.total - self.n * guess, self.squares + early
        return float(
            excess
            + self.squares
            + early * math.log(early)
            - spread * math.log(excess + spread)
            + (math.log(gammainc(spread, excess + spread)) + gammaln(spread))
            - (math.log(gammainc(early, early)) + gammaln(early))
        )


@dataclass(frozen=True, slots=True)
class ConfidenceSequence:
    """A policy's value, from rows in the order in which they came.

    Attributes:
        rewards: least and greatest reward there can be.
    """

    rewards: Range
    earned: LowerSequence = LowerSequence()
    missed: LowerSequence = LowerSequence()

    def extended(self, weights: Array, rewards: Array) -> ConfidenceSequence:
        """With more rows. Raises ``NotEvaluable`` for a negative weight, or a reward that cannot be."""
        share = _shares(rewards, self.rewards)
        return ConfidenceSequence(
            self.rewards, self.earned.extended(weights * share), self.missed.extended(weights * (1.0 - share))
        )

    def interval(self, confidence: float = CONFIDENCE, *, early: float = EARLY) -> Interval:
        """What holds now, and at every other moment, with this confidence. Raises ``NotEvaluable`` without rows."""
        low, high = _ends(self.earned, self.missed, confidence, early)
        least, greatest = self.rewards
        size = greatest - least
        found = Interval(least + size * low, greatest - size * high, confidence, KIND, self.earned.n)
        return found.within(least, greatest)


@dataclass(frozen=True, slots=True)
class DifferenceSequence:
    """How much more one policy earns than another, from the same rows in the order in which they came.

    Attributes:
        rewards: least and greatest reward there can be.
    """

    rewards: Range
    ours: LowerSequence = LowerSequence()
    theirs: LowerSequence = LowerSequence()

    def extended(self, ours: Array, theirs: Array, rewards: Array) -> DifferenceSequence:
        """With more rows: the weights of both policies, and the rewards. Raises like ``ConfidenceSequence``."""
        share = _shares(rewards, self.rewards)
        missed = 1.0 - share
        return DifferenceSequence(
            self.rewards,
            self.ours.extended(ours * share + theirs * missed),
            self.theirs.extended(theirs * share + ours * missed),
        )

    def interval(self, confidence: float = CONFIDENCE, *, early: float = EARLY) -> Interval:
        """What holds now, and at every other moment, with this confidence. Raises ``NotEvaluable`` without rows."""
        low, high = _ends(self.ours, self.theirs, confidence, early)
        size = self.rewards.high - self.rewards.low
        found = Interval(size * (low - 1.0), size * (1.0 - high), confidence, KIND, self.ours.n)
        return found.within(-size, size)


def _shares(rewards: Array, declared: Range) -> Array:
    """Rewards in parts of the declared range."""
    if not declared.low < declared.high:
        raise NotEvaluable(f"rewards from {declared.low} to {declared.high} are all the same")
    if len(rewards):
        declared.require("reward", float(rewards.min()), float(rewards.max()))
    return (rewards - declared.low) / (declared.high - declared.low)


def _ends(below: LowerSequence, above: LowerSequence, confidence: float, early: float) -> tuple[float, float]:
    require_confidence(confidence)
    if below.n == 0:
        raise NotEvaluable("there are no rows")
    error = (1.0 - confidence) / 2.0
    return below.bound(error, early=early), above.bound(error, early=early)
