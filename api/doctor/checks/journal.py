"""Can the journal be read, to its end?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.amounts import duration, size
from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.glance import End, Glance
from api.doctor.patient import Patient
from api.doctor.redis_glance import RedisGlance
from api.doctor.untouched import log_of, reads_whole
from engine.errors import CorruptRecord, JournalError
from engine.journal.cluster_url import CLUSTER
from engine.journal.open import REDIS, SQLITE

NEWEST = 100
LOG_BYTES = 512 * 1024 * 1024

START = "start its Redis as README says, or set MAITRED_JOURNAL"
RESTORE = "keep the file, restore the journal's backup; `maitred verify` says how far it is sound"


def look(patient: Patient) -> Iterator[Sign]:
    """Its end and its newest records; reading all of it is what ``maitred verify`` does."""
    url, journal = patient.settings.journal_url, patient.journal
    if not url.startswith((SQLITE, *REDIS, *CLUSTER)):
        known = f"{SQLITE}<path>, {REDIS[0]}<host>:<port>/<db> or {CLUSTER[0]}<host>:<port>,…"
        yield fail(f"no journal is known by a URL of {url.partition(':')[0]}", f"set MAITRED_JOURNAL to {known}")
    elif not journal.exists:
        yield warn("there is no journal yet", "`maitred serve` makes it")
    elif isinstance(journal, RedisGlance):
        yield _answer(journal, patient.clock())
    else:
        yield from _read(journal, patient.clock())


def _answer(journal: RedisGlance, now_us: int) -> Sign:
    try:
        end, read = journal.end(), journal.check_newest(NEWEST)
    except CorruptRecord as error:
        return fail(str(error), RESTORE)
    except JournalError as error:
        return fail(str(error), START)
    return ok(f"{end.position} records in Redis{_age(end, now_us)}; the last {read} read")


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
        yield warn(
            f"{log_of(journal.path).name} was not looked at: it has no index of its own", "`maitred serve` makes it"
        )
    if log_of(journal.path).exists() and log_of(journal.path).stat().st_size > LOG_BYTES:
        yield warn(f"its write-ahead log is {size(log_of(journal.path).stat().st_size)}", "see that the learner runs")
    yield ok(f"{end.position} records in {size(journal.bytes)}{_age(end, now_us)}; the last {read} read")


def _age(end: End, now_us: int) -> str:
    return f", the newest {duration(now_us - end.time_us)} ago" if end.position else ""
