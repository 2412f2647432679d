"""A plan is served from only while the registry defines the same."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from features.errors import PlanError, RepositoryError
from features.plan import Plan, load, save, sha256_of
from features.registry import control_plane
from features.registry.plan_check import ensure_current
from features.repository import plan_path


def test_an_unchanged_registry_needs_no_feast(feast_home: Path) -> None:
    started = time.perf_counter()
    assert ensure_current(plan_path(feast_home)) == load(plan_path(feast_home))
    assert time.perf_counter() - started < 1.0  # loading Feast alone takes longer


def test_a_plan_survives_materialising_behind_its_back(stock: Any, feast_home: Path) -> None:
    before = load(plan_path(feast_home))
    stock("materialize", "sqlite", view="user_profile")
    registry = Path(before.registry_path)
    assert sha256_of(registry) != before.registry_sha256
    renewed = ensure_current(plan_path(feast_home))
    assert renewed == msgspec.structs.replace(before, registry_sha256=sha256_of(registry))
    assert load(plan_path(feast_home)) == renewed


def test_a_plan_is_refused_if_the_registry_defines_something_else(plan: Plan, feast_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(feast_home, home)
    older = msgspec.structs.replace(plan.definitions, services={**plan.definitions.services, "farewell": ()})
    stale = msgspec.structs.replace(
        plan,
        definitions=older,
        definitions_digest=older.digest,
        home=str(home),
        registry_path=str(home / "features" / "registry.db"),
        registry_sha256="0" * 64,
    )
    save(stale, plan_path(home))
    with pytest.raises(PlanError, match=r"not what the registry defines: run `maitred features compile`"):
        ensure_current(plan_path(home))
    assert load(plan_path(home)) == stale


def test_a_home_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="run `maitred features apply`"):
        ensure_current(plan_path(tmp_path))


def test_a_home_without_a_registry_is_refused(plan: Plan, tmp_path: Path) -> None:
    save(msgspec.structs.replace(plan, registry_path=str(tmp_path / "registry.db")), plan_path(tmp_path))
    with pytest.raises(PlanError, match=r"the feature registry .* cannot be read"):
        ensure_current(plan_path(tmp_path))


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="is not a Feast repository"):
        control_plane.apply(tmp_path, tmp_path / "home")


def test_workers_that_start_together_after_materialising_start_feast_once(
    plan: Plan, feast_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(feast_home, home)
    registry = home / "features" / "registry.db"
    behind = msgspec.structs.replace(plan, home=str(home), registry_path=str(registry), registry_sha256="0" * 64)
    save(behind, plan_path(home))
    checks: list[Plan] = []

    def check(stale: Plan) -> Plan:
        """What the process with Feast does, but for Feast."""
        checks.append(stale)
        time.sleep(0.05)
        renewed = msgspec.structs.replace(stale, registry_sha256=sha256_of(registry))
        save(renewed, plan_path(home))
        return renewed

    monkeypatch.setattr("features.registry.plan_check.check_plan", check)
    with ThreadPoolExecutor(4) as workers:
        plans = list(workers.map(lambda _: ensure_current(plan_path(home)), range(4)))
    assert checks == [behind]
    assert {found.registry_sha256 for found in plans} == {sha256_of(registry)}
