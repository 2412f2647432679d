"""What an archive holds of one journal: which files, in which order, with which bytes."""

from __future__ import annotations

import hashlib

import msgspec

from engine.archive.files import Files
from engine.errors import ArchiveError

MANIFEST = "_manifest.json"
"""Readers of data sets pass over names that begin so."""

SCHEMA_VERSION = 1


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One sealed file.

    Attributes:
        name: relative to the archive.
        first, last: journal positions of what it was made from.
    """

    name: str
    first: int
    last: int
    rows: int
    size: int
    sha256: str

    @classmethod
    def of(cls, name: str, content: bytes, rows: int, *, first: int, last: int) -> Part:
        """The entry of a file with this content."""
        digest = hashlib.sha256(content).hexdigest()
        return cls(name=name, first=first, last=last, rows=rows, size=len(content), sha256=digest)

    def is_made_of(self, content: bytes) -> bool:
        """Whether these are the bytes that were listed."""
        return (len(content), hashlib.sha256(content).hexdigest()) == (self.size, self.sha256)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is archived of one shard's journal; what is not listed does not exist.

    Attributes:
        journal: identity of the journal: SHA-256 of its first archived record, with position and time.
        position: everything up to here is in ``records``, and every settlement up to here in ``decisions``.
    """

    schema_version: int = SCHEMA_VERSION
    shard: int
    journal: str
    position: int
    records: tuple[Part, ...] = ()
    decisions: tuple[Part, ...] = ()


class _Sealed(msgspec.Struct, frozen=True):
    manifest: msgspec.Raw
    sha256: str


def folder_of(shard: int) -> str:
    """Where a shard's records and its manifest are."""
    return f"records/shard={shard}"


def write_manifest(files: Files, manifest: Manifest) -> None:
    """Replace the manifest: from then on the archive holds what it lists."""
    body = msgspec.json.encode(manifest)
    sealed = {"manifest": msgspec.Raw(body), "sha256": hashlib.sha256(body).hexdigest()}
    files.put(f"{folder_of(manifest.shard)}/{MANIFEST}", msgspec.json.encode(sealed) + b"\n")


def read_manifest(files: Files, shard: int) -> Manifest | None:
    """The manifest of a shard; ``None`` if nothing of it was archived yet.

    Raises:
        ArchiveError: it was edited or is damaged, belongs to another shard, or a newer software wrote it.
    """
    name = f"{folder_of(shard)}/{MANIFEST}"
    content = files.get(name)
    if content is None:
        return None
    try:
        sealed = msgspec.json.decode(content, type=_Sealed)
        if hashlib.sha256(bytes(sealed.manifest)).hexdigest() != sealed.sha256:
            raise ArchiveError(f"{name} is not as it was written: its checksum differs")
        manifest = msgspec.json.decode(sealed.manifest, type=Manifest)
    except msgspec.MsgspecError as error:
        raise ArchiveError(f"{name} is not a manifest: {error}") from error
    if (manifest.schema_version, manifest.shard) != (SCHEMA_VERSION, shard):
        raise ArchiveError(f"{name} is of version {manifest.schema_version}, shard {manifest.shard}")
    return manifest
