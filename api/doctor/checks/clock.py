"""Does the machine's clock only go forwards, and evenly?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.amounts import duration
from api.doctor.clock_watch import JUMP_US
from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient
from engine.errors import JournalError

FAIL_US = 60_000_000

MEND = "let a time server steer the clock (chrony, timesyncd) and slew, not step"


def look(patient: Patient) -> Iterator[Sign]:
    """The clock against the journal's newest record, and jumps that running processes noticed."""
    ahead_us = _journal_ahead_us(patient)
    jumps = _jumps(patient)
    if ahead_us > JUMP_US:
        what = f"the clock is {duration(ahead_us)} behind the journal: it was set back, and windows close late"
        yield (fail if ahead_us > FAIL_US else warn)(what, f"set the clock right; {MEND}")
    for process, count, how in jumps:
        yield warn(f"jumped {count} time(s) while the {process} ran{how}", MEND)
    if ahead_us <= JUMP_US and not jumps:
        yield ok("not behind the journal; no process that runs now noticed a jump")


def _journal_ahead_us(patient: Patient) -> int:
    try:
        ends = [each.journal.end().time_us for each in patient.each_shard if each.journal.exists]
        return max(ends) - patient.clock() if ends else 0
    except JournalError:
        return 0


def _jumps(patient: Patient) -> list[tuple[str, int, str]]:
    found: list[tuple[str, int, str]] = []
    beat = patient.heartbeat
    if beat is not None and patient.learner_lives and beat.clock_jumps:
        how = f", last by {beat.clock_jump.by_us / 1e6:+.1f} s" if beat.clock_jump else ""
        found.append(("learner", beat.clock_jumps, how))
    served = patient.samples.total("maitred_clock_jumps_total") if patient.samples else 0.0
    if served:
        found.append(("service", round(served), ""))
    return found
