"""What an experiment's results say: values with intervals, differences, ranks. Nothing is measured here.

Every number that a table or a page shows is made here, of the results alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from engine.stats.interval import CONFIDENCE, Interval
from simulator.compare.difference import NO_DIFFERENCE
from simulator.compare.holm import adjusted_p_values
from simulator.experiments.measured import Curve, Kind, Trust, Weighing
from simulator.experiments.measurements import Measurements
from simulator.experiments.results import Origin, Results
from simulator.replay.spread import Spread

POWERED = (NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(0.8)) / NormalDist().inv_cdf(0.975)
"""By how many margins a difference must exceed 0 to be seen with probability 0.8."""

LEAST_SETTINGS = 3
"""For the mean of ranks to have an interval."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A policy in one setting.

    Attributes:
        value: mean reward a decision over all seeds; ``None`` where it is not evaluable.
        interval: ``None`` where one seed says nothing of chance.
        lost: by how much the best candidates exceed it, a decision; worlds only.
        rank: 1 is the best; those that are not evaluable share the last.
        decisions: of one run, or rows of the log.
        parts: segment or day → how many decisions, and the mean reward of one.
        curve: regret summed over rounds; worlds only.
        shares: action → how often it is shown.
        weights: what importance weights leave of the log; ``None`` in worlds.
    """

    policy: str
    value: float | None
    interval: Interval | None
    lost: float | None
    rank: float
    decisions: int
    verdict: Trust
    reasons: tuple[str, ...]
    parts: Mapping[str, tuple[int, float]]
    curve: Curve
    shares: Mapping[str, float]
    weights: Weighing | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A policy against another one, in one setting, on the same rounds or rows.

    Attributes:
        difference: reward a decision; ``interval`` is its own, ``p_value`` is adjusted for all that were compared.
    """

    policy: str
    reference: str
    difference: float
    interval: Interval
    p_value: float

    @property
    def more(self) -> float | None:
        """How many times as much as there was it would take to see such a difference, with probability 0.8.

        ``None`` where it was seen, or there is none. See ``simulator.compare.needed``.
        """
        margin = self.interval.width / 2.0
        if self.words != NO_DIFFERENCE or not self.difference or not margin:
            return None
        return max(1.0, (margin * POWERED / abs(self.difference)) ** 2)

    @property
    def words(self) -> str:
        """``better``, ``worse`` or ``no significant difference``."""
        if self.p_value >= 1.0 - self.interval.confidence:
            return NO_DIFFERENCE
        return "better" if self.difference > 0.0 else "worse"


@dataclass(frozen=True, slots=True)
class Place:
    """A world or a log.

    Attributes:
        standings: the best first.
        against: every other policy against the reference; none where there is nothing to compare.
        pairs: every policy against every other, adjusted for all pairs.
    """

    setting: str
    kind: Kind
    standings: tuple[Standing, ...]
    against: tuple[Comparison, ...]
    pairs: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A policy over all settings.

    Attributes:
        value: mean of its values; ``None`` where one is not evaluable.
        interval: of the mean rank, over settings; ``None`` where they are few.
    """

    policy: str
    rank: float
    interval: Interval | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """All of it; rankings best first, none where there is one setting."""

    origin: Origin
    seeds: int
    places: tuple[Place, ...]
    rankings: tuple[Ranking, ...]

    @property
    def verdict(self) -> Trust:
        """The worst there is."""
        order: Sequence[Trust] = ("trust", "caution", "not evaluable")
        return max((each.verdict for place in self.places for each in place.standings), key=order.index)


def summary(results: Results, confidence: float = CONFIDENCE) -> Summary:
    """Of results."""
    measured = Measurements.of(results)
    reference = results.origin.reference
    places = tuple(_place(setting, measured, reference, confidence) for setting in measured.settings)
    rankings = tuple(_rankings(places, measured.policies, confidence)) if len(places) > 1 else ()
    return Summary(results.origin, len(measured.seeds), places, rankings)


def _place(setting: str, measured: Measurements, reference: str, confidence: float) -> Place:
    standings = [_standing(setting, policy, measured, confidence) for policy in measured.policies]
    known = [each.policy for each in standings if each.value is not None]
    ranked = sorted(_ranked(standings), key=lambda each: (each.rank, each.policy))
    pairs = [(a, b) for place, a in enumerate(known) for b in known[:place]]
    against = [(policy, reference) for policy in known if policy != reference and reference in known]
    return Place(
        setting,
        measured.kind(setting),
        tuple(ranked),
        tuple(_compared(setting, against, measured, confidence)),
        tuple(_compared(setting, pairs, measured, confidence)),
    )


def _standing(setting: str, policy: str, measured: Measurements, confidence: float) -> Standing:
    cells = measured.of_policy(setting, policy)
    worst = max(cells, key=lambda cell: ("trust", "caution", "not evaluable").index(cell.verdict))
    value = None if worst.verdict == "not evaluable" else measured.value(setting, policy)
    spread = None if value is None else measured.spread(setting, policy)
    interval = spread.interval(value, measured.units(setting), confidence) if value is not None and spread else None
    best = [cell.best for cell in cells if cell.best is not None]
    lost = float(np.mean(best)) - value if best and value is not None else None
    decisions = cells[0].whole.decisions
    return Standing(
        policy=policy,
        value=value,
        interval=interval,
        lost=lost,
        rank=0.0,
        decisions=decisions,
        verdict=worst.verdict,
        reasons=worst.reasons,
        parts=measured.parts(setting, policy),
        curve=measured.curve(setting, policy),
        shares=measured.shares(setting, policy),
        weights=measured.weights(setting, policy),
    )


def _ranked(standings: Sequence[Standing]) -> Iterator[Standing]:
    """Equal values share the mean of their ranks."""
    values = np.array([-np.inf if each.value is None else each.value for each in standings])
    for each, value in zip(standings, values, strict=True):
        yield replace(each, rank=float((values > value).sum() + ((values == value).sum() + 1) / 2))


def _compared(
    setting: str, pairs: Sequence[tuple[str, str]], measured: Measurements, confidence: float
) -> Iterator[Comparison]:
    found = []
    for policy, reference in pairs:
        value, spread = measured.difference(setting, policy, reference)
        if spread is None:
            return
        interval = spread.interval(value, measured.units(setting), confidence)
        found.append(Comparison(policy, reference, value, interval, spread.p_value(value)))
    adjusted = adjusted_p_values(np.array([each.p_value for each in found]))
    for each, p_value in zip(found, adjusted.tolist(), strict=True):
        yield replace(each, p_value=p_value)


def _rankings(places: Sequence[Place], policies: Sequence[str], confidence: float) -> Iterator[Ranking]:
    found = []
    for policy in policies:
        standings = [each for place in places for each in place.standings if each.policy == policy]
        ranks = np.array([each.rank for each in standings])
        values = [each.value for each in standings if each.value is not None]
        value = float(np.mean(values)) if len(values) == len(standings) else None
        found.append(Ranking(policy, float(ranks.mean()), _of_ranks(ranks, confidence), value))
    yield from sorted(found, key=lambda each: (each.rank, each.policy))


def _of_ranks(ranks: np.ndarray, confidence: float) -> Interval | None:
    if len(ranks) < LEAST_SETTINGS:
        return None
    spread = Spread(0.0, 1.0, float(ranks.var(ddof=1)) / len(ranks), len(ranks) - 1.0)
    return spread.interval(float(ranks.mean()), len(ranks), confidence)
