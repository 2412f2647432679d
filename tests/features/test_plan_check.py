"""A plan is served from only while the registry defines the same."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from feature_repo.seed import write_profiles
from features import control_plane
from features.errors import PlanError, RepositoryError
from features.plan import Plan, load, sha256_of
from features.plan_check import ensure_current
from features.repository import default_repository, plan_path


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A repository of its own, applied in a home of its own."""
    folder = tmp_path_factory.mktemp("other")
    repository, home = folder / "feature_repo", folder / "home"
    shutil.copytree(default_repository(), repository, ignore=shutil.ignore_patterns("data", "__pycache__"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MAITRED_OFFLINE", str(folder / "offline"))
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        control_plane.apply(repository, home)
        write_profiles([{"user_id": "dora", "tier": "gold"}], folder / "offline")
    return repository, home


def test_an_unchanged_registry_needs_no_feast(plan: Plan, feast_home: Path) -> None:
    started = time.perf_counter()
    assert ensure_current(plan_path(feast_home)) == plan
    assert time.perf_counter() - started < 1.0  # loading Feast alone takes longer


def test_a_plan_survives_materialising_behind_its_back(other: tuple[Path, Path]) -> None:
    repository, home = other
    path = plan_path(home)
    stale = path.read_bytes()
    control_plane.materialize(repository, home)
    path.write_bytes(stale)
    before = load(path)
    assert sha256_of(Path(before.registry_path)) != before.registry_sha256
    renewed = ensure_current(path)
    assert renewed.definitions == before.definitions
    assert renewed.registry_sha256 == sha256_of(Path(before.registry_path))


def test_a_plan_is_refused_once_the_definitions_changed(other: tuple[Path, Path]) -> None:
    repository, home = other
    path = plan_path(home)
    old = path.read_bytes()
    definitions = repository / "definitions.py"
    definitions.write_text(
        definitions.read_text() + "\nfrom feast import FeatureService\n"
        'farewell = FeatureService(name="farewell", features=[user_profile])\n'
    )
    assert "farewell" in control_plane.apply(repository, home).definitions.services
    path.write_bytes(old)
    with pytest.raises(PlanError, match=r"not what the registry defines: run `maitred features compile`"):
        ensure_current(path)
    assert path.read_bytes() == old


def test_a_home_without_a_registry_is_refused(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="run `maitred features apply`"):
        ensure_current(plan_path(tmp_path))


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="is not a Feast repository"):
        control_plane.apply(tmp_path, tmp_path / "home")
