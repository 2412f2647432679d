"""What the whole suite shares: one home in which Feast has been at work, once, and how to run a Redis."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from feature_repo.seed import write_view
from features.registry import control_plane
from features.repository import default_repository
from tests.cluster import Cluster, running_cluster

# The same examples in every run, and none that fails because a neighbour was using the machine.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")

PROFILES = (
    {"user_id": "ada", "first_name": "Ada", "language": "en", "tier": "gold", "tenure_days": 900},
    {"user_id": "ben", "first_name": "Ben", "language": "de", "tier": "new", "tenure_days": 3},
    {"user_id": "cleo", "tier": "standard", "favourite_category": "shoes"},
)
ACTIVITY = (
    {"user_id": "ada", "visits": 12, "purchases": 4, "last_visit_unix": 1_750_000_000, "churn_risk": 0.125},
    {"user_id": "ben", "visits": 0, "purchases": 0},
)


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder of real data sets, which the project does not contain."""
    folder = Path(os.environ.get("MAITRED_DATASETS") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no data sets in {folder}: set MAITRED_DATASETS")
    return folder


@pytest.fixture(scope="session")
def feast_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ``MAITRED_HOME`` with registry, plan and the online rows of ``ada``, ``ben`` and ``cleo``.

    Feast ran in a process of its own. Tests that write use entities of their own.
    """
    folder = tmp_path_factory.mktemp("feast")
    home, offline = folder / "home", folder / "offline"
    now = datetime.now(UTC)
    write_view("user_profile", PROFILES, offline, now)
    write_view("user_activity", ACTIVITY, offline, now)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MAITRED_OFFLINE", str(offline))
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        environment.delenv("MAITRED_FEATURES_REDIS_CLUSTER", raising=False)
        control_plane.apply_and_materialize(default_repository(), home)
    return home


@pytest.fixture(scope="session")
def redis_server() -> str:
    """Where the program is."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is missing")
        pytest.skip("redis-server is missing")
    return program


@pytest.fixture(scope="session")
def run_redis(
    redis_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[int]]:
    """Runs a private redis-server with these options for a block, which gets its port on the loopback.

    ``at`` and ``folder`` bring back one that ran before.
    """

    @contextmanager
    def running(*options: str, at: int = 0, folder: Path | None = None) -> Iterator[int]:
        with socket.create_server(("127.0.0.1", at)) as free:
            port = int(free.getsockname()[1])
        command = [redis_server, "--port", str(port), "--bind", "127.0.0.1", "--daemonize", "no", *options]
        folder = folder or tmp_path_factory.mktemp("redis")
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert any("Ready to accept connections" in line for line in server.stdout), "redis-server did not start"
            try:
                yield port
            finally:
                server.terminate()

    return running


@pytest.fixture(scope="session")
def run_cluster(
    redis_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], AbstractContextManager[Cluster]]:
    """Runs a Redis Cluster of one's own for a block: three masters, three replicas."""
    return lambda: running_cluster(redis_server, tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="session")
def cluster(run_cluster: Callable[[], AbstractContextManager[Cluster]]) -> Iterator[Cluster]:
    """A Redis Cluster for tests that leave every node alive."""
    with run_cluster() as shared:
        yield shared
