"""Is there a feature plan, and is it what the registry defines?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient
from features import plan as plans
from features.errors import PlanError


def look(patient: Patient) -> Iterator[Sign]:
    """By the registry file's digest only: what a changed file defines, only Feast can read."""
    path = patient.settings.plan_path
    if not path.exists():
        yield warn("there is no feature plan yet", "`maitred features apply`")
        return
    try:
        plan = plans.load(path)
        changed = plans.sha256_of(Path(plan.registry_path)) != plan.registry_sha256
    except (PlanError, UnicodeDecodeError) as error:
        yield fail(str(error), "`maitred features apply`, then restart the service")
        return
    if changed:
        yield warn(
            "the registry file changed after the plan was compiled; whether it defines something else needs Feast "
            "and was not compared here (the next start does)",
            "`maitred features compile`, then restart the service",
        )
    else:
        yield ok(f"{len(plan.definitions.views)} views, from the registry file as it is")
