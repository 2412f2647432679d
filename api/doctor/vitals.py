"""What ``/metrics`` says of the deployment's health, looked at when it is asked."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version

import msgspec
from prometheus_client import Gauge

from api.doctor.children import read_children
from api.doctor.currency import Currency
from api.doctor.disk_space import SpaceAt, space_at
from api.doctor.heartbeat import Heartbeat, learner_lives, read_heartbeat
from api.doctor.scrape import home_digest
from api.metrics import Metrics
from api.settings import Settings
from engine.errors import JournalError, SnapshotError
from engine.journal.reachable import Log
from engine.models import COLD, ModelWatch
from engine.placement import Placement
from engine.snapshots import SnapshotStore
from engine.spool.folder import bytes_in
from features.clock import Clock, wall_clock
from features.errors import PlanError

UNKNOWN = math.nan
UNREADABLE = (OSError, JournalError, SnapshotError, PlanError, msgspec.DecodeError, UnicodeDecodeError)


@dataclass(slots=True)
class Vitals:
    """A gauge whose part cannot be read says NaN; the others say what they know.

    Attributes:
        journals: one for each shard.
    """

    settings: Settings
    journals: Sequence[Log]
    snapshots: SnapshotStore
    placements: Mapping[str, Placement]
    models: ModelWatch
    currency: Currency
    clock: Clock = wall_clock
    space_at: SpaceAt = space_at
    _published: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, metrics: Metrics) -> None:
        """Set every gauge. May wait for files and for the journal's server."""
        home = self.settings.home
        metrics.info.labels(version("maitred"), home_digest(home)).set(1)
        _set(metrics.disk_free, lambda: self.space_at(home).bytes)
        _set(metrics.spool_bytes, lambda: bytes_in(self.settings.spool_path))
        _set(metrics.journal_position, lambda: sum(journal.last_position() for journal in self.journals))
        _set(metrics.configuration_current, self.currency.configuration)
        _set(metrics.plan_current, self.currency.plan)
        self._take_learner(metrics)
        self._take_ages(metrics)
        self._take_restarts(metrics)
        self.take_models(metrics)

    def take_models(self, metrics: Metrics) -> None:
        """Set the gauges about the models that this process serves, without looking at anything but memory."""
        for name, placement in self.placements.items():
            metrics.settled_position.labels(name).set(placement.served.settled_position)
            metrics.model_refused.labels(name).set(name in self.models.refused)

    def _take_learner(self, metrics: Metrics) -> None:
        beats = [self._beat(shard) for shard in range(len(self.journals))]
        _set(metrics.learner_alive, lambda: all(map(self._learner_is_alive, beats, range(len(beats)))))
        _set(metrics.learner_lag_records, lambda: sum(map(_unread_records, self.journals, beats)))
        _set(metrics.learner_lag_seconds, lambda: max(map(self._unread_seconds, self.journals, beats)))
        self._take_refused(metrics, beats)

    def _beat(self, shard: int) -> Heartbeat | None:
        try:
            return read_heartbeat(self.settings.home, shard)
        except UNREADABLE:
            return None

    def _take_refused(self, metrics: Metrics, beats: Sequence[Heartbeat | None]) -> None:
        lineages = {name: lineage for beat in beats if beat is not None for name, lineage in beat.lineages.items()}
        for name in self.placements:
            metrics.refused_settlements.labels(name).set(lineages[name].refused if name in lineages else 0)

    def _take_ages(self, metrics: Metrics) -> None:
        for name, placement in self.placements.items():
            if placement.served.version != COLD:
                served = placement.served.version
                _set(metrics.model_age.labels(name), partial(self._age_seconds, name, served))

    def _take_restarts(self, metrics: Metrics) -> None:
        with contextlib.suppress(*UNREADABLE):
            children = read_children(self.settings.home)
            metrics.gathered.restarts = {name: record.deaths for name, record in children.items()}

    def _learner_is_alive(self, beat: Heartbeat | None, shard: int) -> bool:
        hangs = beat is not None and beat.is_silent(self.clock())
        return learner_lives(self.settings.home, shard) and not hangs

    def _unread_seconds(self, journal: Log, beat: Heartbeat | None) -> float:
        if _learns_elsewhere(beat):
            return UNKNOWN
        unread = journal.read(_position(beat), 1)
        return max(0.0, (self.clock() - unread[0].time_us) / 1e6) if unread else 0.0

    def _age_seconds(self, placement: str, served: str) -> float:
        created_us = self._published.get((placement, served))
        if created_us is None:
            manifest = self.snapshots.manifest(placement, served)
            if manifest is None:
                return UNKNOWN
            created_us = manifest.created_us
            self._published = {key: us for key, us in self._published.items() if key[0] != placement}
            self._published[placement, served] = created_us
        return (self.clock() - created_us) / 1e6


def _position(beat: Heartbeat | None) -> int:
    return 0 if beat is None else beat.position


def _learns_elsewhere(beat: Heartbeat | None) -> bool:
    """Only a standby is heard here: how far the one in office is, its own home knows."""
    return beat is not None and beat.state == "standby"


def _unread_records(journal: Log, beat: Heartbeat | None) -> float:
    return UNKNOWN if _learns_elsewhere(beat) else max(0, journal.last_position() - _position(beat))


def _set(gauge: Gauge, value: Callable[[], float]) -> None:
    try:
        gauge.set(value())
    except UNREADABLE:
        gauge.set(UNKNOWN)
