"""What only Feast can tell: its on-demand views, its erasure, its command line, and where it is not imported."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import features
from features.assemble import assemble
from features.clock import wall_clock
from features.errors import RepositoryError
from features.plan import Plan
from features.registry.control_plane import leaf_environment
from features.repository import configuration, default_repository
from features.vector import FeatureStore
from tests.rows import put

LEAVES = {
    f"features.{leaf}"
    for leaf in ("offline.history", "online_redis", "online_store", "registry.apply", "registry.compile", "sdk.server")
}
NOW_US = 1_790_000_000_000_000


@pytest.mark.parametrize("user", ["ada", "ben", "nobody"])
def test_feasts_derived_features_are_ours(
    stock: Any, plan: Plan, direct_sqlite: FeatureStore, run: Callable[..., Any], user: str
) -> None:
    entity = {"user_id": user, "session_id": "nobody", "now_us": NOW_US, "utc_offset_minutes": -300}
    theirs = stock("service", "sqlite", name="offer", entity=entity)
    rows = run(direct_sqlite.read({"user_id": user}))
    ours = assemble(plan, "offer", rows, {"utc_offset_minutes": -300}, NOW_US).values
    derived = [name for name in ours if name.startswith(("local_time.", "return_visit."))]
    assert len(derived) == 6
    assert {name: theirs[name.partition(".")[2]] for name in derived} == {name: ours[name] for name in derived}


def test_the_plugin_merges_what_a_part_of_a_row_leaves_out(stock: Any, direct_sqlite: FeatureStore, run: Any) -> None:
    now_us = wall_clock()
    for age, text in enumerate(({"page": "home"}, {"last_event": "Viewed"})):
        stock("write_part", "sqlite", view="session_state", key="parts", text=text, timestamp_us=now_us + age)
    row = run(direct_sqlite.read({"session_id": "parts"}))["session_state"]
    assert row.values == {"page": "home", "last_event": "Viewed"}
    assert row.timestamp_us == now_us + 1


def test_the_plugin_applies_a_second_write_of_the_same_time(stock: Any, direct_sqlite: FeatureStore, run: Any) -> None:
    now_us = wall_clock()
    for page in ("home", "shop"):
        stock("write_part", "sqlite", view="session_state", key="twice", text={"page": page}, timestamp_us=now_us)
    assert run(direct_sqlite.read({"session_id": "twice"}))["session_state"].values == {"page": "shop"}


def test_the_plugin_forgets_an_entity(stock: Any, direct_sqlite: FeatureStore, run: Any) -> None:
    run(put(direct_sqlite, "session_state", "gone", {"turn": 1}, timestamp_us=wall_clock()))
    assert stock("delete", "sqlite", join_key="session_id", key="gone") == 1
    assert run(direct_sqlite.read({"session_id": "gone"}))["session_state"].freshness == "missing"


def test_the_plan_names_the_redis_of_the_environment(stock: Any, redis_port: int) -> None:
    assert stock("online_store_url", "redis") == f"redis://127.0.0.1:{redis_port}/3"


def test_the_stock_command_refuses_to_work_without_a_home(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAITRED_")}
    done = feast_command("apply", environment)
    assert done.returncode != 0
    assert "MAITRED_HOME" in done.stdout + done.stderr
    assert not list(default_repository().glob("*MAITRED_HOME*"))


def test_the_stock_command_applies_the_repository(tmp_path: Path) -> None:
    environment = {**leaf_environment(tmp_path / "new" / "home"), "MAITRED_OFFLINE": str(tmp_path / "offline")}
    done = feast_command("apply", environment)
    assert done.returncode == 0, done.stderr
    assert {"registry.db", "online.db"} <= {path.name for path in (tmp_path / "new/home/features").iterdir()}


def feast_command(verb: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("feast")
    return subprocess.run(
        [program, verb], cwd=default_repository(), env=environment, capture_output=True, text=True, timeout=120
    )


def test_no_module_that_serves_imports_feast() -> None:
    modules = {module.name for module in pkgutil.walk_packages(features.__path__, "features.")}
    assert modules > LEAVES
    serving = [*sorted(modules - LEAVES), "feature_repo.seed"]
    code = f"import sys, {', '.join(serving)}; sys.exit('feast' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_feast_is_kept_out_of_our_metrics(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROCESS_DIR", str(tmp_path))
    environment = leaf_environment(Path("home"))
    assert not [name for name in environment if name.startswith("PROMETHEUS_")]
    assert environment["MAITRED_HOME"] == str(Path("home").absolute())


def test_the_environment_chooses_the_yaml_and_must_be_complete() -> None:
    repository = default_repository()
    assert configuration(repository, {"MAITRED_HOME": "/home"}).name == "feature_store.yaml"
    redis = {"MAITRED_HOME": "/home", "MAITRED_FEATURES_REDIS": "cache:6379"}
    assert configuration(repository, redis).name == "feature_store.redis.yaml"
    with pytest.raises(RepositoryError, match="needs the environment variable MAITRED_HOME"):
        configuration(repository, {"MAITRED_HOME": ""})
