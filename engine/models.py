"""The models a serving process has: the published one of each placement, swapped in when a newer one appears."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import structlog

from engine.choose import Served
from engine.config import PolicySpec
from engine.encode.base import Encoder
from engine.errors import SnapshotError
from engine.manifest import Manifest
from engine.placement import Placement
from engine.policies import registry
from engine.snapshots import SnapshotStore

log = structlog.get_logger(__name__)

COLD = "origin"
"""Model version of a policy that has learned nothing yet."""


def cold(spec: PolicySpec, encoder: Encoder) -> Served:
    """The policy before any learning."""
    return Served(registry.build(spec.name, spec.params), COLD, encoder)


class ModelWatch:
    """Follows the snapshot store. ``refresh`` is cheap when nothing changed.

    A snapshot is swapped in only for one that was published before it: whatever a learner that overslept makes current,
    nothing swaps backwards. One that is bad is not served; the newest good one of its lineage is.

    Attributes:
        refused: placement → what is wrong with its newest snapshot.
    """

    def __init__(self, snapshots: SnapshotStore, placements: Mapping[str, Placement]) -> None:
        self._snapshots = snapshots
        self._placements = placements
        self._serving: dict[str, Manifest] = {}
        self.refused: dict[str, str] = {}

    def refresh(self) -> list[str]:
        """Swap in what is new; returns the placements that changed."""
        return [name for name, placement in self._placements.items() if self._refresh(name, placement)]

    def served(self, placement: str, version: str) -> Served | None:
        """The policy with this learned state, loaded from its snapshot if it is not the one that serves."""
        serving = self._placements[placement].served
        if serving.version == version:
            return serving
        try:
            manifest = self._snapshots.manifest(placement, version)
            return None if manifest is None else self._loaded(manifest, serving.encoder)
        except SnapshotError:
            return None

    def _refresh(self, name: str, placement: Placement) -> bool:
        try:
            return self._follow(placement, self._snapshots.current(name))
        except Exception as error:  # a policy is a plug-in: what its loading raises must not stop the others' swaps
            if self.refused.get(name) == str(error):
                return False
            log.exception("snapshot_refused", placement=name)
            self.refused[name] = str(error)
        swapped = any(self._serves_instead(manifest, placement) for manifest in self._older(placement))
        placement.served = replace(placement.served, refused=True)
        return swapped

    def _follow(self, placement: Placement, current: Manifest | None) -> bool:
        if current is None:
            return False
        news = self._is_news(current, placement)
        if news:
            self._serve(current, placement)
        elif current != self._serving.get(placement.name):
            return False
        if self.refused.pop(placement.name, None) is not None:
            placement.served = replace(placement.served, refused=False)
        return news

    def _is_news(self, manifest: Manifest, placement: Placement) -> bool:
        serving = self._serving.get(placement.name)
        return _suits(manifest, placement) and (serving is None or manifest.follows(serving))

    def _serve(self, manifest: Manifest, placement: Placement) -> None:
        placement.serve(self._loaded(manifest, placement.served.encoder))
        self._serving[placement.name] = manifest

    def _loaded(self, manifest: Manifest, encoder: Encoder) -> Served:
        policy, calibrated = self._snapshots.load(manifest), encoder.calibrated(manifest.calibration)
        return Served(policy, manifest.version, calibrated, manifest.settled_position)

    def _older(self, placement: Placement) -> Iterator[Manifest]:
        """What was published before, newest first. Where the lineage starts, it ends: its predecessor was given up."""
        published = [each for each in self._snapshots.versions(placement.name) if each.published_position]
        for manifest in published:
            if manifest.lineage != published[0].lineage:
                return
            if self._is_news(manifest, placement):
                yield manifest

    def _serves_instead(self, manifest: Manifest, placement: Placement) -> bool:
        try:
            self._serve(manifest, placement)
        except Exception:  # as above
            log.exception("snapshot_refused", placement=placement.name, version=manifest.version)
            return False
        return True


def _suits(manifest: Manifest, placement: Placement) -> bool:
    policy = placement.catalogue.spec.policy
    return manifest.encoder_version == placement.served.encoder.family and (manifest.policy, manifest.params) == (
        policy.name,
        policy.params,
    )
