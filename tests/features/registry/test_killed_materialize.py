"""A materialize that is killed leaves its view marked as being written; all read on, and the next one mends it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feature_repo.seed import write_view
from features.embedded.store import DirectSqliteStore
from features.plan import load
from features.registry import control_plane
from features.registry.control_plane import leaf_environment
from features.repository import default_repository, plan_path
from features.vector import ViewRow
from tests.cluster import until
from tests.features.conftest import StockFeast, running_feast

VIEW = "user_profile"
PATIENCE_S = 120.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """With a view that was materialised once: only from then on does Feast mark it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MAITRED_OFFLINE", str(tmp_path / "offline"))
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        environment.delenv("MAITRED_FEATURES_REDIS_CLUSTER", raising=False)
        write_view("user_profile", [{"user_id": "ada", "first_name": "Ada"}], tmp_path / "offline", datetime.now(UTC))
        control_plane.apply_and_materialize(default_repository(), tmp_path / "home")
        yield tmp_path / "home"


@pytest.fixture
def feast(home: Path) -> Iterator[StockFeast]:
    nowhere = dict.fromkeys(("MAITRED_FEATURES_REDIS", "MAITRED_FEATURES_REDIS_CLUSTER"), "127.0.0.1:1")
    with running_feast(default_repository(), home, nowhere) as feast:
        yield feast


def killed_in_the_middle(home: Path, feast: StockFeast) -> None:
    """It waits for a row to be written, having said in the registry that it does."""
    command = [
        sys.executable,
        "-m",
        "features.registry.apply",
        "materialize",
        "--repository",
        str(default_repository()),
    ]
    with closing(sqlite3.connect(home / "features" / "online.db", isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        with subprocess.Popen(command, env=leaf_environment(home), stderr=subprocess.DEVNULL) as materialize:
            until(lambda: feast("state", "sqlite", view=VIEW) == "MATERIALIZING", "it has begun", PATIENCE_S)
            materialize.kill()


def read_directly(home: Path) -> ViewRow:
    async def read() -> ViewRow:
        store = DirectSqliteStore(load(plan_path(home)), home / "features" / "online.db")
        rows = await store.read({"user_id": "ada"})
        await store.close()
        return rows[VIEW]

    return asyncio.run(read())


def test_a_view_whose_materialize_was_killed_is_served_and_mended_by_the_next(home: Path, feast: Any) -> None:
    killed_in_the_middle(home, feast)
    assert feast("state", "sqlite", view=VIEW) == "MATERIALIZING", "nobody takes it back"
    assert read_directly(home).values["first_name"] == "Ada"
    assert feast("read", "sqlite", view=VIEW, key="ada")["values"]["first_name"] == "Ada"
    control_plane.materialize(default_repository(), home)
    assert feast("state", "sqlite", view=VIEW) == "AVAILABLE_ONLINE"
