"""Retention: what a cut of the journal says about itself."""

from __future__ import annotations

from engine.errors import JournalError
from engine.records.schema import ALL_PLACEMENTS, ControlRecord

CUT_RECORDS = 500
"""Records that one transaction removes: bounds how long it keeps others from appending."""


def cut_record(position: int) -> ControlRecord:
    """Says that everything up to a position was removed but control records. Raises ``JournalError`` below 1."""
    if position < 1:
        raise JournalError(f"cut: there is nothing up to position {position}")
    return ControlRecord(action="cut", placement=ALL_PLACEMENTS, version=str(position), payload={"position": position})


def beyond(last: int) -> JournalError:
    """The journal ends before the position up to which it was to be cut."""
    return JournalError(f"cut: there are only {last} records")
