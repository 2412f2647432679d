"""Snapshots of learned state: written so that whatever is found is whole, and checked before it is used.

A directory has one folder per placement with ``<version>.model``, ``<version>.manifest`` and ``CURRENT.json``, the
manifest of the version to serve; also an empty ``<version>.kept`` if a lineage starts from it. Every file appears by an
atomic rename, after its bytes are on disk. The learner in office writes, and a person's order does; anybody reads.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from engine import vowpal
from engine.canary import still_learns
from engine.errors import ConfigError, PolicyError, SnapshotError
from engine.flush import flush
from engine.manifest import TEMPORARY, Manifest, read_manifest, write_manifest
from engine.policies import registry
from engine.policies.base import Policy

CURRENT = "CURRENT.json"
MODEL = ".model"
MANIFEST = ".manifest"
KEPT = ".kept"
KEEP = 20
ABANDONED_S = 600.0
"""What is still not whole after so long has lost whoever wrote it; on newer ones another process may be at work."""
_UNWRITTEN: Mapping[str, Any] = {"sha256": "", "size": 0, "vw_version": vowpal.VERSION, "machine": platform.machine()}
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class SnapshotStore:
    """Snapshots in a directory.

    Args:
        keep: how many versions of a placement survive, besides those from which a lineage starts; the current one
            always does.

    Raises:
        ConfigError: ``keep`` below 1.
    """

    def __init__(self, directory: Path, keep: int = KEEP) -> None:
        if keep < 1:
            raise ConfigError(f"keep is {keep}: at least one snapshot must survive")
        self._directory = directory
        self._keep = keep

    def stage(self, policy: Policy, *, kept: bool = False, **described: Any) -> Manifest:
        """Make a snapshot durable without serving it yet. The policy itself is only read.

        Args:
            kept: it is never pruned.
            described: of ``Manifest``, what neither the policy nor its bytes tell.

        Raises:
            SnapshotError: it could not be written, cannot be loaded back, or no longer learns. Nothing is left behind.
        """
        return self._stage(policy.save, Manifest(**described, policy=policy.name, **_UNWRITTEN), kept=kept)

    def stage_copy(self, manifest: Manifest, *, kept: bool = False, **described: Any) -> Manifest:
        """Make another snapshot of the same bytes durable. ``described`` says what differs. Raises like ``stage``."""
        self.check_bytes(manifest)
        unpublished = msgspec.structs.replace(manifest, published_position=0, **described)
        return self._stage(partial(shutil.copyfile, self.path(manifest)), unpublished, kept=kept)

    def activate(self, manifest: Manifest) -> None:
        """Serve a staged snapshot from now on, and prune old ones. Its manifest says where it was published.

        Raises:
            SnapshotError: it was never staged, or its bytes are not those of the manifest.
        """
        self.check_bytes(manifest)
        folder = self._folder(manifest.placement)
        try:
            write_manifest(self._manifest_path(manifest.placement, manifest.version), manifest)
            write_manifest(folder / CURRENT, manifest)
            self._prune(folder, manifest.version)
        except OSError as error:
            raise SnapshotError(f"snapshot {manifest.version} could not be activated: {error}") from error

    def placements(self) -> list[str]:
        """Placements that have a current snapshot, sorted."""
        return sorted(current.parent.name for current in self._directory.glob(f"*/{CURRENT}"))

    def folders(self) -> list[str]:
        """Placements that have, or had, any snapshot, sorted."""
        return sorted(folder.name for folder in self._directory.glob("*/"))

    def current(self, placement: str) -> Manifest | None:
        """The manifest to serve; ``None`` if nothing was activated yet. Raises ``SnapshotError`` if unreadable."""
        return read_manifest(self._folder(placement) / CURRENT)

    def versions(self, placement: str) -> list[Manifest]:
        """The readable manifests of all versions that are there, published last first."""
        found = [self._readable(path) for path in self._folder(placement).glob(f"*{MANIFEST}")]
        return sorted((each for each in found if each is not None), key=lambda each: -each.published_position)

    def manifest(self, placement: str, version: str) -> Manifest | None:
        """The manifest of one version; ``None`` if it was pruned or never staged."""
        return read_manifest(self._manifest_path(placement, version))

    def path(self, manifest: Manifest) -> Path:
        """Where the model file is."""
        return self._folder(manifest.placement) / f"{_checked_name(manifest.version)}{MODEL}"

    def check_bytes(self, manifest: Manifest) -> None:
        """Raises ``SnapshotError`` if the model file is not byte for byte what the manifest says.

        Vowpal Wabbit loads truncated and altered weights without complaint.
        """
        path = self.path(manifest)
        try:
            size, digest = path.stat().st_size, sha256_of(path)
        except OSError as error:
            raise SnapshotError(f"{path.name} cannot be read: {error.strerror}") from error
        if (size, digest) != (manifest.size, manifest.sha256):
            raise SnapshotError(f"{path.name} is not what its manifest says: {size} bytes, sha256 {digest[:12]}…")

    def load(self, manifest: Manifest) -> Policy:
        """The policy with this state.

        Raises:
            SnapshotError: altered bytes, another version of Vowpal Wabbit, other flags, or an unknown policy.
        """
        if manifest.vw_version != vowpal.VERSION:
            raise SnapshotError(f"made by vowpalwabbit {manifest.vw_version}, this is {vowpal.VERSION}")
        self.check_bytes(manifest)
        return _load(manifest.policy, manifest.params, self.path(manifest))

    def _folder(self, placement: str) -> Path:
        return self._directory / _checked_name(placement)

    def _manifest_path(self, placement: str, version: str) -> Path:
        return self._folder(placement) / f"{_checked_name(version)}{MANIFEST}"

    def _stage(self, write: Callable[[Path], object], manifest: Manifest, *, kept: bool) -> Manifest:
        written = self._folder(manifest.placement) / f"{TEMPORARY}{uuid.uuid4().hex}"
        try:
            written.parent.mkdir(parents=True, exist_ok=True)
            write(written)
            _check_learning(manifest.policy, manifest.params, written)
            flush(written)
            manifest = msgspec.structs.replace(manifest, sha256=sha256_of(written), size=written.stat().st_size)
            if kept:
                self.path(manifest).with_suffix(KEPT).touch()
            written.replace(self.path(manifest))
            write_manifest(self._manifest_path(manifest.placement, manifest.version), manifest)
        except OSError as error:
            raise SnapshotError(f"snapshot {manifest.version} could not be written: {error}") from error
        finally:
            written.unlink(missing_ok=True)
        return manifest

    @staticmethod
    def _readable(path: Path) -> Manifest | None:
        try:
            return read_manifest(path)
        except SnapshotError:
            return None

    def _prune(self, folder: Path, current: str) -> None:
        """Manifests go first, so that none ever names a file that is gone; leftovers of a killed process go too."""
        never = {path.stem for path in folder.glob(f"*{KEPT}")}
        manifests = sorted(folder.glob(f"*{MANIFEST}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        others = [path.stem for path in manifests if path.stem != current and path.stem not in never]
        kept = {current, *never, *others[: self._keep - 1]}
        for path in [*manifests, *folder.glob(f"*{MODEL}")]:
            if path.stem not in kept:
                path.unlink()
        for path in folder.glob(f"{TEMPORARY}*"):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink(missing_ok=True)


def fingerprint(policy: Policy) -> str:
    """SHA-256 of what ``save`` writes: equal for equal learned state."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        policy.save(path)
        return sha256_of(path)


def _load(name: str, params: Mapping[str, Any], path: Path) -> Policy:
    try:
        return registry.load(name, params, path)
    except (ConfigError, PolicyError) as error:
        raise SnapshotError(f"{path.name} cannot be loaded: {error}") from error


def _check_learning(name: str, params: Mapping[str, Any], path: Path) -> None:
    try:
        alive = still_learns(_load(name, params, path))
    except PolicyError as error:
        raise SnapshotError(f"the model gives no valid pmf: {error}") from error
    if not alive:
        raise SnapshotError("the model no longer learns: a probability did not move with its reward")


def sha256_of(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked_name(name: str) -> str:
    if not _FILE_NAME.fullmatch(name):
        raise SnapshotError(f"{name!r} cannot name a snapshot")
    return name
