"""No process serves from a plan that is not what the registry defines."""

from __future__ import annotations

import fcntl
from pathlib import Path

from features.plan import Plan, load, sha256_of
from features.registry.control_plane import check_plan

LOCK = "plan.lock"


def ensure_current(plan_path: Path) -> Plan:
    """The plan, if it is current.

    An unchanged registry file proves it at once. A changed one may still define the same (``materialize`` rewrites
    it): then a process with Feast compares the definitions and renews the plan; one for all who ask at once.

    Raises:
        PlanError: there is no plan, or the registry defines something else.
        OSError: the lock beside the plan cannot be made.
    """
    plan = load(plan_path)
    if _is_proved(plan):
        return plan
    with plan_path.with_name(LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        plan = load(plan_path)
        return plan if _is_proved(plan) else check_plan(plan)


def _is_proved(plan: Plan) -> bool:
    return sha256_of(Path(plan.registry_path)) == plan.registry_sha256
