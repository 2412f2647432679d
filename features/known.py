"""What is known of one person: every row, how old it is, and what policies see of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from features.assemble import Assembler
from features.listing import Listed, listing
from features.page import by_view, read_by
from features.plan import Plan
from features.vector import MISSING_ROW, FeatureVector, Freshness, Scalar, ViewRow


class KnownFeature(msgspec.Struct, frozen=True, kw_only=True):
    """One feature.

    Attributes:
        value: ``None`` if it is not known, or not to be told (``hidden``).
        known: False if it is not in its row, is older than it may get, or is for a purpose that was not agreed to.
        policies: what they see of it.
    """

    feature: str
    value: Scalar | None
    hidden: bool
    known: bool
    policies: str
    owner: str


class KnownView(msgspec.Struct, frozen=True, kw_only=True):
    """One view; a derived one has no row, and neither time nor freshness."""

    view: str
    freshness: Freshness | None
    timestamp_us: int | None
    age_us: int | None
    features: tuple[KnownFeature, ...]


def known_of(
    plan: Plan,
    rows: Mapping[str, ViewRow],
    now_us: int,
    *,
    purposes: Collection[str] | None = None,
    reveal: bool = False,
) -> list[KnownView]:
    """Every view but what comes with a request.

    Args:
        rows: view → row; views that are not there were not asked for, and are left out.
        purposes: what the person agreed to; everything by default.
        reveal: tell values that are personal, sensitive or for templates only, too.
    """
    vector = Assembler(plan, None)(rows, {}, now_us, purposes)
    views = []
    for view, listed in by_view(listing(plan)):
        if view.name in rows or view.kind == "derived":
            row = rows.get(view.name)
            told = tuple(_known(each, row, vector, reveal=reveal) for each in listed)
            stamp = row.timestamp_us if row is not None else None
            age = None if stamp is None else now_us - stamp
            freshness = row.freshness if row is not None else None
            views.append(KnownView(view=view.name, freshness=freshness, timestamp_us=stamp, age_us=age, features=told))
    return views


def _known(each: Listed, row: ViewRow | None, vector: FeatureVector, *, reveal: bool) -> KnownFeature:
    value = vector.values.get(each.name, vector.render_only.get(each.name))
    is_known = row is None or _is_used(each, row, vector)
    private = each.feature.render_only or each.feature.sensitivity != "none"
    hidden = is_known and private and not reveal
    return KnownFeature(
        feature=each.name,
        value=value if is_known and not hidden else None,
        hidden=hidden,
        known=is_known,
        policies=_seen(each, row or MISSING_ROW, value, is_known=is_known),
        owner=each.feature.owner,
    )


def _is_used(each: Listed, row: ViewRow, vector: FeatureVector) -> bool:
    """Whether its value is not too old, nor withheld, besides being there."""
    stored = row.values.get(each.feature.name)
    if each.is_hidden:
        return stored is not None and vector.render_only[each.name] == stored
    return stored is not None and each.name not in vector.missing


def _seen(each: Listed, row: ViewRow, value: Scalar | None, *, is_known: bool) -> str:
    if each.is_hidden:
        return f"nothing: {read_by(each)}"
    if not each.services:
        return "nothing: no service reads it"
    if not is_known:
        stands_in = "the mean" if each.feature.impute == "mean" else f"its default {each.feature.default!r}"
        mark = f"{each.view.name}~{row.freshness}" if row.timestamp_us is None else f"{each.name}~missing"
        return f"{stands_in}, and {mark}"
    unknown = bool(each.feature.vocabulary) and value not in each.feature.vocabulary
    stale = f", and {each.view.name}~stale" if row.freshness == "stale" else ""
    return f"{'unknown' if unknown else 'its words' if each.feature.free_text else 'as it is'}{stale}"


def unread(views: Sequence[KnownView]) -> list[str]:
    """Views whose store did not answer."""
    return [view.view for view in views if view.freshness == "error"]
