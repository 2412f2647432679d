"""Can the journal be read, to its end?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.amounts import duration, size
from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.glance import Glance
from api.doctor.patient import Patient
from api.doctor.untouched import log_of, reads_whole
from engine.errors import CorruptRecord, JournalError
from engine.journal.open import SQLITE

NEWEST = 100
LOG_BYTES = 512 * 1024 * 1024

RESTORE = "keep the file, restore the journal's backup; `maitred verify` says how far it is sound"


def look(patient: Patient) -> Iterator[Sign]:
    """Its end and its newest records; reading all of it is what ``maitred verify`` does."""
    url, journal = patient.settings.journal_url, patient.journal
    if not url.startswith(SQLITE):
        yield fail(f"no journal is known by the URL {url}", f"set MAITRED_JOURNAL to {SQLITE}<path>, or unset it")
    elif not journal.exists:
        yield warn("there is no journal yet", "`maitred serve` makes it")
    else:
        yield from _read(journal, patient.clock())


def _read(journal: Glance, now_us: int) -> Iterator[Sign]:
    try:
        end, read = journal.end(), journal.check_newest(NEWEST)
    except CorruptRecord as error:
        yield fail(str(error), RESTORE)
        return
    except JournalError as error:
        yield fail(str(error), RESTORE)
        return
    if not reads_whole(journal.path):
        yield warn(f"{log_of(journal.path).name} was not looked at: its index is missing", "`maitred serve` makes it")
    if log_of(journal.path).exists() and log_of(journal.path).stat().st_size > LOG_BYTES:
        yield warn(f"its write-ahead log is {size(log_of(journal.path).stat().st_size)}", "see that the learner runs")
    age = f", the newest {duration(now_us - end.time_us)} ago" if end.position else ""
    yield ok(f"{end.position} records in {size(journal.bytes)}{age}; the last {read} read")
