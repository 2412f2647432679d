"""How many answers were given with a part missing?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient

WARN_SHARE = 0.01
FAIL_SHARE = 0.5

MEND = "see the service's log, and the checks of the parts that are missing"


def look(patient: Patient) -> Iterator[Sign]:
    """Share of decisions by missing part, since the service started."""
    if patient.samples is None:
        yield ok("not counted: no service of this home answers")
        return
    decisions = patient.samples.total("maitred_decisions_total")
    shares = {
        part: count / decisions
        for part, count in patient.samples.by("maitred_degraded_total", "part").items()
        if count and decisions
    }
    if not shares:
        yield ok(f"{decisions:.0f} decisions, none with a part missing")
    for part, share in shares.items():
        what = f"{part} was missing in {share:.1%} of {decisions:.0f} decisions"
        if share >= FAIL_SHARE:
            yield fail(what, MEND)
        elif share > WARN_SHARE:
            yield warn(what, MEND)
        else:
            yield ok(what)
