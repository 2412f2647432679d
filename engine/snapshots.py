"""Snapshots of learned state: written so that whatever is found is whole, and checked before it is used.

A directory has one folder per placement with ``<version>.model``, ``<version>.manifest`` and ``CURRENT.json``, the
manifest of the version to serve. Every file appears by an atomic rename, after its bytes are on disk. Only the learner
writes; any number of processes read.
"""

from __future__ import annotations

import hashlib
import platform
import re
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from engine import vowpal
from engine.canary import still_learns
from engine.errors import ConfigError, PolicyError, SnapshotError
from engine.flush import flush
from engine.policies import registry
from engine.policies.base import Policy

CURRENT = "CURRENT.json"
MODEL = ".model"
MANIFEST = ".manifest"
_TEMPORARY = ".tmp-"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot is, and how to know that its bytes are the right ones.

    Attributes:
        lineage: the origin it was learned from; ``settled_position`` how far along the journal.
        policy, params: registered name and constructor parameters, as configured.
        sha256, size: of the model file.
        vw_version, machine: bytes are promised to be reproducible on the same two only.
    """

    placement: str
    version: str
    lineage: str
    policy: str
    params: dict[str, Any]
    encoder_version: str
    settled_position: int
    sha256: str
    size: int
    vw_version: str
    machine: str
    created_us: int


class SnapshotStore:
    """Snapshots in a directory.

    Args:
        keep: how many versions of a placement survive; the current one always does.

    Raises:
        ConfigError: ``keep`` below 1.
    """

    def __init__(self, directory: Path, keep: int = 20) -> None:
        if keep < 1:
            raise ConfigError(f"keep is {keep}: at least one snapshot must survive")
        self._directory = directory
        self._keep = keep

    def stage(
        self,
        policy: Policy,
        *,
        placement: str,
        version: str,
        lineage: str,
        params: Mapping[str, Any],
        encoder_version: str,
        settled_position: int,
        created_us: int,
    ) -> Manifest:
        """Make a snapshot durable without serving it yet. The policy itself is only read.

        Raises:
            SnapshotError: it could not be written, cannot be loaded back, or no longer learns. Nothing is left behind.
        """
        written = self._folder(placement) / f"{_TEMPORARY}{uuid.uuid4().hex}"
        try:
            written.parent.mkdir(parents=True, exist_ok=True)
            policy.save(written)
            _check_learning(policy.name, params, written)
            flush(written)
            manifest = Manifest(
                placement=placement,
                version=version,
                lineage=lineage,
                policy=policy.name,
                params=dict(params),
                encoder_version=encoder_version,
                settled_position=settled_position,
                sha256=_sha256(written),
                size=written.stat().st_size,
                vw_version=vowpal.VERSION,
                machine=platform.machine(),
                created_us=created_us,
            )
            written.replace(self.path(manifest))
            _write(self._manifest_path(placement, version), manifest)
        except OSError as error:
            raise SnapshotError(f"snapshot {version} could not be written: {error}") from error
        finally:
            written.unlink(missing_ok=True)
        return manifest

    def activate(self, manifest: Manifest) -> None:
        """Serve a staged snapshot from now on, and prune old ones.

        Raises:
            SnapshotError: it was never staged, or its bytes are not those of the manifest.
        """
        self.check_bytes(manifest)
        folder = self._folder(manifest.placement)
        try:
            _write(folder / CURRENT, manifest)
            self._prune(folder, manifest.version)
        except OSError as error:
            raise SnapshotError(f"snapshot {manifest.version} could not be activated: {error}") from error

    def placements(self) -> list[str]:
        """Placements that have a current snapshot, sorted."""
        return sorted(current.parent.name for current in self._directory.glob(f"*/{CURRENT}"))

    def current(self, placement: str) -> Manifest | None:
        """The manifest to serve; ``None`` if nothing was activated yet. Raises ``SnapshotError`` if unreadable."""
        return _read(self._folder(placement) / CURRENT)

    def manifest(self, placement: str, version: str) -> Manifest | None:
        """The manifest of one version; ``None`` if it was pruned or never staged."""
        return _read(self._manifest_path(placement, version))

    def path(self, manifest: Manifest) -> Path:
        """Where the model file is."""
        return self._folder(manifest.placement) / f"{_checked_name(manifest.version)}{MODEL}"

    def check_bytes(self, manifest: Manifest) -> None:
        """Raises ``SnapshotError`` if the model file is not byte for byte what the manifest says.

        Vowpal Wabbit loads truncated and altered weights without complaint.
        """
        path = self.path(manifest)
        try:
            size, digest = path.stat().st_size, _sha256(path)
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

    def _prune(self, folder: Path, current: str) -> None:
        """Manifests go first, so that none ever names a file that is gone; leftovers of a killed process go too."""
        manifests = sorted(folder.glob(f"*{MANIFEST}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        others = [path.stem for path in manifests if path.stem != current]
        kept = {current, *others[: self._keep - 1]}
        for path in [*manifests, *folder.glob(f"*{MODEL}")]:
            if path.stem not in kept:
                path.unlink()
        for path in folder.glob(f"{_TEMPORARY}*"):
            path.unlink()


def fingerprint(policy: Policy) -> str:
    """SHA-256 of what ``save`` writes: equal for equal learned state."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        policy.save(path)
        return _sha256(path)


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> Manifest | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise SnapshotError(f"{path.name} is not a manifest: {error}") from error


def _write(path: Path, manifest: Manifest) -> None:
    temporary = path.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}")
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(manifest, order="deterministic")))
    flush(temporary)
    temporary.replace(path)
    flush(path.parent)


def _checked_name(name: str) -> str:
    if not _FILE_NAME.fullmatch(name):
        raise SnapshotError(f"{name!r} cannot name a snapshot")
    return name
