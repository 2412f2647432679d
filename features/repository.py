"""Where a Feast repository is and whether its YAML can be used. Feast itself would take unset variables literally."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path

from features.errors import RepositoryError

HOME = "MAITRED_HOME"
REDIS = "MAITRED_FEATURES_REDIS"
REDIS_CLUSTER = "MAITRED_FEATURES_REDIS_CLUSTER"

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def default_repository() -> Path:
    """The folder of the repository that comes with the project."""
    spec = importlib.util.find_spec("feature_repo")
    if spec is None or spec.origin is None:
        raise RepositoryError("the package feature_repo is not installed: name a Feast repository")
    return Path(spec.origin).parent


def plan_path(home: Path) -> Path:
    """Where the plan of a deployment lies."""
    return home / "features" / "plan.json"


def configuration(repository: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The repository's YAML: another one than usual if the environment names a Redis, or a cluster.

    Raises:
        RepositoryError: there is none, or it names a variable that is not set; or the environment names both.
    """
    yaml = repository / _name_of_yaml(environ)
    try:
        named = {braced or bare for braced, bare in _VARIABLE.findall(yaml.read_text())}
    except OSError as error:
        raise RepositoryError(f"{repository} is not a Feast repository: {error}") from error
    unset = sorted(name for name in named if not environ.get(name))
    if unset:
        raise RepositoryError(f"{yaml.name} needs the environment variable {unset[0]}, which is not set")
    return yaml


def _name_of_yaml(environ: Mapping[str, str]) -> str:
    if environ.get(REDIS) and environ.get(REDIS_CLUSTER):
        raise RepositoryError(f"{REDIS} and {REDIS_CLUSTER} are both set: features are in one or the other")
    if environ.get(REDIS_CLUSTER):
        return "feature_store.redis_cluster.yaml"
    return "feature_store.redis.yaml" if environ.get(REDIS) else "feature_store.yaml"


def prepared_home(environ: Mapping[str, str] = os.environ) -> Path:
    """``MAITRED_HOME``, with the folder for Feast's files made: Feast makes only the last one of a path.

    Raises:
        RepositoryError: it is not set, or not absolute.
    """
    home = Path(environ.get(HOME, ""))
    if not home.is_absolute():
        raise RepositoryError(f"set {HOME} to an absolute path: it is where registry and online store are kept")
    (home / "features").mkdir(parents=True, exist_ok=True)
    return home
