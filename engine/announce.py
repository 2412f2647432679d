"""Announces catalogue versions in the journal, so that records can name a hash and readers know its content."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.config import PlacementSpec
from engine.journal.base import Journal
from engine.records.schema import ControlRecord, catalogue_key


def announce(journal: Journal, placements: Mapping[str, PlacementSpec]) -> list[str]:
    """Journal each placement's specification unless it is the newest one there. Returns the placements announced."""
    return [name for name, spec in placements.items() if _announce(journal, name, spec)]


def _announce(journal: Journal, placement: str, spec: PlacementSpec) -> bool:
    while True:
        newest, serial = _newest(journal, placement)
        if newest == spec.version:
            return False
        record = ControlRecord(
            action="catalogue",
            placement=placement,
            version=spec.version,
            serial=serial,
            payload=msgspec.to_builtins(spec),
        )
        if not journal.append([record])[0].duplicate:
            return True


def _newest(journal: Journal, placement: str) -> tuple[str | None, int]:
    """The newest announced version, and the serial number after it."""
    version, serial = None, 0
    while (stored := journal.find("control", catalogue_key(placement, serial))) is not None:
        assert isinstance(stored.record, ControlRecord)
        version, serial = stored.record.version, serial + 1
    return version, serial
