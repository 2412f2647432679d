"""No process serves from a plan that is not what the registry defines."""

from __future__ import annotations

from pathlib import Path

from features.control_plane import check_plan
from features.plan import Plan, load, sha256_of


def ensure_current(plan_path: Path) -> Plan:
    """The plan, if it is current.

    An unchanged registry file proves it at once. A changed one may still define the same (``materialize`` rewrites
    it): then a process with Feast compares the definitions and renews the plan.

    Raises:
        PlanError: there is no plan, or the registry defines something else.
    """
    plan = load(plan_path)
    if sha256_of(Path(plan.registry_path)) == plan.registry_sha256:
        return plan
    return check_plan(plan)
