"""Room on the file system of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Space(NamedTuple):
    """What a process without privileges may still use. ``files`` is ``None`` where their number is not limited."""

    bytes: int
    files: int | None


SpaceAt = Callable[[Path], Space]


def space_at(folder: Path) -> Space:
    """Room where the folder is, or will be. Raises ``OSError``."""
    system = os.statvfs(next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()))
    return Space(system.f_bavail * system.f_frsize, system.f_favail if system.f_files else None)
