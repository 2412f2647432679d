"""Whether a running service still is what its files say: configuration and feature plan."""

from __future__ import annotations

from pathlib import Path

from api.doctor.same_file import SameFile
from features import plan as plans
from features.plan import Plan


class Currency:
    """Compares content, so that a file that was merely touched or rewritten as it was makes no alarm.

    Made when the service starts, from the files it was built from.
    """

    def __init__(self, config: Path, plan_path: Path, plan: Plan) -> None:
        self._served = plan.definitions_digest
        self._config = SameFile(config)
        self._config_then = self._config.digest()
        self._plan_file = SameFile(plan_path)
        self._plan_digest = ""
        self._plan = plan
        self._registry = SameFile(Path(plan.registry_path))

    def configuration(self) -> bool:
        """Whether the configuration file is the one that is served. Raises ``OSError`` if it cannot be read."""
        return self._config.digest() == self._config_then

    def plan(self) -> bool:
        """Whether the plan that is served is the one on disk, compiled from the registry file as it is.

        Raises:
            OSError, PlanError: plan or registry cannot be read.
        """
        digest = self._plan_file.digest()
        if digest != self._plan_digest:
            self._plan, self._plan_digest = plans.load(self._plan_file.path), digest
            self._registry = SameFile(Path(self._plan.registry_path))
        compiled = (self._plan.definitions_digest, self._plan.registry_sha256)
        return compiled == (self._served, self._registry.digest())
