"""Records: the entries of the journal, the only truth there is.

A record's clear part holds nothing personal. Whatever is known about a person (ids, context, features, rendered text)
is in ``sealed``, encrypted under that person's key (``records.sealing``), named by ``key_ref``.

Position and time belong to the journal, not to the record: ``journal.base.Stored`` adds them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from features.vector import Freshness

SCHEMA_VERSION = 2
"""What the classes below describe. Every encoded record begins with the version that wrote it (``records.codec``)."""


ALL_PLACEMENTS = "*"
Announced = Literal["catalogue", "encoder"]
Numbered = Announced | Literal["skip"]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Base of all records.

    A new field with a default needs no new version; a renamed field, or one with a new meaning, needs a version and a
    migration.
    """

    @property
    def idempotency_key(self) -> str | None:
        """A second record of the same kind with the same key is a duplicate; ``None`` is never one."""
        return None

    @property
    def about(self) -> str | None:
        """The decision this record belongs to, if any."""
        return None


def _without_slash(id: str) -> str:
    """The same for no other id; percent-encoded where it has to be, so that the first slash of a key ends it."""
    return id.replace("%", "%25").replace("/", "%2F") if "/" in id or "%" in id else id


class DecisionRecord(Record, frozen=True, kw_only=True, tag="decision"):
    """One decision: what could be chosen, with which probabilities, and what was.

    Attributes:
        catalogue: content hash of the placement's catalogue version (its content is in a ``ControlRecord``).
        unit: pseudonym of the user, or of the session without consent: the unit of lift.
        candidates, pmf: eligible action ids and their probabilities, in sampling order.
        chosen: index into ``candidates``; ``None`` if nothing was eligible.
        filtered: action id → why it was not a candidate.
        learnable: False for deterministic answers (control, fallback, forced).
        not_shown: rendering failed and the fallback text was answered.
        request_digest: keyed hash of the request, to tell a retry from a conflict.
    """

    id: str
    placement: str
    catalogue: str
    unit: str
    group: str
    candidates: tuple[str, ...]
    pmf: tuple[float, ...]
    chosen: int | None
    filtered: dict[str, str] = {}
    policy: str
    model_version: str
    encoder_version: str
    reason: str
    learnable: bool
    deferred: bool = False
    not_shown: bool = False
    degraded: tuple[str, ...] = ()
    request_digest: bytes
    key_ref: str
    sealed: bytes

    @property
    def idempotency_key(self) -> str | None:
        return self.id

    @property
    def about(self) -> str | None:
        return self.id


class ShownRecord(Record, frozen=True, kw_only=True, tag="shown"):
    """The content of a deferred decision was really displayed."""

    decision_id: str

    @property
    def idempotency_key(self) -> str | None:
        return self.decision_id

    @property
    def about(self) -> str | None:
        return self.decision_id


class OutcomeRecord(Record, frozen=True, kw_only=True, tag="outcome"):
    """A named metric with a value, for a decision. ``at`` is the sender's clock (µs), recorded only.

    ``id`` is the sender's: it tells outcomes of one decision apart, so two decisions may both have a ``click-1``.
    ``corrects`` is the id of another outcome of this decision, whose place this one takes.
    """

    id: str
    decision_id: str
    metric: str
    value: float
    at: int | None = None
    corrects: str | None = None

    @property
    def idempotency_key(self) -> str | None:
        return f"{_without_slash(self.decision_id)}/{self.id}"

    @property
    def about(self) -> str | None:
        return self.decision_id


class EventRecord(Record, frozen=True, kw_only=True, tag="event"):
    """Something that happened in a session; name and properties are sealed."""

    id: str
    key_ref: str
    sealed: bytes

    @property
    def idempotency_key(self) -> str | None:
        return self.id


class SettlementRecord(Record, frozen=True, kw_only=True, tag="settlement"):
    """A decision's final reward, in the order in which it is learned.

    Attributes:
        reward: in the placement's own units (not scaled).
        outcomes: how many outcomes counted.
        learn: whether policies may learn from it; ``why`` says why not.
        early: what is learned before the window closes (``settle: earliest``); the reward that counts for everything
            else comes in the settlement that follows when it does.
    """

    decision_id: str
    decision_position: int
    placement: str
    reward: float
    outcomes: int
    learn: bool
    why: str = ""
    early: bool = False

    @property
    def idempotency_key(self) -> str | None:
        # No id has a line break. The position tells decisions apart of which the first was cut from the journal.
        which = "early" if self.early else "final"
        return f"{self.decision_id}\n{which}\n{self.decision_position}"

    @property
    def about(self) -> str | None:
        return self.decision_id


class TickRecord(Record, frozen=True, kw_only=True, tag="tick"):
    """Time passed; windows may close."""


class ControlRecord(Record, frozen=True, kw_only=True, tag="control"):
    """A change to the system itself.

    Actions:
        ``catalogue``: ``payload`` is the placement's whole specification (JSON types), ``version`` its content hash,
            ``serial`` counts the placement's announcements, so that going back to an old version is one, too.
        ``encoder``: likewise for the encoder, which all placements share (``placement`` is ``ALL_PLACEMENTS``).
        ``origin``: a lineage starts; ``payload`` has ``policy`` (name and parameters) and ``encoder_version``.
        ``calibrate``: decisions of the ``lineage`` that ``payload`` names may be encoded by the means and deviations of
            what it has learned (``calibration``), which make an encoder of the family ``encoder``.
        ``alarm``: the policy of the ``lineage`` that ``payload`` names noticed that what it learned no longer holds,
            for the n-th time (``alarms``).
        ``publish``: a snapshot; ``payload`` has ``lineage``, ``settled_position``, ``sha256`` and ``size``.
        ``rollback``: the lineage ends and a new one starts from the published snapshot that ``payload`` names
            (``from``, with its ``sha256``); ``version`` is the new lineage's. ``payload`` says who and why.
        ``reset``: likewise, a new lineage starts from nothing.
        ``import``: likewise, from a model file brought by a person (``sha256``, ``size``).
        ``skip``: the settlement at ``payload``'s ``position`` is not learned, since learning it killed the learner each
            time; ``serial`` counts them, ``placement`` is ``ALL_PLACEMENTS``.
        ``cut``: retention removed every record that is no control record up to ``payload``'s ``position``.
    """

    action: Numbered | Literal["origin", "calibrate", "alarm", "publish", "rollback", "reset", "import", "cut"]
    placement: str
    version: str
    payload: dict[str, Any]
    serial: int = 0

    @property
    def idempotency_key(self) -> str | None:
        if self.action == "catalogue" or self.action == "encoder" or self.action == "skip":
            return announcement_key(self.action, self.placement, self.serial)
        return f"{self.action}/{self.placement}/{self.version}"


def announcement_key(action: Numbered, placement: str, serial: int) -> str:
    """Idempotency key of the n-th announced catalogue of a placement, of the n-th encoder, or of the n-th skip."""
    return f"{action}/{placement}/{serial}"


AnyRecord = DecisionRecord | ShownRecord | OutcomeRecord | EventRecord | SettlementRecord | TickRecord | ControlRecord


class PersonalPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a decision knew about a person: sealed inside ``DecisionRecord.sealed``.

    Attributes:
        user_id: absent without consent.
        features: qualified name → value, exactly as encoded.
        missing: features whose value was not known though their view's row was there; a default stands in.
        render_only: features that only templates saw.
        freshness: view → freshness.
        offered: actions the bot brought, as ``[id, features, text]``.
        content: what was answered (``text`` and whatever else the action renders).
    """

    session_id: str
    user_id: str | None = None
    context: dict[str, str | int | float | bool] = {}
    features: dict[str, str | int | float | bool] = {}
    render_only: dict[str, str | int | float | bool] = {}
    freshness: dict[str, Freshness] = {}
    missing: tuple[str, ...] = ()
    offered: tuple[tuple[str, dict[str, str | int | float | bool], str | None], ...] | None = None
    content: dict[str, str] = {}


class PersonalEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The sealed part of an ``EventRecord``."""

    session_id: str
    user_id: str | None = None
    name: str
    properties: dict[str, str | int | float | bool] = {}
