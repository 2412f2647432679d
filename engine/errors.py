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
│   └── CorruptRecord       bytes that are not a record of a known version, or a record that has no bytes
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


class CorruptRecord(JournalError):
    """Bytes in the journal that are not a record of a known version, or a record that cannot become bytes."""


class SealError(MaitredError):
    """A sealed part cannot be opened: its key is wrong, lost or destroyed."""


class NotEvaluable(MaitredError):
    """Too little or unsuitable data for an honest number; the message says what is missing."""


class VerificationFailed(MaitredError):
    """Folding the journal anew does not give what was published."""

    def __init__(self, detail: str, *, position: int) -> None:
        super().__init__(f"position {position}: {detail}")
        self.position = position
