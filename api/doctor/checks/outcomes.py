"""Do outcomes find their decisions, once and in time?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.finding import Sign, ok, warn
from api.doctor.patient import Patient

WARN_SHARE = 0.05
LEAST = 100


def look(patient: Patient) -> Iterator[Sign]:
    """Late ones and orphans by the learners' heartbeats, repeated ones by the running service."""
    samples = patient.samples
    beats = [beat for each in patient.each_shard if (beat := each.heartbeat) is not None]
    late, orphans = sum(beat.late for beat in beats), sum(beat.orphans for beat in beats)
    accepted = samples.total("maitred_outcomes_total") if samples else 0.0
    repeated = samples.total("maitred_outcome_duplicates_total") if samples else 0.0
    what = f"{late} came after their window, {orphans} named a decision that never came, {repeated:.0f} were repeated"
    if late > WARN_SHARE * max(accepted, LEAST):
        yield warn(what, "report sooner, or lengthen `reward.window`: late outcomes are kept and not learned")
    elif orphans > WARN_SHARE * max(accepted, LEAST):
        yield warn(what, "report the `decision_id` that was answered, to the service that answered it")
    else:
        yield ok(what if beats or samples else "not counted: neither learner nor service ever ran here")
