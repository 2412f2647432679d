"""An archive's files by path or URL."""

from __future__ import annotations

from pathlib import Path

from engine.archive.files import Files, LocalFiles
from engine.archive.remote_files import RemoteFiles


def open_files(where: str) -> Files:
    """The files below a local path or an fsspec URL. Raises ``ConfigError`` for a URL that no package understands."""
    return RemoteFiles(where) if "://" in where else LocalFiles(Path(where))
