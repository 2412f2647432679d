"""The main path: from a bot's request to one recorded decision.

Read it from top to bottom; a turn of several placements is one pass, and each step has its share of the time there is:

1. ``_stored``   a retry is answered from the journal and appends nothing
2. ``identify``  the consent gate (``engine.privacy``): without consent no user row is read
3. ``_read``     online features of user and session, one round trip
4. ``_draft``    per placement: features ► candidates ► pmf ► one draw ► content
5. ``append``    the whole turn, durable before anything is answered: in the journal, or on the local disk
6. ``_followed`` the next state of session and user, so that the next turn sees this one
7. ``_answers``  what was recorded, never anything else
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import structlog

from engine.answer import answer_again, answer_of, degraded, unrecorded
from engine.choose import OUT_OF_REACH, TOO_LATE, Hindrance
from engine.config import PrivacySpec
from engine.deadline import Deadline
from engine.draft import Draft, Turn, missing_parts, personal_part, rendered
from engine.errors import BadRequest, DecisionConflict, JournalError, OutOfReach, SealError, UnknownPlacement
from engine.ids import new_id
from engine.journal.base import UNPLACED, Appended, Commits, Lookup, Stored
from engine.placement import Placement
from engine.pmf import draw, sample
from engine.privacy import Person, Vault, identify
from engine.records.schema import DecisionRecord
from engine.traffic import group_of
from engine.types import Decision, DecisionRequest
from features.changes import Decided
from features.clock import Clock
from features.state import StateWriter
from features.vector import FeatureStore, ViewRow

log = structlog.get_logger(__name__)
_canonical = msgspec.msgpack.Encoder(order="deterministic").encode

LOOKED_UP, READ, RECORDED = 0.2, 0.5, 0.8
"""By which share of the deadline each step gives up waiting: what comes after it needs time, too."""


class Decider:
    """Answers turns. One instance per process; all its state is in the parts it is given."""

    def __init__(
        self,
        *,
        placements: Mapping[str, Placement],
        features: FeatureStore,
        states: StateWriter,
        lookup: Lookup,
        commits: Commits,
        vault: Vault,
        privacy: PrivacySpec,
        clock: Clock,
    ) -> None:
        self.placements = placements
        self._features = features
        self._states = states
        self._lookup = lookup
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
        deadline = self._deadline(requests)
        digests = [self._digest(request) for request in requests]
        stored = [await self._stored(*each, deadline) for each in zip(requests, digests, strict=True)]
        if None not in stored:
            return [decision for decision in stored if decision is not None]
        person = identify(requests[0], self._privacy, self._vault)
        began_us = self._clock()
        rows = await self._read(requests[0].placement, person, deadline)
        turn = Turn(person, rows, began_us, deadline)
        taken = [decision.action_id for decision in stored if decision is not None]
        drafts: list[Draft] = []
        for request, digest, known in zip(requests, digests, stored, strict=True):
            if known is None:
                drafts.append(self._draft(request, digest, turn, taken))
                taken.append(drafts[-1].chosen_id)
        fresh = await self._recorded(drafts, turn)
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

    def _deadline(self, requests: Sequence[DecisionRequest]) -> Deadline:
        return Deadline(min(self.placements[request.placement].deadline_ms for request in requests))

    def _digest(self, request: DecisionRequest) -> bytes:
        asked = request if request.decision_id is None else replace(request, decision_id=None)
        return _hash(self._salts.digest, _canonical(asked))

    async def _stored(self, request: DecisionRequest, digest: bytes, deadline: Deadline) -> Decision | None:
        if request.decision_id is None:
            return None
        try:
            stored = await deadline.keep(self._found(request.decision_id), LOOKED_UP)
        except TimeoutError:
            return None
        return None if stored is None else self._again(stored, digest)

    async def _found(self, decision_id: str) -> Stored | None:
        """``None`` also while the journal cannot be read: then the decision is made once more, with the same draw."""
        try:
            return await self._lookup.find("decision", decision_id)
        except OutOfReach:
            return None
        except JournalError:
            log.exception("journal_unreadable")
            return None

    def _again(self, stored: Stored, digest: bytes) -> Decision:
        record = stored.record
        if not isinstance(record, DecisionRecord) or record.request_digest != digest:
            raise DecisionConflict("this decision id was used for another request", field="decision_id")
        answer = answer_again(record, self._sealer, stored.time_us, self.placements[record.placement])
        return degraded(answer, "journal") if stored.position == UNPLACED else answer

    async def _read(self, placement: str, person: Person, deadline: Deadline) -> Mapping[str, ViewRow]:
        try:
            return await deadline.keep(self._features.read(person.entity_keys), READ)
        except TimeoutError:
            return self.placements[placement].assemble.unread(person.entity_keys)

    def _draft(self, request: DecisionRequest, digest: bytes, turn: Turn, taken: Sequence[str | None]) -> Draft:
        placement, person = self.placements[request.placement], turn.person
        shown_already = [id for id in taken if id is not None]
        options = placement.options(request, turn.rows, person=person, taken=shown_already, now_us=turn.now_us)
        group = group_of(placement.catalogue.spec.traffic, self._salts.group, person.unit)
        hindered = self._hindrance(placement, turn.deadline)
        choice = placement.choose(group, options, explore=request.explore, hindered=hindered)
        decision_id = request.decision_id or new_id()
        placement.note_mistyped(options.vector, decision_id)
        chosen = sample(choice.pmf, draw(self._salts.draw, decision_id)) if choice.pmf else None
        action = None if chosen is None else options.eligible[chosen]
        content, shown = rendered(placement, action, request.context, options.facts)
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
            encoder_version=options.served.encoder.version,
            reason=choice.reason,
            learnable=choice.learnable,
            deferred=request.deferred,
            not_shown=not shown,
            degraded=missing_parts(choice, options.vector, shown),
            request_digest=digest,
            key_ref="",
            sealed=b"",
        )
        return Draft(record, personal_part(request, person, options.vector, content))

    def _hindrance(self, placement: Placement, deadline: Deadline) -> Hindrance | None:
        if not self._commits.in_reach(placement.name):
            return OUT_OF_REACH
        return TOO_LATE if deadline.passed else None

    async def _recorded(self, drafts: Sequence[Draft], turn: Turn) -> list[Decision]:
        try:
            records = [self._sealed(draft, turn.person) for draft in drafts]
            places = await self._commits.append(records, wait_s=turn.deadline.left_s(RECORDED))
        except (JournalError, SealError) as error:
            log.warning("not_recorded", decisions=len(drafts), why=str(error))
            return [unrecorded(self._fresh(draft, self._clock()), error) for draft in drafts]
        answers = [await self._answer(draft, place) for draft, place in zip(drafts, places, strict=True)]
        new = [draft for draft, place in zip(drafts, places, strict=True) if not place.duplicate]
        remembered = await self._followed(new, turn) if new else True
        return answers if remembered else [replace(answer, remembered=False) for answer in answers]

    def _sealed(self, draft: Draft, person: Person) -> DecisionRecord:
        """Under the key the person had when reading began: what was read before an erasure must not outlive it."""
        if person.key_ref is None:
            raise JournalError("the key table could not be read")
        sealed = self._sealer.seal(person.key_ref, draft.personal, draft.record.id.encode())
        return msgspec.structs.replace(draft.record, key_ref=person.key_ref, sealed=sealed)

    async def _answer(self, draft: Draft, place: Appended) -> Decision:
        if not place.duplicate:
            fresh = self._fresh(draft, place.time_us)
            return degraded(fresh, "journal") if place.spooled else fresh
        first = await self._found(draft.record.id)
        if first is None:
            return unrecorded(self._fresh(draft, place.time_us), JournalError("the first answer cannot be read"))
        return self._again(first, draft.record.request_digest)

    async def _followed(self, drafts: Sequence[Draft], turn: Turn) -> bool:
        """Bring the session and the user's exposure up to date; whether that was done by the deadline."""
        choices = tuple((draft.record.placement, id) for draft in drafts if (id := draft.chosen_id) is not None)
        following = self._states.apply(turn.person.entity_keys, Decided(choices), turn.rows, turn.now_us)
        try:
            return await turn.deadline.keep(following)
        except TimeoutError:
            return False

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


def _hash(salt: bytes, content: bytes) -> bytes:
    return hashlib.blake2b(content, key=salt, digest_size=16).digest()
