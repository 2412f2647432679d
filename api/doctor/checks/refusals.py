"""What does the service refuse, and why?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.finding import Sign, ok, warn
from api.doctor.patient import Patient
from api.doctor.scrape import Samples

WARN_SHARE = 0.01
OURS = ("internal", "journal-unavailable")
"""Problems that no caller can avoid."""

ACCEPTED = ("maitred_decisions_total", "maitred_outcomes_total", "maitred_session_events_total")


def look(patient: Patient) -> Iterator[Sign]:
    """Problems by type since the service started, and their share of everything that was asked."""
    if patient.samples is None:
        yield ok("not counted: no service of this home answers")
        return
    by_type = {name: count for name, count in patient.samples.by("maitred_problems_total", "type").items() if count}
    refused, share = sum(by_type.values()), _share(patient.samples, sum(by_type.values()))
    listed = ", ".join(f"{name}: {count:.0f}" for name, count in by_type.items())
    what = f"{refused:.0f} requests refused, {share:.1%} of all ({listed})"
    if any(name in by_type for name in OURS):
        yield warn(what, "see the service's log: these are not the callers' fault")
    elif share > WARN_SHARE:
        yield warn(what, "the answers name the field that is wrong; mend the callers")
    else:
        yield ok(what if refused else "no request was refused")


def _share(samples: Samples, refused: float) -> float:
    asked = refused + sum(samples.total(name) for name in ACCEPTED)
    return refused / asked if asked else 0.0
