"""An archive in an object store, or wherever else fsspec reaches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import fsspec

from engine.errors import ArchiveError, ConfigError


class RemoteFiles:
    """Files below a URL (``s3://bucket/folder``).

    One object is put in one request: such stores show it whole or not at all, and keep it once they say so. They know
    no locks: see to it that one process at a time archives a journal there.

    Args:
        url: of a file system that fsspec knows; many need a package of their own (``s3fs``, ``gcsfs`` …).

    Raises:
        ConfigError: no such file system, or its package is missing.
    """

    def __init__(self, url: str) -> None:
        try:
            system, folder = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ConfigError(f"archive {url!r}: {error}") from error
        self._system: Any = system
        self._folder = str(folder).rstrip("/")
        self._url = url

    def __str__(self) -> str:
        return self._url

    def put(self, name: str, content: bytes) -> None:
        """See ``Files.put``."""
        with self._errors(f"write {name}"):
            self._system.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)
            self._system.pipe_file(self._path(name), content)

    def get(self, name: str) -> bytes | None:
        """See ``Files.get``."""
        with self._errors(f"read {name}"):
            try:
                return bytes(self._system.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def names(self, under: str) -> list[str]:
        """See ``Files.names``."""
        with self._errors(f"list {under}"):
            self._system.invalidate_cache()
            found: list[str] = self._system.find(self._path(under))
        return sorted(path.removeprefix(f"{self._folder}/") for path in found)

    def drop(self, name: str) -> None:
        """See ``Files.drop``."""
        with self._errors(f"remove {name}"), contextlib.suppress(FileNotFoundError):
            self._system.rm_file(self._path(name))

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Does nothing: see the class."""
        yield

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"

    @contextlib.contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ArchiveError(f"{self._url}: {what}: {error}") from error
