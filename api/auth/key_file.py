"""The file of API keys in a deployment's home."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from api.auth.key import ApiKey
from engine.errors import ConfigError
from engine.flush import flush

OWNER_ONLY = 0o600
Keys = tuple[ApiKey, ...]
Version = tuple[int, ...] | None


class _Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: Literal[1] = 1
    keys: Keys


class KeyFile:
    """Keys in one JSON file that only its owner may read, replaced as a whole: readers see the old or the new one.

    Every method raises ``ConfigError`` if there is a file that cannot be used: damage must not look like no keys.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def version(self) -> Version:
        """Changes whenever the file does; ``None`` if there is none."""
        with self._usable():
            try:
                status = self._path.stat()
            except FileNotFoundError:
                return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def read(self) -> Keys:
        """The keys, oldest first; none if there is no file."""
        with self._usable():
            try:
                content = self._path.read_bytes()
            except FileNotFoundError:
                return ()
            return msgspec.json.decode(content, type=_Content).keys

    def add(self, key: ApiKey) -> None:
        """Keep a new key. Raises ``ConfigError``, too, if its name is taken."""

        def added(keys: Keys) -> Keys:
            if any(known.name == key.name for known in keys):
                raise ConfigError(f"there is a key named {key.name!r}: revoke it, or choose another name")
            return (*keys, key)

        self._change(added)

    def revoke(self, name: str) -> ApiKey:
        """Forget a key, and return it. Raises ``ConfigError``, too, if there is none of this name."""
        revoked: list[ApiKey] = []

        def remaining(keys: Keys) -> Keys:
            revoked.extend(key for key in keys if key.name == name)
            if not revoked:
                raise ConfigError(f"there is no key named {name!r}")
            return tuple(key for key in keys if key.name != name)

        self._change(remaining)
        return revoked[0]

    def _change(self, change: Callable[[Keys], Keys]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._replace(_Content(keys=change(self.read())))

    def _replace(self, content: _Content) -> None:
        draft = self._path.with_suffix(".draft")
        with open(draft, "wb", opener=_private) as file:
            file.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        flush(self._path.parent)  # a key that was revoked must not be back after a loss of power

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise ConfigError(f"the API keys in {self._path} cannot be read: {error}") from error


def _private(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, OWNER_ONLY)
    os.fchmod(descriptor, OWNER_ONLY)  # a draft that was left behind keeps its mode
    return descriptor
