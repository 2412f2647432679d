"""What was fitted, a folder for each version: a manifest of plain numbers that vouches for itself, and pictures."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from features.errors import PredictionError

MANIFEST = "manifest.json"
M = TypeVar("M", bound=msgspec.Struct)


class _Sealed(msgspec.Struct, frozen=True):
    sha256: str
    manifest: msgspec.Raw


class Shelf(Generic[M]):
    """The versions of one kind of prediction.

    Args:
        folder: where they are; made with the first one.
        kind: what a manifest is.
    """

    def __init__(self, folder: Path, kind: type[M]) -> None:
        self._folder = folder
        self._kind = kind

    def put(self, version: str, manifest: M, files: Mapping[str, str]) -> Path:
        """Keep a version: it appears whole. Only its owner may read it."""
        draft = self._folder / f".{version}"
        draft.mkdir(parents=True, mode=0o700)
        try:
            body = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
            sealed = _Sealed(hashlib.sha256(_canonical(body)).hexdigest(), msgspec.Raw(body))
            for name, content in {MANIFEST: msgspec.json.encode(sealed).decode() + "\n", **files}.items():
                (draft / name).touch(mode=0o600)
                (draft / name).write_text(content)
            draft.rename(self._folder / version)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return self._folder / version

    def newest(self) -> tuple[M, Path] | None:
        """The last version and its folder.

        Raises:
            PredictionError: its manifest was changed, or is of another release.
        """
        versions = sorted(path.parent for path in self._folder.glob(f"[!.]*/{MANIFEST}"))
        return (self._read(versions[-1]), versions[-1]) if versions else None

    def _read(self, folder: Path) -> M:
        try:
            sealed = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Sealed)
            if hashlib.sha256(_canonical(bytes(sealed.manifest))).hexdigest() != sealed.sha256:
                raise PredictionError(f"{folder / MANIFEST} was changed: fit again")
            return msgspec.json.decode(sealed.manifest, type=self._kind)
        except msgspec.DecodeError as error:
            raise PredictionError(f"{folder / MANIFEST} cannot be read: {error}: fit again") from error


def version_at(at_us: int) -> str:
    """Sorts by time."""
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y%m%dT%H%M%S.%fZ}"


def _canonical(body: bytes) -> bytes:
    """However it is laid out."""
    return msgspec.json.format(body, indent=-1)
