"""What a snapshot says of itself, beside its bytes."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import SnapshotError
from engine.flush import flush

TEMPORARY = ".tmp-"
"""How the names of files begin that are not whole yet."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot is, and how to know that its bytes are the right ones.

    Attributes:
        lineage: the origin it was learned from; ``settled_position`` how far along the journal.
        policy, params: registered name and constructor parameters, as configured.
        sha256, size: of the model file.
        vw_version, machine: bytes are promised to be reproducible on the same two only.
        learned, loss: how many settlements were learned, and their summed progressive loss.
        encoder_version: the family of the encoders of what was learned.
        moments, calibration: see ``Lineage``.
        journal: identity of the journal that it belongs to; empty in those of earlier releases.
        published_position: of the record that made it current; 0 before that. Nothing is served in place of what was
            published after it.
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
    learned: int = 0
    loss: float = 0.0
    moments: dict[str, tuple[int, float, float]] = {}
    calibration: dict[str, tuple[float, float]] = {}
    journal: str = ""
    published_position: int = 0

    def follows(self, other: Manifest) -> bool:
        """Whether it may take the place of the other: published later, or by another journal."""
        return self.journal != other.journal or self.published_position > other.published_position


def read_manifest(path: Path) -> Manifest | None:
    """The manifest in a file; ``None`` if there is no file. Raises ``SnapshotError`` if it is something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise SnapshotError(f"{path.name} is not a manifest: {error}") from error


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Replace the file by one rename, when its bytes are on disk. Raises ``OSError``."""
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}")
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(manifest, order="deterministic")))
    flush(temporary)
    temporary.replace(path)
    flush(path.parent)
