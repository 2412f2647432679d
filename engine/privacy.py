"""Who is asking, as far as consent lets us know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import structlog

from engine.config import PrivacySpec
from engine.errors import JournalError
from engine.records.keys import KeyTable
from engine.records.sealing import Sealer
from engine.traffic import unit_of
from engine.types import Consent, DecisionRequest
from features.schema import PERSONALISATION

log = structlog.get_logger(__name__)

Kind = Literal["user", "session"]


@dataclass(frozen=True, slots=True)
class Salts:
    """Secrets of a deployment, one per purpose: a caller who chooses its ids cannot steer a draw or a group."""

    draw: bytes
    group: bytes
    digest: bytes


class Vault:
    """What keeps people apart from their records: the key table, what it seals, and the salts."""

    def __init__(self, keys: KeyTable) -> None:
        self.keys = keys
        self.sealer = Sealer(keys)
        self.salts = Salts(keys.secret("draw"), keys.secret("group"), keys.secret("digest"))


@dataclass(frozen=True, slots=True)
class Person:
    """The user with consent, else only the session.

    Attributes:
        user_id: ``None`` without consent: no user row is read, no user key written.
        unit: pseudonym; the unit of traffic groups and of lift.
        key_ref: the key that seals what is recorded; ``None`` while the key table cannot be read.
        purposes: for which features may be used; ``None`` for all.
    """

    session_id: str
    user_id: str | None
    consent: bool
    unit: str
    key_ref: str | None
    purposes: frozenset[str] | None = None

    @property
    def entity_keys(self) -> dict[str, str]:
        """Join key → value of the feature rows that may be read."""
        return entity_keys(self.session_id, self.user_id)


def entity_keys(session_id: str, user_id: str | None) -> dict[str, str]:
    """Join key → value of a session and, with consent, of its user."""
    return {"session_id": session_id} if user_id is None else {"session_id": session_id, "user_id": user_id}


def gate(consent: Consent, privacy: PrivacySpec) -> bool:
    """Whether personalisation is allowed: what the request says, else what the configuration assumes."""
    if isinstance(consent, tuple):
        return PERSONALISATION in consent
    return consent if consent is not None else privacy.consent == "assumed"


def identify(request: DecisionRequest, privacy: PrivacySpec, vault: Vault) -> Person:
    """Apply the consent gate; everything downstream sees only the ``Person``."""
    consent = gate(request.consent, privacy)
    user_id = request.user_id if consent else None
    kind: Kind = "session" if user_id is None else "user"
    id = request.session_id if user_id is None else user_id
    unit = unit_of(vault.salts.group, kind, id)
    purposes = frozenset(request.consent) if isinstance(request.consent, tuple) else None
    return Person(request.session_id, user_id, consent, unit, _key_ref(vault.keys, kind, id), purposes)


def _key_ref(keys: KeyTable, kind: Kind, id: str) -> str | None:
    try:
        return keys.ref_for(kind, id)
    except JournalError:
        log.exception("key_table_unreadable")
        return None
