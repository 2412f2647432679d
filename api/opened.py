"""Decisions of a journal, opened as far as they still can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from engine.errors import SealError
from engine.journal.base import Stored
from engine.records.schema import DecisionRecord, PersonalPart
from engine.records.sealing import Sealer


class Opened(NamedTuple):
    """A decision with what it knew about a person; position and time are those of ``Stored``."""

    position: int
    time_us: int
    record: DecisionRecord
    part: PersonalPart


class Opening:
    """Opens decisions of one placement, or of all; ``forgotten`` counts those whose keys are destroyed."""

    def __init__(self, sealer: Sealer, placement: str | None = None) -> None:
        self.forgotten = 0
        self._sealer = sealer
        self._placement = placement

    def of(self, records: Iterable[Stored]) -> Iterator[Opened]:
        """The decisions among some records."""
        for position, time_us, record in records:
            if isinstance(record, DecisionRecord) and self._placement in (None, record.placement):
                part = self._part(record)
                if part is not None:
                    yield Opened(position, time_us, record, part)

    def _part(self, record: DecisionRecord) -> PersonalPart | None:
        try:
            return self._sealer.open(record.key_ref, record.sealed, PersonalPart, record.id.encode())
        except SealError:
            self.forgotten += 1
            return None
