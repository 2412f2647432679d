"""What was refused or made safe, by every process of the deployment?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from api.doctor.amounts import duration
from api.doctor.finding import Sign, ok, warn
from api.doctor.patient import Patient
from api.doctor.untouched import untouched

DAY_US = 86_400_000_000
ERASED = "forgotten"

MEND = "`maitred quarantine` lists them; mend what sends them"

_SUMMARY = """
    SELECT place, reason, sum(count), max(last_us) FROM quarantine
    GROUP BY place, reason ORDER BY max(last_us) DESC, place, reason
"""


def look(patient: Patient) -> Iterator[Sign]:
    """By place and reason; a warning for a day.

    Refused requests are told only, how grave they are is for ``refusals`` to say; and erased persons are meant to be.
    """
    path = patient.settings.quarantine_path
    if not path.exists():
        yield ok("nothing was ever refused")
        return
    try:
        with untouched(path) as connection, closing(connection.execute(_SUMMARY)) as rows:
            summary = [(str(place), str(reason), int(count), int(last_us)) for place, reason, count, last_us in rows]
    except (sqlite3.Error, TypeError, ValueError) as error:
        yield warn(f"{path.name} cannot be read: {error}", "move the file away: only counts are in it")
        return
    for place, reason, count, last_us in summary:
        age_us = patient.clock() - last_us
        what = f"{place}: {reason}, {count} time(s), last {duration(age_us)} ago"
        expected = place == "request" or reason == ERASED
        yield ok(what) if expected or age_us > DAY_US else warn(what, MEND)
    if not summary:
        yield ok("nothing was ever refused")
