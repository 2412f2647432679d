"""One version of a placement's catalogue: what can be said, ready for the policy, the rules and the bot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from engine.config import ActionSpec, PlacementSpec
from engine.content import Content
from engine.eligibility import Facts, Reads, Rule
from engine.types import Candidate, OfferedAction
from features.vector import Scalar

EncodeAction = Callable[[str, Mapping[str, Scalar]], dict[str, float]]


@dataclass(frozen=True, slots=True)
class CatalogueAction:
    """An action at work. An action that the bot brought has a spec without templates."""

    spec: ActionSpec
    candidate: Candidate
    rule: Rule | None
    content: Content

    def refusal(self, facts: Facts, reads: Reads, exclude: Collection[str]) -> str | None:
        """Why the action cannot be chosen now, or ``None``. Journaled in clear: never names a value.

        ``reads`` is what all rules of the catalogue read: they share one context.
        """
        if self.spec.paused:
            return "paused"
        if self.spec.id in exclude:
            return "excluded"
        return None if self.rule is None else self.rule.refusal(facts.context(reads))


class Catalogue:
    """The actions of one placement. Immutable; another specification is another catalogue.

    Attributes:
        version: content hash of the specification.
        baseline: id of the action of business as usual.
        actions: id → action, in the order of the specification.
        fallback: what is said when nothing can be rendered.
    """

    def __init__(self, placement: str, spec: PlacementSpec, encode_action: EncodeAction, default_locale: str) -> None:
        """Raises ``ConfigError`` if a rule or a template does not compile."""
        self.placement = placement
        self.spec = spec
        self.version = spec.version
        self.baseline = spec.baseline
        self.fallback = Content.plain(spec.fallback, default_locale)
        self._encode = encode_action
        self._default_locale = default_locale
        self.actions: Mapping[str, CatalogueAction] = {action.id: self._compiled(action) for action in spec.actions}
        rules = [action.rule for action in self.actions.values() if action.rule is not None]
        self._reads: Reads = frozenset(read for rule in rules for read in rule.reads)

    def candidates(
        self, facts: Facts, exclude: Collection[str], offered: Sequence[OfferedAction] | None = None
    ) -> tuple[list[CatalogueAction], dict[str, str]]:
        """The eligible actions, and id → why not for the others.

        The order is the catalogue's, then that of the actions the bot brought: the pmf is sampled in it.
        """
        eligible: list[CatalogueAction] = []
        filtered = {} if offered is None else self._not_offered(offered)
        for action in self.actions.values() if offered is None else self._pool(offered):
            refusal = action.refusal(facts, self._reads, exclude)
            if refusal is None:
                eligible.append(action)
            else:
                filtered[action.spec.id] = refusal
        return eligible, filtered

    def _not_offered(self, offered: Iterable[OfferedAction]) -> dict[str, str]:
        ids = {action.id for action in offered}
        return {id: "not offered" for id in self.actions if id not in ids}

    def _pool(self, offered: Sequence[OfferedAction]) -> list[CatalogueAction]:
        unique: dict[str, OfferedAction] = {}
        for action in offered:
            unique.setdefault(action.id, action)
        known = [action for id, action in self.actions.items() if id in unique]
        return known + [self._brought(action) for id, action in unique.items() if id not in self.actions]

    def _compiled(self, spec: ActionSpec) -> CatalogueAction:
        rule = None if spec.eligible is None else Rule.compile(spec.eligible)
        content = Content.compile(spec.templates, self._default_locale)
        return CatalogueAction(spec, candidate_of(spec.id, spec.features, self._encode), rule, content)

    def _brought(self, offered: OfferedAction) -> CatalogueAction:
        spec = ActionSpec(id=offered.id, templates={}, features=dict(offered.features))
        texts = {} if offered.text is None else {self._default_locale: offered.text}
        content = Content.plain(texts, self._default_locale)
        return CatalogueAction(spec, candidate_of(spec.id, spec.features, self._encode), None, content)


def candidate_of(id: str, features: Mapping[str, Scalar], encode_action: EncodeAction) -> Candidate:
    """An action as policies see it. Its key is a content hash: equal keys have equal features."""
    encoded = encode_action(id, features)
    content = msgspec.json.encode([id, encoded], order="deterministic")
    return Candidate(id, hashlib.blake2b(content, digest_size=16).hexdigest(), encoded)
