"""What comes back: outcomes, displays and session events. Journaled first, then the session's state follows."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from engine.config import PrivacySpec
from engine.errors import JournalError, NotFound, OutOfReach, SealError
from engine.ids import new_id
from engine.journal.base import Appended, Commits, Lookup, Stored
from engine.privacy import Vault, entity_keys, gate
from engine.records.schema import (
    DecisionRecord,
    EventRecord,
    OutcomeRecord,
    PersonalEvent,
    PersonalPart,
    ShownRecord,
)
from engine.types import Consent
from features.changes import Happened, Rewarded
from features.state import StateWriter
from features.vector import Scalar

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A metric's value for a decision; ``outcome_id`` makes a retry count once, ``at_us`` is the sender's clock.

    ``corrects`` is the id of another outcome of the decision, whose place this one takes.
    """

    decision_id: str
    metric: str
    value: float
    outcome_id: str | None = None
    at_us: int | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something a user did, with flat properties; ``message_id`` makes a retry count once."""

    name: str
    properties: Mapping[str, Scalar]
    message_id: str | None = None


class Feedback:
    """Takes feedback in. Every method returns after it is durable, in the journal or on the local disk.

    ``JournalError``, ``SpoolFull`` among them, means that it is not.
    """

    def __init__(
        self,
        *,
        lookup: Lookup,
        commits: Commits,
        vault: Vault,
        states: StateWriter,
        privacy: PrivacySpec,
    ) -> None:
        self._lookup = lookup
        self._commits = commits
        self._sealer = vault.sealer
        self._keys = vault.keys
        self._states = states
        self._privacy = privacy
        self._digest_salt = vault.salts.digest

    async def outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Record outcomes, also for decisions not (yet) known. Returns how many were there before.

        A correction leaves the session's state as it is: nothing new happened in it.
        """
        records = [_outcome_record(outcome) for outcome in outcomes]
        places = await self._commits.append(records)
        told = [outcome for outcome, place in zip(outcomes, places, strict=True) if not place.duplicate]
        new = [outcome for outcome in told if outcome.corrects is None]
        about = await self._entities_of(dict.fromkeys(outcome.decision_id for outcome in new))
        for outcome in new:
            if keys := about.get(outcome.decision_id):
                await self._states.apply(keys, Rewarded(outcome.metric, outcome.value))
        return _duplicates(places)

    async def shown(self, decision_id: str) -> bool:
        """Record that a decision's content was displayed. True if that was known.

        Raises:
            NotFound: there is no such decision. As long as nobody can tell, it is recorded.
        """
        try:
            if await self._lookup.find("decision", decision_id) is None:
                raise NotFound(f"no decision {decision_id!r}")
        except OutOfReach:
            log.info("shown_unchecked", decision_id=decision_id)
        places = await self._commits.append([ShownRecord(decision_id=decision_id)])
        return places[0].duplicate

    async def events(
        self, session_id: str, events: Sequence[SessionEvent], *, user_id: str | None, consent: Consent
    ) -> int:
        """Record events of a session and bring its state up to date. Returns how many were there before."""
        allowed = user_id if gate(consent, self._privacy) else None
        records = [self._event_record(session_id, allowed, event) for event in events]
        places = await self._commits.append(records)
        for event, place in zip(events, places, strict=True):
            if not place.duplicate:
                await self._states.apply(entity_keys(session_id, allowed), Happened(event.name, event.properties))
        return _duplicates(places)

    async def _entities_of(self, decision_ids: Iterable[str]) -> dict[str, dict[str, str] | None]:
        """Whom decisions were about, as far as the journal can be asked.

        Never raises: the outcomes are recorded already, and a sender who saw an error would report them twice.
        """
        entities: dict[str, dict[str, str] | None] = {}
        with contextlib.suppress(OutOfReach):
            for decision_id in decision_ids:
                entities[decision_id] = await self._entities(decision_id)
        return entities

    async def _entities(self, decision_id: str) -> dict[str, str] | None:
        try:
            return self._opened(await self._lookup.find("decision", decision_id))
        except OutOfReach:
            raise
        except JournalError:
            log.exception("session_unknown", decision_id=decision_id)
        except SealError:
            log.info("session_forgotten", decision_id=decision_id)
        return None

    def _opened(self, stored: Stored | None) -> dict[str, str] | None:
        if stored is None or not isinstance(stored.record, DecisionRecord):
            return None
        record = stored.record
        personal = self._sealer.open(record.key_ref, record.sealed, PersonalPart, record.id.encode())
        return entity_keys(personal.session_id, personal.user_id)

    def _event_record(self, session_id: str, user_id: str | None, event: SessionEvent) -> EventRecord:
        record_id = self._event_id(session_id, event.message_id)
        key_ref = self._keys.ref_for("session", session_id) if user_id is None else self._keys.ref_for("user", user_id)
        personal = PersonalEvent(
            session_id=session_id, user_id=user_id, name=event.name, properties=dict(event.properties)
        )
        try:
            sealed = self._sealer.seal(key_ref, personal, record_id.encode())
        except SealError as error:
            raise JournalError("the key was destroyed just now; a new one is made at the next try") from error
        return EventRecord(id=record_id, key_ref=key_ref, sealed=sealed)

    def _event_id(self, session_id: str, message_id: str | None) -> str:
        if message_id is None:
            return new_id()
        content = msgspec.msgpack.encode((session_id, message_id))
        return hashlib.blake2b(content, key=self._digest_salt, digest_size=16).hexdigest()


def _outcome_record(outcome: Outcome) -> OutcomeRecord:
    return OutcomeRecord(
        id=outcome.outcome_id or new_id(),
        decision_id=outcome.decision_id,
        metric=outcome.metric,
        value=outcome.value,
        at=outcome.at_us,
        corrects=outcome.corrects,
    )


def _duplicates(places: Sequence[Appended]) -> int:
    return sum(place.duplicate for place in places)
