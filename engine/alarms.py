"""When a policy noticed that what it learned no longer holds, the journal is told: people will ask since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.lineage import Lineage
from engine.records.schema import ControlRecord


def untold(lineages: Mapping[str, Lineage]) -> Iterator[ControlRecord]:
    """The ``alarm`` records to be journaled now. They change nothing: a fold raises its alarms by itself."""
    for placement, lineage in lineages.items():
        if lineage.policy.alarms > lineage.alarms_told:
            payload = {"lineage": lineage.id, "alarms": lineage.policy.alarms}
            yield ControlRecord(action="alarm", placement=placement, version=lineage.version, payload=payload)
