"""What is declared of every feature, in words: for a terminal, and as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from features.listing import EVERYBODY, Listed
from features.plan import PlannedFeature, PlannedView
from features.schema import PERSONALISATION
from features.vector import Scalar

COLUMNS = (
    "feature",
    "type",
    "default",
    "expected",
    "scaling",
    "namespace",
    "sensitivity",
    "purpose",
    "lives",
    "owner",
    "read by",
    "description",
)
NOTHING = ""
EMPTY = '""'
"""The empty text is a value, too."""
_UNITS = (("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000))


def cells(each: Listed) -> tuple[str, ...]:
    """One feature, in the order of COLUMNS."""
    feature = each.feature
    return (
        feature.name,
        feature.type,
        in_words(feature.default) or EMPTY,
        expected(feature),
        _scaling(each),
        feature.namespace,
        feature.sensitivity if feature.sensitivity != "none" else NOTHING,
        feature.purpose if feature.purpose != PERSONALISATION else NOTHING,
        duration(feature.ttl_us) if feature.ttl_us else NOTHING,
        feature.owner,
        read_by(each),
        feature.description,
    )


def expected(feature: PlannedFeature) -> str:
    """The values that it may have."""
    if feature.vocabulary:
        return ", ".join(value or EMPTY for value in feature.vocabulary)
    return " … ".join(f"{end:g}" for end in feature.range) if feature.range is not None else NOTHING


def read_by(each: Listed) -> str:
    """Who sees it."""
    if each.feature.render_only:
        return "templates only"
    if not each.feature.learn:
        return "templates and what is derived from it"
    everybody = each.view.kind == "request" or EVERYBODY in each.services
    return "all" if everybody else ", ".join(each.services) or "nobody"


def about(view: PlannedView) -> str:
    """One line about a view."""
    found = f" by {view.join_key}" if view.join_key is not None else NOTHING
    lives = f", rows live {duration(view.ttl_us)}" if view.ttl_us else NOTHING
    return f"{view.kind}{found}{lives}"


def by_view(listed: Iterable[Listed]) -> Iterator[tuple[PlannedView, list[Listed]]]:
    """The features of each view."""
    return ((view, list(features)) for view, features in groupby(listed, key=lambda each: each.view))


def table(listed: Sequence[Listed]) -> tuple[list[str], list[list[str]]]:
    """A header and a row for each feature, without the columns in which nothing is said."""
    rows = [cells(each) for each in listed]
    said = [place for place in range(len(COLUMNS)) if any(row[place] for row in rows)]
    return [COLUMNS[place] for place in said], [[row[place] for place in said] for row in rows]


def page(listed: Sequence[Listed]) -> str:
    """The page: a section for each view."""
    lines = ["# Features", "", f"{len(listed)} features. Written by `maitred features list --markdown`.", ""]
    for view, features in by_view(listed):
        lines += [f"## {view.name}", "", f"{about(view)}; rules and templates call it `{features[0].root}`.", ""]
        header, rows = table(features)
        lines += [_line(header), _line("---" for _ in header), *map(_line, rows), ""]
    return "\n".join(lines)


def in_words(value: Scalar) -> str:
    """One value, as people read it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def duration(us: int) -> str:
    """In the largest unit of which it is at least two, or exactly one."""
    for unit, size in _UNITS:
        if us >= 2 * size or us == size:
            return f"{us / size:.3g} {unit}"
    return f"{us / 1_000:.3g} ms"


def _line(texts: Iterable[str]) -> str:
    escaped = (text.replace("|", "\\|").replace("\n", " ") for text in texts)
    return f"| {' | '.join(escaped)} |"


def _scaling(each: Listed) -> str:
    feature = each.feature
    if feature.type == "string":
        return "words" if feature.free_text else NOTHING
    if feature.buckets:
        return f"buckets {', '.join(f'{edge:g}' for edge in feature.buckets)}"
    by_mean = "; mean where missing" if feature.impute == "mean" else NOTHING
    return f"{feature.scaling}{by_mean}" if each.is_number else NOTHING
