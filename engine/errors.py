"""Errors of the engine, one tree.

MaitredError
├── ConfigError             the YAML, a flag string or an environment variable is wrong
├── BadRequest              the caller's request cannot be served as asked (names the field)
│   ├── UnknownPlacement
│   └── DecisionConflict    same decision id, other request
├── NotFound                no such decision
├── ContentError            an action's template cannot be rendered, or says nothing
├── PolicyError             a policy could not give a valid pmf, or refused an example
│   └── UnsafeExample       a value Vowpal Wabbit must never see
├── SnapshotError           a snapshot is corrupt, foreign or frozen
├── JournalError            the journal cannot be read or appended to
│   ├── Fenced              another learner has taken the lease: nothing more may be written under the old one
│   ├── Diverged            the journal is not the one that was folded: its end is gone, or it was replaced
│   ├── Incomplete          records are missing that were cut from it
│   ├── OutOfReach          the journal does not answer, or not in time
│   ├── SpoolFull           the journal is out of reach and the local spool holds no more
│   └── CorruptRecord       bytes that are not a record of a known version, or a record that has no bytes
├── ParkingError            open decisions cannot be kept on the local disk, or are gone from it
├── ArchiveError            the archive cannot be read or written, or is another journal's
├── NotEvaluable            too little or unsuitable data for an honest number
├── SealError               a personal part cannot be opened (wrong, lost or destroyed key)
└── VerificationFailed      the journal folded anew does not give what was published
"""

from __future__ import annotations


class MaitredError(Exception):
    """Root of every error the engine raises on purpose."""


class ConfigError(MaitredError):
    """The configuration is wrong; the message names the key and what was expected."""


class BadRequest(MaitredError):
    """A request that cannot be served as asked."""

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


class UnknownPlacement(BadRequest):
    """The placement is not configured."""


class DecisionConflict(BadRequest):
    """The decision id was used before, for another request."""


class NotFound(MaitredError):
    """No decision has this id."""


class ContentError(MaitredError):
    """An action's template cannot be rendered, or says nothing; the message names no value."""


class PolicyError(MaitredError):
    """A policy could not give a valid pmf, or refused to learn."""


class UnsafeExample(PolicyError):
    """A feature, cost or probability that would harm Vowpal Wabbit."""


class SnapshotError(MaitredError):
    """A snapshot is corrupt, belongs to another policy, or no longer learns."""


class JournalError(MaitredError):
    """The journal cannot be read or appended to."""


class Fenced(JournalError):
    """The lease under which the caller writes has changed hands."""


class Diverged(JournalError):
    """The journal no longer has what was read from it: it lost its end, or another one is in its place."""


class Incomplete(JournalError):
    """Records that are needed were cut from the journal, and its archive is not there."""


class OutOfReach(JournalError):
    """The journal does not answer, or not in time."""


class SpoolFull(JournalError):
    """The journal is out of reach, and what is kept for it on the local disk has reached its limit."""


class CorruptRecord(JournalError):
    """Bytes in the journal that are not a record of a known version, or a record that cannot become bytes."""


class ParkingError(MaitredError):
    """Decisions that wait for their windows to close cannot be kept on the local disk, or are gone from it."""


class ArchiveError(MaitredError):
    """The archive cannot be read or written, was edited, or is another journal's."""


class SealError(MaitredError):
    """A sealed part cannot be opened: its key is wrong, lost or destroyed."""


class NotEvaluable(MaitredError):
    """Too little or unsuitable data for an honest number; the message says what is missing."""


class VerificationFailed(MaitredError):
    """Folding the journal anew does not give what was published."""

    def __init__(self, detail: str, *, position: int) -> None:
        super().__init__(f"position {position}: {detail}")
        self.position = position
