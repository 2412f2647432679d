"""Whether a file still has certain bytes: read again only when its size or time has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path


class SameFile:
    """Remembers a file's digest. Looking again costs one ``stat`` while nothing changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._digest = ""

    def digest(self) -> str:
        """SHA-256 of the content now. Raises ``OSError`` if it cannot be read."""
        status = self.path.stat()
        seen = (status.st_ino, status.st_size, status.st_mtime_ns)
        if seen != self._seen:
            self._digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
            self._seen = seen
        return self._digest
