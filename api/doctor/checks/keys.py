"""Is the key table there, whole and private?"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient
from api.doctor.untouched import untouched
from engine.errors import JournalError

RESTORE = "restore keys.db from its backup: without it nothing personal in the journal can be read or learned"

_SALT = "SELECT length(secret) FROM secrets WHERE name = 'lookup salt'"
_A_KEY = "SELECT length(key) FROM keys LIMIT 1"
_KEY_BYTES = 32


def look(patient: Patient) -> Iterator[Sign]:
    """The file, its salt, one key, and who may read it."""
    path = patient.settings.keys_path
    if not path.exists():
        yield _absent(patient)
        return
    yield from _content(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield fail(f"{path} is not its owner's alone", f"`chmod 600 {path}`")


def _absent(patient: Patient) -> Sign:
    if _has_records(patient):
        return fail(f"{patient.settings.keys_path} is missing beside a journal with records", RESTORE)
    return warn("there is no key table yet", "the first `maitred serve` makes it")


def _has_records(patient: Patient) -> bool:
    try:
        return any(each.journal.exists and each.journal.end().position > 0 for each in patient.each_shard)
    except JournalError:
        return True


def _content(path: Path) -> Iterator[Sign]:
    try:
        with untouched(path) as connection:
            salt, key = (connection.execute(query).fetchone() for query in (_SALT, _A_KEY))
    except sqlite3.Error as error:
        yield fail(f"{path}: {error}", RESTORE)
        return
    if salt != (_KEY_BYTES,) or key not in (None, (_KEY_BYTES,)):
        yield fail(f"{path} holds no valid keys", RESTORE)
    else:
        yield ok(f"{path.name} can be read")
