"""How full the columns of a loaded file were, feature by feature, and what stands in where they were not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from features.plan import PlannedFeature


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One feature of a loaded file.

    Attributes:
        present, missing: rows that had a value, and rows that had none.
        unexpected: of those present, how many are outside the declared range or vocabulary. They are loaded; policies
            see a text that is not in its vocabulary as an unknown one.
        instead: what stands in, to policies, where nothing is known.
    """

    feature: str
    present: int
    missing: int
    unexpected: int
    instead: str


class Fills:
    """Counts while batches go by."""

    def __init__(self, features: Iterable[PlannedFeature]) -> None:
        self._features = tuple(features)
        self._rows = 0
        self._present = dict.fromkeys((feature.name for feature in self._features), 0)
        self._unexpected = dict(self._present)

    def count(self, rows: int, values: Mapping[str, pa.Array]) -> None:
        """Another batch: feature → its values."""
        self._rows += rows
        for feature in self._features:
            column = values[feature.name]
            self._present[feature.name] += len(column) - column.null_count
            self._unexpected[feature.name] += _unexpected(feature, column)

    def told(self) -> list[Fill]:
        """So far."""
        return [self._told(feature) for feature in self._features]

    def _told(self, feature: PlannedFeature) -> Fill:
        present = self._present[feature.name]
        unexpected = self._unexpected[feature.name]
        missing = self._rows - present
        return Fill(
            feature=feature.name, present=present, missing=missing, unexpected=unexpected, instead=instead_of(feature)
        )


def instead_of(feature: PlannedFeature) -> str:
    """What stands in for a feature that is not known, in words."""
    return "the mean so far" if feature.impute == "mean" else f"the default, {feature.default!r}"


def _unexpected(feature: PlannedFeature, column: pa.Array) -> int:
    if feature.range is not None:
        least, greatest = feature.range
        outside = pc.or_(pc.less(column, least), pc.greater(column, greatest))
    elif feature.vocabulary:
        outside = pc.and_(pc.is_valid(column), pc.invert(pc.is_in(column, pa.array(feature.vocabulary))))
    else:
        return 0
    return int(pc.sum(outside).as_py() or 0)
