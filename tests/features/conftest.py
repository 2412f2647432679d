"""Stock Feast in one process, a private Redis, and every store that serving can read."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from features.clock import wall_clock
from features.embedded.store import DirectSqliteStore
from features.plan import Plan, load
from features.redis.store import DirectRedisStore
from features.registry.control_plane import leaf_environment
from features.repository import default_repository, plan_path
from features.sdk.child import SdkChild
from features.sdk.store import SdkStore
from features.vector import FeatureStore
from tests.cluster import Cluster

PATIENT_S = 5.0

Run = Callable[[Coroutine[Any, Any, Any]], Any]


class StockFeast:
    """Calls stock Feast, which runs elsewhere."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, do: str, kind: str, **arguments: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "kind": kind, **arguments}) + "\n")
        self._process.stdin.flush()
        return self.reply()

    def reply(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "stock Feast ended: see standard error"
        return json.loads(line)


@pytest.fixture(scope="session")
def plan(feast_home: Path) -> Plan:
    return load(plan_path(feast_home))


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """One event loop for all: connections belong to the loop that opened them."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="session")
def redis_port(run_redis: Callable[..., AbstractContextManager[int]]) -> Iterator[int]:
    """A private redis-server that keeps nothing."""
    with run_redis("--save", "") as port:
        yield port


@pytest.fixture(scope="session")
def redis_plan(plan: Plan, redis_port: int) -> Plan:
    return msgspec.structs.replace(plan, online_store=f"redis://127.0.0.1:{redis_port}/3")


@pytest.fixture(scope="session")
def cluster_plan(plan: Plan, cluster: Cluster) -> Plan:
    return msgspec.structs.replace(plan, online_store=f"redis+cluster://{cluster.addresses}")


@pytest.fixture(scope="session")
def online_stores(redis_port: int, cluster: Cluster) -> Mapping[str, str]:
    """The environment in which Feast finds both Redis stores."""
    return {
        "MAITRED_FEATURES_REDIS": f"127.0.0.1:{redis_port},db=3",
        "MAITRED_FEATURES_REDIS_CLUSTER": cluster.addresses,
    }


@contextmanager
def running_feast(repository: Path, home: Path, stores: Mapping[str, str]) -> Iterator[StockFeast]:
    """Stock Feast over a repository, for a block."""
    command = [sys.executable, str(Path(__file__).with_name("feast_worker.py")), str(repository)]
    environment = {**leaf_environment(home), **stores}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        feast = StockFeast(process)
        assert feast.reply() == "ready"
        yield feast


@pytest.fixture(scope="session")
def stock(feast_home: Path, online_stores: Mapping[str, str]) -> Iterator[StockFeast]:
    with running_feast(default_repository(), feast_home, online_stores) as feast:
        yield feast


@pytest.fixture(scope="session")
def direct_sqlite(plan: Plan, feast_home: Path, run: Run) -> Iterator[FeatureStore]:
    store = DirectSqliteStore(plan, feast_home / "features" / "online.db")
    yield store
    run(store.close())


@pytest.fixture(scope="session")
def direct_redis(redis_plan: Plan, run: Run) -> Iterator[FeatureStore]:
    store = DirectRedisStore(redis_plan, redis_plan.online_store, wall_clock, timeout_s=PATIENT_S)
    yield store
    run(store.close())


@pytest.fixture(scope="session")
def direct_cluster(cluster_plan: Plan, run: Run) -> Iterator[FeatureStore]:
    store = DirectRedisStore(cluster_plan, cluster_plan.online_store, wall_clock, timeout_s=PATIENT_S)
    yield store
    run(store.close())


@pytest.fixture(scope="session")
def sdk_child(feast_home: Path, run: Run) -> Iterator[SdkChild]:
    child = SdkChild(default_repository(), feast_home)
    yield child
    run(child.close())


@pytest.fixture(scope="session")
def sdk_sqlite(plan: Plan, sdk_child: SdkChild) -> FeatureStore:
    return SdkStore(plan, sdk_child)


@pytest.fixture(scope="session")
def sdk_redis(redis_plan: Plan, redis_port: int, feast_home: Path, run: Run) -> Iterator[FeatureStore]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MAITRED_FEATURES_REDIS", f"127.0.0.1:{redis_port},db=3")
        store = SdkStore(redis_plan, SdkChild(default_repository(), feast_home))
    yield store
    run(store.close())


@pytest.fixture(params=["direct_sqlite", "sdk_sqlite", "direct_redis", "sdk_redis", "direct_cluster"])
def store(request: pytest.FixtureRequest) -> FeatureStore:
    """Every implementation, over rows that stock Feast shares."""
    found: FeatureStore = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def kind(store: FeatureStore, request: pytest.FixtureRequest) -> str:
    """Which online store stock Feast must use to see the rows of ``store``."""
    return str(request.node.callspec.params["store"]).partition("_")[2]
