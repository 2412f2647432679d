"""What a person may order of a placement's model: back to a published one, back to nothing, on from one they bring.

The order is journaled and carried out at once, whether a learner runs or not: the new snapshot is there before the
record, and serves after it. The learner reads the record like any other, and learns on from that state.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from engine.announce import newest
from engine.config import PlacementSpec
from engine.errors import ConfigError, PolicyError, SnapshotError
from engine.journal.base import Journal
from engine.journal.identity import identity_of
from engine.lineage import Origin, Start, version_of
from engine.manifest import Manifest, read_manifest
from engine.policies import registry
from engine.publications import Published, published
from engine.records.schema import ALL_PLACEMENTS, ControlRecord
from engine.snapshots import MANIFEST, SnapshotStore
from features.clock import Clock

Stage = Callable[..., Manifest]
"""Stages the snapshot with which a lineage starts; takes what ``Manifest`` says of it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Who orders it, and why: kept in the journal for good."""

    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Orders:
    """For the placements of one journal. Everything returns what serves from now on.

    Raises:
        ConfigError: the placement is unknown, or does not learn.
        SnapshotError: the state cannot be had, or is not the placement's.
        JournalError: the order could not be journaled. If it was, after all, the learner carries it out.
    """

    journal: Journal
    snapshots: SnapshotStore
    clock: Clock

    def published(self, placement: str) -> list[Published]:
        """The snapshots that a rollback can go back to, published last first: the first one serves."""
        self._now(placement)
        return published(self.journal, self.snapshots, placement)

    def rollback(self, placement: str, to: str | None, reason: Reason) -> Manifest:
        """Serve a published version again, and learn on from it; by default the one before what serves.

        A version is refused that is unknown, was pruned, or is of another journal, encoder or configuration.
        """
        now, known = self._now(placement), self.published(placement)
        chosen = _before(known) if to is None else self._named(placement, known, to)
        if _origin_of(chosen) != now:
            raise SnapshotError(f"{chosen.version} is of another encoder, policy or flags than {placement} has now")
        self.snapshots.load(chosen)
        stage = partial(self.snapshots.stage_copy, chosen)
        return self._start("rollback", placement, now, stage, reason, chosen.settled_position, chosen.version)

    def reset(self, placement: str, reason: Reason) -> Manifest:
        """Forget everything: serve and learn on from a policy that has learned nothing."""
        now = self._now(placement)
        stage = partial(self.snapshots.stage, registry.build(now.policy, now.params))
        return self._start("reset", placement, now, stage, reason)

    def import_model(self, placement: str, file: Path, reason: Reason) -> Manifest:
        """Serve the model in a file, and learn on from it. Its flags must be the placement's.

        Which encoder made the features that it learned, a model does not tell. If its manifest is beside it, as in a
        folder of snapshots, that is compared; otherwise whoever orders it vouches for it.
        """
        now = self._now(placement)
        beside = read_manifest(file.with_suffix(MANIFEST))
        if beside is not None and _origin_of(beside) != now:
            raise SnapshotError(f"{file.name} is of another encoder, policy or flags than {placement} has now")
        try:
            policy = registry.load(now.policy, now.params, file)
        except PolicyError as error:
            raise SnapshotError(f"{file.name} cannot be loaded: {error}") from error
        return self._start("import", placement, now, partial(self.snapshots.stage, policy), reason)

    def _now(self, placement: str) -> Origin:
        """What a lineage of this placement would start with."""
        catalogue = newest(self.journal, "catalogue", placement)
        encoder = newest(self.journal, "encoder", ALL_PLACEMENTS)
        if catalogue is None or encoder is None:
            raise ConfigError(f"the journal knows no placement {placement!r}")
        policy = msgspec.convert(catalogue.payload, PlacementSpec).policy
        if not registry.learns(policy.name):
            raise ConfigError(f"placement {placement!r} does not learn: its policy is {policy.name!r}")
        return Origin(policy.name, policy.params, encoder.version)

    def _named(self, placement: str, known: list[Published], version: str) -> Manifest:
        named = next((manifest for _, manifest in known if manifest.version == version), None)
        if named is None:
            is_kept = self.snapshots.manifest(placement, version) is not None
            what = "was not published by this journal" if is_kept else "is unknown, or was pruned"
            raise SnapshotError(f"version {version} of {placement} {what}")
        if named == known[0].manifest:
            raise SnapshotError(f"version {version} of {placement} serves already")
        return named

    def _start(
        self,
        action: Literal["rollback", "reset", "import"],
        placement: str,
        origin: Origin,
        stage: Stage,
        reason: Reason,
        settled_position: int = 0,
        source: str = "",
    ) -> Manifest:
        """Snapshot, record, activation: in this order, so that whoever dies in between leaves nothing half done."""
        current = next(iter(published(self.journal, self.snapshots, placement)), None)
        lineage = secrets.token_hex(6)
        manifest = stage(
            kept=True,
            placement=placement,
            version=version_of(lineage, settled_position),
            lineage=lineage,
            params=origin.params,
            encoder_version=origin.encoder_version,
            settled_position=settled_position,
            created_us=self.clock(),
            journal=identity_of(self.journal.read(0, 1)[0]),
        )
        start = Start(
            policy=origin.policy,
            params=origin.params,
            encoder_version=origin.encoder_version,
            settled_position=settled_position,
            sha256=manifest.sha256,
            size=manifest.size,
            source=source,
            who=reason.who,
            why=reason.why,
            before="" if current is None else current.manifest.version,
            after=manifest.version,
        )
        record = ControlRecord(action=action, placement=placement, version=lineage, payload=msgspec.to_builtins(start))
        manifest = msgspec.structs.replace(manifest, published_position=self.journal.append([record])[0].position)
        self.snapshots.activate(manifest)
        return manifest


def _origin_of(manifest: Manifest) -> Origin:
    return Origin(manifest.policy, manifest.params, manifest.encoder_version)


def _before(known: list[Published]) -> Manifest:
    """What was published before the bytes that serve now were published first."""
    first = min((at.position for at, each in known if each.sha256 == known[0].manifest.sha256), default=0)
    for at, manifest in known:
        if at.position < first:
            return manifest
    raise SnapshotError("no version before the one that serves is kept")
