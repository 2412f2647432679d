"""When what was learned tells the numbers' scale better than what decisions are encoded by now, the journal is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.encode.moments import LEAST, moved
from engine.lineage import Lineage
from engine.records.schema import ControlRecord

GROWTH = 1.5
"""It is looked at again after so many times the settlements; seldom enough that encoders stay few …"""
LONGEST = 2_000
"""… and after so many more at the latest, since people change."""


def next_look(learned: int) -> float:
    """After how many settlements to look again."""
    return min(learned * GROWTH, learned + LONGEST)


class Calibrator:
    """What the learner in office says of its lineages' scales. When it says it changes nothing that can be folded."""

    def __init__(self) -> None:
        self._look_at: dict[str, float] = {}

    def due(self, lineages: Mapping[str, Lineage]) -> Iterator[ControlRecord]:
        """The ``calibrate`` records to be journaled now."""
        for placement, lineage in lineages.items():
            if lineage.learned >= self._look_at.get(lineage.id, LEAST):
                self._look_at[lineage.id] = next_look(lineage.learned)
                calibration = lineage.moments.calibration()
                if moved(lineage.calibration, calibration):
                    yield _record(placement, lineage, calibration)


def _record(placement: str, lineage: Lineage, calibration: Mapping[str, tuple[float, float]]) -> ControlRecord:
    payload = {
        "lineage": lineage.id,
        "encoder": lineage.origin.encoder_version,
        "calibration": {name: list(pair) for name, pair in calibration.items()},
    }
    return ControlRecord(action="calibrate", placement=placement, version=lineage.version, payload=payload)
