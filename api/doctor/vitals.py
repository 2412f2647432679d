"""What ``/metrics`` says of the deployment's health, looked at when it is asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version

import msgspec
from prometheus_client import Gauge

from api.doctor.currency import Currency
from api.doctor.disk_space import SpaceAt, space_at
from api.doctor.heartbeat import Heartbeat, learner_lives, read_heartbeat
from api.doctor.scrape import home_digest
from api.metrics import Metrics
from api.settings import Settings
from engine.errors import JournalError, SnapshotError
from engine.journal.base import Journal
from engine.models import COLD, ModelWatch
from engine.placement import Placement
from engine.snapshots import SnapshotStore
from features.clock import Clock, wall_clock
from features.errors import PlanError

UNKNOWN = math.nan
UNREADABLE = (OSError, JournalError, SnapshotError, PlanError, msgspec.DecodeError, UnicodeDecodeError)


@dataclass(slots=True)
class Vitals:
    """A gauge whose part cannot be read says NaN; the others say what they know."""

    settings: Settings
    journal: Journal
    snapshots: SnapshotStore
    placements: Mapping[str, Placement]
    models: ModelWatch
    currency: Currency
    clock: Clock = wall_clock
    space_at: SpaceAt = space_at
    _published: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, metrics: Metrics) -> None:
        """Set every gauge. Costs some file look-ups, no network and no model."""
        home = self.settings.home
        metrics.info.labels(version("maitred"), home_digest(home)).set(1)
        _set(metrics.disk_free, lambda: self.space_at(home).bytes)
        _set(metrics.configuration_current, self.currency.configuration)
        _set(metrics.plan_current, self.currency.plan)
        self._take_learner(metrics)
        self._take_models(metrics)

    def _take_learner(self, metrics: Metrics) -> None:
        try:
            beat = read_heartbeat(self.settings.home)
        except UNREADABLE:
            beat = None
        position = 0 if beat is None else beat.position
        _set(metrics.learner_alive, lambda: self._learner_is_alive(beat))
        _set(metrics.learner_lag_records, lambda: max(0, self.journal.last_position() - position))
        _set(metrics.learner_lag_seconds, lambda: self._unread_seconds(position))
        self._take_refused(metrics, beat)

    def _take_refused(self, metrics: Metrics, beat: Heartbeat | None) -> None:
        for name in self.placements:
            lineage = None if beat is None else beat.lineages.get(name)
            metrics.refused_settlements.labels(name).set(0 if lineage is None else lineage.refused)

    def _take_models(self, metrics: Metrics) -> None:
        for name, placement in self.placements.items():
            metrics.model_refused.labels(name).set(name in self.models.refused)
            if placement.served.version != COLD:
                served = placement.served.version
                _set(metrics.model_age.labels(name), partial(self._age_seconds, name, served))

    def _learner_is_alive(self, beat: Heartbeat | None) -> bool:
        hangs = beat is not None and beat.is_silent(self.clock())
        return learner_lives(self.settings.home) and not hangs

    def _unread_seconds(self, position: int) -> float:
        unread = self.journal.read(position, 1)
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


def _set(gauge: Gauge, value: Callable[[], float]) -> None:
    try:
        gauge.set(value())
    except UNREADABLE:
        gauge.set(UNKNOWN)
