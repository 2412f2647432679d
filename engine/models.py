"""The models a serving process has: the published one of each placement, swapped in when a newer one appears."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from engine.choose import Served
from engine.config import PolicySpec
from engine.errors import SnapshotError
from engine.placement import Placement
from engine.policies import registry
from engine.policies.base import Policy
from engine.snapshots import Manifest, SnapshotStore

log = structlog.get_logger(__name__)

COLD = "origin"
"""Model version of a policy that has learned nothing yet."""


def cold(spec: PolicySpec) -> Served:
    """The policy before any learning."""
    return Served(registry.build(spec.name, spec.params), COLD)


class ModelWatch:
    """Follows the snapshot store. ``refresh`` is cheap when nothing changed."""

    def __init__(self, snapshots: SnapshotStore, placements: Mapping[str, Placement]) -> None:
        self._snapshots = snapshots
        self._placements = placements
        self.refused: dict[str, str] = {}

    def refresh(self) -> list[str]:
        """Swap in what is new; returns the placements that changed. A bad snapshot leaves the present one serving."""
        return [name for name, placement in self._placements.items() if self._refresh(name, placement)]

    def policy(self, placement: str, version: str) -> Policy | None:
        """The policy with this learned state, loaded from its snapshot if it is not the one that serves."""
        serving = self._placements[placement].served
        if serving.version == version:
            return serving.policy
        try:
            manifest = self._snapshots.manifest(placement, version)
            return None if manifest is None else self._snapshots.load(manifest)
        except SnapshotError:
            return None

    def _refresh(self, name: str, placement: Placement) -> bool:
        try:
            manifest = self._snapshots.current(name)
            if manifest is None or not self._is_news(manifest, placement):
                return False
            placement.served = Served(self._snapshots.load(manifest), manifest.version, manifest.settled_position)
        except Exception as error:  # a policy is a plug-in: what its loading raises must not stop the others' swaps
            if self.refused.get(name) != str(error):
                log.exception("snapshot_refused", placement=name)
            self.refused[name] = str(error)
            return False
        self.refused.pop(name, None)
        return True

    def _is_news(self, manifest: Manifest, placement: Placement) -> bool:
        policy = placement.catalogue.spec.policy
        return (
            manifest.version != placement.served.version
            and manifest.encoder_version == placement.encoder.version
            and (manifest.policy, manifest.params) == (policy.name, policy.params)
        )
