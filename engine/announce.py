"""Announces catalogue and encoder versions in the journal: records name a hash, readers know what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.config import PlacementSpec
from engine.encode import EncoderSpec
from engine.journal.base import Journal
from engine.records.schema import ALL_PLACEMENTS, Announced, ControlRecord, announcement_key


def announce(journal: Journal, placements: Mapping[str, PlacementSpec], encoder: EncoderSpec) -> list[str]:
    """Journal the encoder and each placement's specification, unless they are the newest ones there.

    Returns the placements announced.
    """
    _announce(journal, "encoder", ALL_PLACEMENTS, encoder.version, encoder)
    return [name for name, spec in placements.items() if _announce(journal, "catalogue", name, spec.version, spec)]


def _announce(
    journal: Journal, action: Announced, placement: str, version: str, spec: EncoderSpec | PlacementSpec
) -> bool:
    while True:
        newest, serial = _newest(journal, action, placement)
        if newest == version:
            return False
        record = ControlRecord(
            action=action,
            placement=placement,
            version=version,
            serial=serial,
            payload=msgspec.to_builtins(spec),
        )
        if not journal.append([record])[0].duplicate:
            return True


def _newest(journal: Journal, action: Announced, placement: str) -> tuple[str | None, int]:
    """The newest announced version, and the serial number after it."""
    version, serial = None, 0
    while (stored := journal.find("control", announcement_key(action, placement, serial))) is not None:
        assert isinstance(stored.record, ControlRecord)
        version, serial = stored.record.version, serial + 1
    return version, serial
