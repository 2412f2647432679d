"""The main path: from a bot's request to one recorded decision.

Read it from top to bottom; a turn of several placements is one pass:

1. ``_stored``   a retry is answered from the journal and appends nothing
2. ``identify``  the consent gate (``engine.privacy``): without consent no user row is read
3. ``read``      online features of user and session, one round trip
4. ``_draft``    per placement: features ► candidates ► pmf ► one draw ► content
5. ``append``    the whole turn, durable before anything is answered
6. ``apply``     the session's next state, so that the next turn sees this one
7. ``_answers``  what was recorded, never anything else
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import structlog

from engine.answer import answer_again, answer_of, unrecorded
from engine.catalog import CatalogueAction
from engine.choose import Choice
from engine.config import PrivacySpec
from engine.eligibility import Facts
from engine.errors import BadRequest, ContentError, DecisionConflict, JournalError, SealError, UnknownPlacement
from engine.ids import new_id
from engine.journal.base import Appended, Commits, Journal, Stored
from engine.placement import Placement
from engine.pmf import draw, sample
from engine.privacy import Person, Vault, identify
from engine.records.schema import DecisionRecord, PersonalPart
from engine.traffic import group_of
from engine.types import Decision, DecisionRequest
from features.clock import Clock
from features.session import Decided, SessionWriter
from features.vector import FeatureStore, FeatureVector, Scalar, ViewRow

log = structlog.get_logger(__name__)
_canonical = msgspec.msgpack.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision that is made but neither sealed nor recorded yet."""

    record: DecisionRecord
    personal: PersonalPart


class Decider:
    """Answers turns. One instance per process; all its state is in the parts it is given."""

    def __init__(
        self,
        *,
        placements: Mapping[str, Placement],
        features: FeatureStore,
        sessions: SessionWriter,
        journal: Journal,
        commits: Commits,
        vault: Vault,
        privacy: PrivacySpec,
        clock: Clock,
    ) -> None:
        self.placements = placements
        self._features = features
        self._sessions = sessions
        self._journal = journal
        self._commits = commits
        self._sealer = vault.sealer
        self._salts = vault.salts
        self._vault = vault
        self._privacy = privacy
        self._clock = clock

    async def decide(self, request: DecisionRequest) -> Decision:
        """Answer one placement. Raises ``BadRequest`` for what no answer can be given to."""
        return (await self.decide_turn([request]))[0]

    async def decide_turn(self, requests: Sequence[DecisionRequest]) -> list[Decision]:
        """Answer several placements of one session together, without repeats: one read, one append, one write."""
        self._check(requests)
        digests = [self._digest(request) for request in requests]
        stored = [self._stored(request, digest) for request, digest in zip(requests, digests, strict=True)]
        if None not in stored:
            return [decision for decision in stored if decision is not None]
        person = identify(requests[0], self._privacy, self._vault)
        rows = await self._features.read(person.entity_keys)
        now_us = self._clock()
        taken = [decision.action_id for decision in stored if decision is not None]
        drafts: list[Draft] = []
        for request, digest, known in zip(requests, digests, stored, strict=True):
            if known is None:
                drafts.append(self._draft(request, digest, person, rows, now_us, taken))
                taken.append(_chosen_id(drafts[-1].record))
        fresh = await self._recorded(drafts, person, rows.get("session_state"))
        answers = iter(fresh)
        return [known if known is not None else next(answers) for known in stored]

    def turn_decision_id(self, session_id: str, turn_id: str, placement: str) -> str:
        """The decision id of a placement in a turn of a session: a retried turn finds its own decisions."""
        return _hash(self._salts.digest, _canonical((session_id, turn_id, placement))).hex()

    def _check(self, requests: Sequence[DecisionRequest]) -> None:
        if not requests:
            raise BadRequest("a turn needs at least one placement", field="placements")
        for request in requests:
            if request.placement not in self.placements:
                raise UnknownPlacement(f"no placement {request.placement!r} is configured", field="placement")
        if len(requests) > 1:
            _check_together(requests)

    def _digest(self, request: DecisionRequest) -> bytes:
        asked = request if request.decision_id is None else replace(request, decision_id=None)
        return _hash(self._salts.digest, _canonical(asked))

    def _stored(self, request: DecisionRequest, digest: bytes) -> Decision | None:
        stored = None if request.decision_id is None else self._found(request.decision_id)
        return None if stored is None else self._again(stored, digest)

    def _found(self, decision_id: str) -> Stored | None:
        """``None`` also while the journal cannot be read: then the decision is made once more, with the same draw."""
        try:
            return self._journal.find("decision", decision_id)
        except JournalError:
            log.exception("journal_unreadable")
            return None

    def _again(self, stored: Stored, digest: bytes) -> Decision:
        record = stored.record
        if not isinstance(record, DecisionRecord) or record.request_digest != digest:
            raise DecisionConflict("this decision id was used for another request", field="decision_id")
        return answer_again(record, self._sealer, stored.time_us, self.placements[record.placement])

    def _draft(
        self,
        request: DecisionRequest,
        digest: bytes,
        person: Person,
        rows: Mapping[str, ViewRow],
        now_us: int,
        taken: Sequence[str | None],
    ) -> Draft:
        placement = self.placements[request.placement]
        shown_already = [id for id in taken if id is not None]
        options = placement.options(request, rows, consent=person.consent, taken=shown_already, now_us=now_us)
        group = group_of(placement.catalogue.spec.traffic, self._salts.group, person.unit)
        choice = placement.choose(group, options, explore=request.explore)
        decision_id = request.decision_id or new_id()
        placement.note_mistyped(options.vector, decision_id)
        chosen = sample(choice.pmf, draw(self._salts.draw, decision_id)) if choice.pmf else None
        action = None if chosen is None else options.eligible[chosen]
        content, shown = _rendered(placement, action, request.context, options.facts)
        record = DecisionRecord(
            id=decision_id,
            placement=placement.name,
            catalogue=placement.catalogue.version,
            unit=person.unit,
            group=group,
            candidates=tuple(each.spec.id for each in options.eligible),
            pmf=choice.pmf,
            chosen=chosen,
            filtered=options.filtered,
            policy=choice.policy,
            model_version=choice.model_version,
            encoder_version=placement.encoder.version,
            reason=choice.reason,
            learnable=choice.learnable,
            deferred=request.deferred,
            not_shown=not shown,
            degraded=_degraded(choice, options.vector, shown),
            request_digest=digest,
            key_ref="",
            sealed=b"",
        )
        return Draft(record, _personal(request, person, options.vector, content))

    async def _recorded(self, drafts: Sequence[Draft], person: Person, session_row: ViewRow | None) -> list[Decision]:
        try:
            places = await self._commits.append([self._sealed(draft, person) for draft in drafts])
        except (JournalError, SealError) as error:
            log.exception("not_recorded", decisions=len(drafts))
            return [unrecorded(self._fresh(draft, self._clock()), error) for draft in drafts]
        answers = [self._answer(draft, place) for draft, place in zip(drafts, places, strict=True)]
        new = [draft.record for draft, place in zip(drafts, places, strict=True) if not place.duplicate]
        if new:
            choices = tuple((r.placement, r.candidates[r.chosen]) for r in new if r.chosen is not None)
            await self._sessions.apply(person.session_id, Decided(choices), session_row)
        return answers

    def _sealed(self, draft: Draft, person: Person) -> DecisionRecord:
        """Under the key the person had when reading began: what was read before an erasure must not outlive it."""
        if person.key_ref is None:
            raise JournalError("the key table could not be read")
        sealed = self._sealer.seal(person.key_ref, draft.personal, draft.record.id.encode())
        return msgspec.structs.replace(draft.record, key_ref=person.key_ref, sealed=sealed)

    def _answer(self, draft: Draft, place: Appended) -> Decision:
        if not place.duplicate:
            return self._fresh(draft, place.time_us)
        first = self._found(draft.record.id)
        if first is None:
            return unrecorded(self._fresh(draft, place.time_us), JournalError("the first answer cannot be read"))
        return self._again(first, draft.record.request_digest)

    def _fresh(self, draft: Draft, time_us: int) -> Decision:
        return answer_of(draft.record, draft.personal, time_us, self.placements[draft.record.placement].window_us)


def _check_together(requests: Sequence[DecisionRequest]) -> None:
    """A turn is about one person: the first request's consent must not open another one's rows."""
    for field in ("session_id", "user_id", "consent"):
        if len({getattr(request, field) for request in requests}) > 1:
            raise BadRequest("a turn is about one person in one session", field=field)
    ids = [request.decision_id for request in requests if request.decision_id is not None]
    if len(set(ids)) < len(ids):
        raise BadRequest("a decision id is used twice in one turn", field="decision_id")


def _chosen_id(record: DecisionRecord) -> str | None:
    return None if record.chosen is None else record.candidates[record.chosen]


def _rendered(
    placement: Placement, action: CatalogueAction | None, context: Mapping[str, Scalar], facts: Facts
) -> tuple[dict[str, str], bool]:
    """The content, and whether it is the action's own: if rendering fails, the fallback's words, never another draw."""
    if action is None:
        return {}, True
    locale = _locale(context, facts)
    try:
        return action.content.render(locale, facts.roots), True
    except ContentError:
        log.exception("content_failed", placement=placement.name, action=action.spec.id)
        return placement.catalogue.fallback.render(locale, {}), False


def _locale(context: Mapping[str, Scalar], facts: Facts) -> str | None:
    wanted = context.get("locale") or facts.roots["user"].get("language")
    return wanted if isinstance(wanted, str) else None


def _personal(request: DecisionRequest, person: Person, vector: FeatureVector, content: dict[str, str]) -> PersonalPart:
    offered = request.actions
    return PersonalPart(
        session_id=person.session_id,
        user_id=person.user_id,
        context=dict(request.context),
        features=dict(vector.values),
        render_only=dict(vector.render_only),
        freshness=dict(vector.freshness),
        offered=None if offered is None else tuple((a.id, dict(a.features), a.text) for a in offered),
        content=content,
    )


def _degraded(choice: Choice, vector: FeatureVector, shown: bool) -> tuple[str, ...]:
    unread = tuple(f"features:{view}" for view, freshness in vector.freshness.items() if freshness == "error")
    mistyped = tuple(f"context:{feature}" for feature in vector.mistyped)
    degraded = (*choice.degraded, *unread, *mistyped)
    return degraded if shown else (*degraded, "content")


def _hash(salt: bytes, content: bytes) -> bytes:
    return hashlib.blake2b(content, key=salt, digest_size=16).digest()
