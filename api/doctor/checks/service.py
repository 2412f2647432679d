"""Does the service run, and with what is configured now?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.finding import Sign, ok, warn
from api.doctor.patient import Patient
from api.doctor.scrape import KEY, Samples

RESTART = "restart `maitred serve`"


def look(patient: Patient) -> Iterator[Sign]:
    """What answers at the URL; every check below this one relies on its metrics."""
    service, samples = patient.service, patient.samples
    if service.trouble:
        yield warn(f"{service.url}: {service.trouble}", f"`maitred serve`; or give --url, and {KEY} if it wants a key")
    elif samples is None:
        yield warn(f"{service.url} serves another home than {patient.settings.home}", "give --url, or set MAITRED_HOME")
    elif not service.ready:
        yield warn(f"{service.url} is not ready", "wait for it to warm up; see its log")
    else:
        yield ok(f"{service.url} is ready")
    if samples is not None:
        yield from _outdated(samples)


def _outdated(samples: Samples) -> Iterator[Sign]:
    if samples.value("maitred_configuration_current") == 0.0:
        yield warn("it runs with an older configuration than the file is now", RESTART)
    if samples.value("maitred_plan_current") == 0.0:
        yield warn("its feature plan is not proved to be the registry's", f"mend `plan` first, then {RESTART}")
