"""Do the processes that `maitred serve` started stay alive?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from api.doctor.amounts import duration
from api.doctor.children import ChildRecord, read_children
from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient

LATELY_US = 600_000_000
FLAPS = 3
"""So many deaths of one child lately are no accident."""

LOG = "see the log of `maitred serve`: each death has its exit code, and its reason before it"


def look(patient: Patient) -> Iterator[Sign]:
    """From the file in which `maitred serve` counts restarts."""
    try:
        records = read_children(patient.settings.home)
    except (OSError, msgspec.DecodeError) as error:
        yield warn(f"its file is unreadable: {error}", "restart `maitred serve`, which writes it anew")
        return
    died = {name: record for name, record in records.items() if record.deaths}
    for name, record in died.items():
        yield _told(name, record, patient.clock())
    if not died:
        yield ok("none of them died" if records else "none were started here")


def _told(name: str, record: ChildRecord, now_us: int) -> Sign:
    last = f"last {duration(now_us - record.died_us[-1])} ago with {_meaning(record.code)}"
    lately = record.deaths_since(now_us - LATELY_US)
    what = f"{name} died {record.deaths} time(s), {last}"
    if lately >= FLAPS:
        return fail(f"{what}; {lately} of them within {duration(LATELY_US)}", LOG)
    return warn(what, LOG) if lately else ok(what)


def _meaning(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
