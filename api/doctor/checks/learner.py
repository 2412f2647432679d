"""Does the learner run, and does it keep up?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.amounts import duration
from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.heartbeat import Heartbeat, read_heartbeat
from api.doctor.patient import Patient
from engine.errors import JournalError

WARN_LAG_US = 10_000_000
FAIL_LAG_US = 120_000_000

LOG = "see the learner's log"
START = "`maitred learn`, or `maitred serve` without --no-learner"


def look(patient: Patient) -> Iterator[Sign]:
    """From the lock it holds, the heartbeat it writes, and how far the journal goes beyond it."""
    beat = _read(patient)
    if isinstance(beat, str):
        yield warn(f"its heartbeat is unreadable: {beat}", "the learner replaces it within a second of its start")
        beat = None
    yield _life(patient, beat)
    if beat is not None:
        yield from _work(beat)
    yield from _lag(patient, beat)


def _read(patient: Patient) -> Heartbeat | str | None:
    try:
        return read_heartbeat(patient.settings.home, patient.shard)
    except (OSError, ValueError) as error:
        return str(error)


def _life(patient: Patient, beat: Heartbeat | None) -> Sign:
    if patient.learner_lives:
        return _alive(beat, patient.clock())
    what = "no learner runs"
    if beat is not None:
        how = "ended" if beat.state == "stopped" else "died"
        what += f"; the last one {how} {duration(patient.clock() - beat.time_us)} ago"
    return (warn if patient.samples is None else fail)(what, START)


def _alive(beat: Heartbeat | None, now_us: int) -> Sign:
    if beat is not None and beat.state == "standby" and not beat.is_silent(now_us):
        return ok(f"stands by (pid {beat.pid}): {beat.waits_for} learns")
    if beat is None:
        return warn("it runs, but has given no sign of life yet", f"wait a second; if it stays silent, {LOG}")
    silent_us = now_us - beat.time_us
    if beat.state == "restoring":
        return warn(f"it has been folding the journal for {duration(silent_us)}", "wait: it learns when it is through")
    if beat.is_silent(now_us):
        return fail(f"it holds its lock, but has been silent for {duration(silent_us)}", f"{LOG}; restart it")
    return ok(f"runs (pid {beat.pid}), {beat.open} decisions with an open window")


def _work(beat: Heartbeat) -> Iterator[Sign]:
    if beat.trouble:
        yield fail(f"its last step failed: {beat.trouble}", LOG)
    if beat.due:
        yield warn(f"{beat.due} decisions are over and not settled", f"if they stay, {LOG}")
    refused = {name: lineage.refused for name, lineage in beat.lineages.items() if lineage.refused}
    if refused:
        listed = ", ".join(f"{name}: {count}" for name, count in refused.items())
        yield ok(f"settlements it could not learn since it started ({listed}): `quarantine` weighs why")


def _lag(patient: Patient, beat: Heartbeat | None) -> Iterator[Sign]:
    if beat is not None and beat.state == "standby":
        return
    position = 0 if beat is None else beat.position
    try:
        unread_us = patient.journal.first_time_after(position) if patient.journal.exists else None
        records = patient.journal.end().position - position if unread_us is not None else 0
    except JournalError:
        yield warn("how far it is behind is not known: the journal cannot be read", "mend `journal` first")
        return
    lag_us = 0 if unread_us is None else patient.clock() - unread_us
    what = f"{records} records behind, the first of them {duration(lag_us)} old"
    if lag_us > FAIL_LAG_US and patient.learner_lives:
        yield fail(what, f"if it does not catch up, {LOG}; give it a processor")
    elif lag_us > WARN_LAG_US:
        yield warn(what, "wait for it to catch up" if patient.learner_lives else START)
