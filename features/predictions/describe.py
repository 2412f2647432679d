"""What a segment is, in words: in what its users differ most from everybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from features.predictions.space import MISSING, Axis, CategoryAxis, NumberAxis
from features.predictions.table import Categories, Column, Ints, Mask, Numbers, Table

MOST_TRAITS = 5
NAMED_TRAITS = 3
LEAST_DIFFERENCE = 0.3
GREAT_DIFFERENCE = 1.0
MOSTLY, NEARLY_ALL = 0.5, 0.9
KNOWN = "(known)"
LIKE_EVERYBODY = "like everybody"


class Trait(msgspec.Struct, frozen=True, kw_only=True):
    """One difference.

    Attributes:
        difference: of the segment's mean, or share, from everybody's, in standard deviations.
        words: what to call it.
        here, all: the mean or share in the segment, and that of everybody, as text.
    """

    feature: str
    difference: float
    words: str
    here: str
    all: str


def traits_of(axes: Sequence[Axis], table: Table, labels: Ints, segment: int) -> list[Trait]:
    """The largest differences of a segment from the whole, the largest first."""
    inside = labels == segment
    columns = table.of([axis.name for axis in axes])
    found = [trait for axis, column in zip(axes, columns, strict=True) for trait in _differences(axis, column, inside)]
    told = sorted((t for t in found if abs(t.difference) >= LEAST_DIFFERENCE), key=lambda t: -abs(t.difference))
    return told[:MOST_TRAITS]


def title_of(traits: Sequence[Trait]) -> str:
    """A segment in a few words."""
    return ", ".join(trait.words for trait in traits[:NAMED_TRAITS]) or LIKE_EVERYBODY


def _differences(axis: Axis, column: Column, inside: Mask) -> Iterator[Trait]:
    if isinstance(axis, NumberAxis):
        assert isinstance(column, Numbers)
        yield from _of_number(axis, column, inside)
    else:
        assert isinstance(column, Categories)
        yield from _of_category(axis, column, inside)


def _of_number(axis: NumberAxis, column: Numbers, inside: Mask) -> Iterator[Trait]:
    known = column.values[inside & ~np.isnan(column.values)]
    if axis.missing:
        yield _knowing(axis, len(known) / max(1, int(inside.sum())))
    if not len(known):
        return
    seen = np.log1p(known) if axis.log else known
    difference = float(seen.mean() - axis.mean) / axis.deviation
    strength = ("very " if abs(difference) >= GREAT_DIFFERENCE else "") + ("high" if difference > 0 else "low")
    yield Trait(
        feature=axis.name,
        difference=difference,
        words=f"{strength} {axis.label}",
        here=_amount(float(known.mean())),
        all=_amount(float(np.nanmean(column.values))),
    )


def _of_category(axis: CategoryAxis, column: Categories, inside: Mask) -> Iterator[Trait]:
    """One for a category: its most telling level; the others follow from it."""
    held = axis.held(column)[inside]
    shares = np.bincount(held[held >= 0], minlength=axis.width) / max(1, len(held))
    traits = [_share_trait(axis, *level) for level in zip(axis.levels, shares.tolist(), axis.shares, strict=True)]
    yield max(traits, key=lambda trait: trait.difference)


def _knowing(axis: NumberAxis, known: float) -> Trait:
    """How many it is known of, or not known: what there is more of."""
    if known > 1 - axis.missing:
        return _share_trait(axis, KNOWN, known, 1 - axis.missing)
    return _share_trait(axis, MISSING, 1 - known, axis.missing)


def _share_trait(axis: Axis, level: str, share: float, of_all: float) -> Trait:
    difference = (share - of_all) / (of_all * (1 - of_all)) ** 0.5
    how = (
        "seldom" if difference < 0 else "nearly all" if share >= NEARLY_ALL else "mostly" if share >= MOSTLY else "more"
    )
    return Trait(
        feature=axis.name,
        difference=difference,
        words=f"{how} {axis.label} {level}",
        here=f"{share:.0%} {level}",
        all=f"{of_all:.0%}",
    )


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
