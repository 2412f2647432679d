"""Announces catalogue and encoder versions in the journal: records name a hash, readers know what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.config import PlacementSpec
from engine.encode.base import Encoder
from engine.journal.base import Journal, Reads
from engine.journal.shards import Shards
from engine.records.schema import ALL_PLACEMENTS, Announced, ControlRecord, Numbered, announcement_key


def announce_to_shards(shards: Shards, placements: Mapping[str, PlacementSpec], encoder: Encoder) -> list[str]:
    """Announce each placement in its own shard, and the encoder in every one. Returns the placements announced."""
    announced: list[str] = []
    for shard, journal in enumerate(shards.journals):
        own = {name: spec for name, spec in placements.items() if shards.of(name) == shard}
        announced += announce(journal, own, encoder)
    return announced


def announce(journal: Journal, placements: Mapping[str, PlacementSpec], encoder: Encoder) -> list[str]:
    """Journal the encoder and each placement's specification, unless they are the newest ones there.

    Returns the placements announced.
    """
    _announce(journal, "encoder", ALL_PLACEMENTS, encoder.family, encoder.payload)
    return [name for name, spec in placements.items() if _announce(journal, "catalogue", name, spec.version, spec)]


def _announce(journal: Journal, action: Announced, placement: str, version: str, content: object) -> bool:
    while True:
        last = newest(journal, action, placement)
        if last is not None and last.version == version:
            return False
        record = ControlRecord(
            action=action,
            placement=placement,
            version=version,
            serial=0 if last is None else last.serial + 1,
            payload=msgspec.to_builtins(content),
        )
        if not journal.append([record])[0].duplicate:
            return True


def newest(journal: Reads, action: Numbered, placement: str) -> ControlRecord | None:
    """The newest announcement: what is in force now. ``None`` if nothing was announced."""
    last, serial = None, 0
    while (stored := journal.find("control", announcement_key(action, placement, serial))) is not None:
        assert isinstance(stored.record, ControlRecord)
        last, serial = stored.record, serial + 1
    return last
