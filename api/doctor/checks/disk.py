"""Is there room for what comes?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.amounts import duration, size
from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient
from engine.errors import JournalError

MIB = 1024 * 1024
FAIL_BYTES = 256 * MIB
WARN_BYTES = 2_048 * MIB
FAIL_FILES = 1_000
WARN_SECONDS = 7 * 86_400.0

MEND = "free space or move MAITRED_HOME: a full disk stops recording and learning"


def look(patient: Patient) -> Iterator[Sign]:
    """Free space and files where the home is, and how long they last at the journal's present growth."""
    space = patient.space_at(patient.settings.home)
    seconds = _seconds_left(patient, space.bytes)
    room = f"{size(space.bytes)} free"
    if seconds is not None:
        room += f", full in {duration(seconds * 1e6)} as the journal grows now"
    if space.bytes < FAIL_BYTES:
        yield fail(room, MEND)
    elif space.files is not None and space.files < FAIL_FILES:
        yield fail(f"{room}, but only {space.files} more files", MEND)
    elif space.bytes < WARN_BYTES or (seconds is not None and seconds < WARN_SECONDS):
        yield warn(room, MEND)
    else:
        yield ok(room)


def _seconds_left(patient: Patient, free: int) -> float | None:
    try:
        growth = patient.journal.bytes_per_second(patient.clock()) if patient.journal.exists else 0.0
    except JournalError:
        return None
    return free / growth if growth > 0.0 else None
