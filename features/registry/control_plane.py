"""Feast's side of the work, each in a process of its own: nothing of Feast gets into the process that asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from features.errors import FeatureError, PlanError, RepositoryError
from features.plan import Plan, load
from features.repository import HOME, configuration, plan_path

TIMEOUT_S = 600.0
REFUSED = 2
"""Exit status of a leaf that refuses on purpose; its last line on stderr says why."""

_PROMETHEUS = ("PROMETHEUS_MULTIPROC_DIR", "PROMETHEUS_MULTIPROCESS_DIR")


def apply(repository: Path, home: Path) -> Plan:
    """Put the repository's definitions into the registry, prepare the online store and compile the plan."""
    return _compiled("features.registry.apply", "apply", repository=repository, home=home)


def apply_and_materialize(repository: Path, home: Path) -> Plan:
    """Both in one process: Feast takes seconds to load."""
    return _compiled("features.registry.apply", "apply", "materialize", repository=repository, home=home)


def materialize(repository: Path, home: Path) -> Plan:
    """Load the Parquet sources that exist into the online store; the newest row of each entity."""
    return _compiled("features.registry.apply", "materialize", repository=repository, home=home)


def compile_plan(repository: Path, home: Path) -> Plan:
    """Compile the plan from the registry as it is."""
    return _compiled("features.registry.compile", repository=repository, home=home)


def check_plan(plan: Plan) -> Plan:
    """The plan, renewed, if the registry still defines what it says.

    Raises:
        PlanError: the registry defines something else.
    """
    arguments = ("--check", "--repository", plan.repository)
    try:
        run_leaf("features.registry.compile", *arguments, home=Path(plan.home))
    except RepositoryError as error:
        raise PlanError(str(error)) from error
    return load(plan_path(Path(plan.home)))


def run_leaf(module: str, *arguments: str, home: Path) -> None:
    """Run a module that imports Feast, and wait for it.

    Raises:
        RepositoryError: it failed; the message is what it said last.
    """
    command = [sys.executable, "-m", module, *arguments]
    try:
        done = subprocess.run(command, env=leaf_environment(home), capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise RepositoryError(f"{module} did not finish in {TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise RepositoryError(lines[-1] if done.returncode == REFUSED else f"{module}: {lines[-1]}")


def leaf_environment(home: Path) -> dict[str, str]:
    """The environment of a process that imports Feast.

    Feast would write its metrics into our multiprocess folder; without these variables it makes a folder of its own.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _PROMETHEUS}
    return {**environment, HOME: str(home.absolute())}


def refused(error: FeatureError) -> int:
    """What a leaf's ``main`` returns when it refuses."""
    print(error, file=sys.stderr)
    return REFUSED


def _compiled(module: str, *arguments: str, repository: Path, home: Path) -> Plan:
    configuration(repository, leaf_environment(home))
    run_leaf(module, *arguments, "--repository", str(repository.absolute()), home=home)
    return load(plan_path(home))
