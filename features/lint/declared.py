"""What the declarations alone tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from features.lint import names
from features.lint.finding import Code, Finding, found
from features.listing import Listed
from features.schema import PERSONALISATION

HIDE = "declare it learn: false (render_only if only templates need it), or leave it out of the services"


def of_declarations(listed: Sequence[Listed]) -> Iterator[Finding]:
    """Findings in the plan; of most kinds only about what policies see."""
    for each in listed:
        yield from _by_its_default(each)
        if each.is_seen:
            yield from _by_its_name(each)
    yield from _nothing_said(listed, "no-owner", lambda each: each.feature.owner, "owner")
    yield from _nothing_said(listed, "no-description", lambda each: each.feature.description, "description")


def _by_its_name(each: Listed) -> Iterator[Finding]:
    name, feature = each.feature.name, each.feature
    if feature.type in ("int", "string") and not feature.vocabulary and names.names_one(name):
        yield found("id", each.name, {"found in": "its name", "type": feature.type}, HIDE)
    if feature.type != "bool" and not feature.vocabulary and names.names_a_moment(name):
        evidence = {"found in": "its name", "type": feature.type}
        yield found("timestamp", each.name, evidence, f"derive from it how long ago it is, and {HIDE}")
    if each.is_category and names.names_a_text(name):
        evidence = {"found in": "its name"}
        yield found("unbounded-text", each.name, evidence, "declare it free_text, or its vocabulary")
    yield from _about_people(each)
    if len(feature.vocabulary) == 1:
        yield found("constant", each.name, {"values in its vocabulary": 1}, "declare the others, or leave it out")


def _about_people(each: Listed) -> Iterator[Finding]:
    name, feature = each.feature.name, each.feature
    evidence = {"found in": "its name", "sensitivity": feature.sensitivity, "purpose": feature.purpose}
    if names.names_a_person(name):
        yield found("personal", each.name, evidence, "declare it personal and render_only")
    if names.names_what_is_protected(name):
        if feature.sensitivity == "none":
            yield found("personal", each.name, evidence, "declare its sensitivity, and a purpose that people agree to")
        elif feature.purpose == PERSONALISATION:
            yield found("purpose", each.name, evidence, "declare a purpose of its own, which people can agree to")


def _by_its_default(each: Listed) -> Iterator[Finding]:
    feature, default = each.feature, each.feature.default
    beyond = feature.range is not None and not feature.range[0] <= float(default) <= feature.range[1]
    if beyond or (feature.vocabulary and default not in feature.vocabulary):
        yield found("unseen-value", each.name, {"default": default}, "declare a default that is expected")


def _nothing_said(listed: Iterable[Listed], code: Code, said: Callable[[Listed], str], what: str) -> Iterator[Finding]:
    """A view of which nothing is said of any feature is one finding."""
    for view, features in _by_view(listed).items():
        silent = [each.name for each in features if not said(each)]
        about = [view] if len(silent) == len(features) else silent
        for name in about:
            evidence = {"features": len(silent) if name == view else 1, "of": len(features)}
            yield found(code, name, evidence, f"declare the {what} (a tag, or description, of Feast's field)")


def _by_view(listed: Iterable[Listed]) -> Mapping[str, list[Listed]]:
    views: dict[str, list[Listed]] = defaultdict(list)
    for each in listed:
        views[each.view.name].append(each)
    return views
