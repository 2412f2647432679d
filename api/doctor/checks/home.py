"""Is the home there, ours to write, and nobody else's?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Sign]:
    """The folder, and every file in it that a service writes."""
    home = patient.settings.home
    if not home.exists():
        yield warn(f"{home} does not exist yet", "`maitred serve` makes it; or name another with MAITRED_HOME")
        return
    if not home.is_dir():
        yield fail(f"{home} is not a folder", "name a folder with MAITRED_HOME")
        return
    shut = [path for path in (home, *_written(home)) if not _is_open(path)]
    for path in shut:
        yield fail(f"{path} may not be read and written by this user", "run as its owner, or change its permissions")
    if home.stat().st_mode & stat.S_IWOTH:
        yield warn(f"anybody may write in {home}", f"`chmod o-w {home}`")
    elif not shut:
        yield ok(f"{home.absolute()} can be written")


def _written(home: Path) -> list[Path]:
    return sorted(path for path in home.iterdir() if path.name.startswith(("journal.db", "keys.db", "learner.")))


def _is_open(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0))
