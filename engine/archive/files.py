"""Where an archive's files are: each appears whole or not at all, and is never written twice with other bytes."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from engine.errors import ArchiveError
from engine.flush import flush

TEMPORARY = ".tmp-"
LOCK = ".lock"


class Files(Protocol):
    """Files by name; names are relative, with slashes. Every method raises ``ArchiveError`` if the store fails."""

    def put(self, name: str, content: bytes) -> None:
        """Write or replace a file: whole or not at all, and kept when this returns."""
        ...

    def get(self, name: str) -> bytes | None:
        """A file's bytes; ``None`` if there is none."""
        ...

    def names(self, under: str) -> list[str]:
        """Every file below a folder, leftovers of a killed writer among them."""
        ...

    def drop(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def locked(self, name: str) -> AbstractContextManager[None]:
        """Nobody else writes below this folder meanwhile. Raises ``ArchiveError`` if somebody does."""
        ...


class LocalFiles:
    """Files of a local disk: written beside their place, flushed, renamed; the folder flushed after that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def put(self, name: str, content: bytes) -> None:
        """See ``Files.put``."""
        path = self._folder / name
        written = path.with_name(f"{TEMPORARY}{path.name}")
        try:
            _make_folder(path.parent)
            try:
                written.write_bytes(content)
                flush(written)
                written.replace(path)
            finally:
                written.unlink(missing_ok=True)
            flush(path.parent)
        except OSError as error:
            raise ArchiveError(f"{path} could not be written: {error.strerror}") from error

    def get(self, name: str) -> bytes | None:
        """See ``Files.get``."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArchiveError(f"{self._folder / name} cannot be read: {error.strerror}") from error

    def names(self, under: str) -> list[str]:
        """See ``Files.names``."""
        found = (path for path in (self._folder / under).rglob("*") if path.is_file())
        return sorted(path.relative_to(self._folder).as_posix() for path in found if path.name != LOCK)

    def drop(self, name: str) -> None:
        """See ``Files.drop``."""
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise ArchiveError(f"{self._folder / name} could not be removed: {error.strerror}") from error

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """See ``Files.locked``. The lock goes with the process that holds it, however that one ends."""
        try:
            _make_folder(self._folder / name)
            file = (self._folder / name / LOCK).open("w")
        except OSError as error:
            raise ArchiveError(f"{self._folder / name} cannot be written to: {error.strerror}") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ArchiveError(f"another process is at work on {self._folder / name}") from error
            yield


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each name durable in the folder that has it."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        flush(each.parent)
