"""What values the features of a stream of decisions have, in memory that does not grow with it."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from features.listing import Listed
from features.observed import Knowing, Observed
from features.vector import Scalar

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
KEPT_NUMBERS = 4_096
KEPT_VALUES = 1_000
TOP_VALUES = 10
SEED = 1


class FeatureStats(msgspec.Struct, frozen=True, kw_only=True):
    """One feature.

    Attributes:
        asked: decisions in which it was asked for, and the store answered.
        missing, stale: as shares of those.
        outside: of the known values, the share that is not in the declared range or vocabulary.
        mean, sd: of numbers; of truth values the share that is true.
        quantiles: at 0, 5, 25, 50, 75, 95 and 100 %. Of more than 4,096 numbers all but the ends are those of as many,
            drawn at random.
        distinct: different values; ``distinct_is_least`` if there may be more, and shares in ``top`` be greater.
        top: the most frequent values with their shares; none where the values are about persons.
    """

    feature: str
    owner: str
    asked: int
    missing: float
    stale: float
    outside: float
    mean: float | None = None
    sd: float | None = None
    quantiles: tuple[float, ...] = ()
    distinct: int | None = None
    distinct_is_least: bool = False
    top: tuple[tuple[str, float], ...] = ()


def stats_of(listed: Sequence[Listed], decisions: Iterable[Observed], *, reveal: bool = False) -> list[FeatureStats]:
    """Statistics of every listed feature that was asked for at all.

    Args:
        reveal: tell values that are about persons, too.
    """
    knowing, gathered = Knowing(listed), [_Gathered(each) for each in listed]
    for decision in decisions:
        for each in gathered:
            each.add(knowing(each.listed, decision), decision)
    return [each.told(reveal=reveal) for each in gathered if each.asked]


class _Gathered:
    """What is kept of one feature."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self.asked = self._missing = self._stale = self._outside = 0
        self._numbers = _Numbers()
        self._values = _Values()

    def add(self, knowledge: str, decision: Observed) -> None:
        if knowledge == "not asked":
            return
        self.asked += 1
        self._stale += knowledge == "stale"
        if knowledge == "missing":
            self._missing += 1
            return
        value = decision.values[self.listed.name]
        self._outside += not _is_expected(self.listed, value)
        if isinstance(value, str):
            self._values.add(value)
        else:
            self._numbers.add(float(value))

    def told(self, *, reveal: bool) -> FeatureStats:
        numbers, values, feature = self._numbers, self._values, self.listed.feature
        known = self.asked - self._missing
        told = reveal or not (feature.render_only or feature.free_text or feature.sensitivity != "none")
        return FeatureStats(
            feature=self.listed.name,
            owner=feature.owner,
            asked=self.asked,
            missing=self._missing / self.asked,
            stale=self._stale / self.asked,
            outside=self._outside / max(1, known),
            mean=numbers.mean if numbers.n else None,
            sd=math.sqrt(numbers.m2 / numbers.n) if numbers.n else None,
            quantiles=numbers.quantiles() if numbers.n and feature.type != "bool" else (),
            distinct=values.distinct if values.n else None,
            distinct_is_least=values.was_pruned,
            top=values.top() if told else (),
        )


class _Numbers:
    """Mean and deviation (B. P. Welford, Technometrics 4, 1962), and a random sample (J. S. Vitter, 1985)."""

    def __init__(self) -> None:
        self.n = 0
        self.mean = self.m2 = 0.0
        self._least, self._greatest = math.inf, -math.inf
        self._kept: list[float] = []
        self._random = random.Random(SEED)

    def add(self, number: float) -> None:
        self.n += 1
        distance = number - self.mean
        self.mean += distance / self.n
        self.m2 += distance * (number - self.mean)
        self._least, self._greatest = min(self._least, number), max(self._greatest, number)
        if len(self._kept) < KEPT_NUMBERS:
            self._kept.append(number)
        elif (place := self._random.randrange(self.n)) < KEPT_NUMBERS:
            self._kept[place] = number

    def quantiles(self) -> tuple[float, ...]:
        inner = np.quantile(self._kept, QUANTILES[1:-1])
        return (self._least, *(float(number) for number in inner), self._greatest)


class _Values:
    """Counts of the most frequent values; where there are too many the rarest are forgotten, and counted too low."""

    def __init__(self) -> None:
        self.n = 0
        self.distinct = 0
        self.was_pruned = False
        self._counts: Counter[str] = Counter()

    def add(self, value: str) -> None:
        self.n += 1
        self._counts[value] += 1
        self.distinct = max(self.distinct, len(self._counts))
        if len(self._counts) > 2 * KEPT_VALUES:
            self._counts = Counter(dict(self._counts.most_common(KEPT_VALUES)))
            self.was_pruned = True

    def top(self) -> tuple[tuple[str, float], ...]:
        return tuple((value, count / self.n) for value, count in self._counts.most_common(TOP_VALUES))


def _is_expected(each: Listed, value: Scalar) -> bool:
    feature = each.feature
    if feature.vocabulary:
        return value in feature.vocabulary
    if feature.range is None or isinstance(value, str):
        return True
    return feature.range[0] <= value <= feature.range[1]
