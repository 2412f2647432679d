"""Any row of any view means the same to stock Feast and to us, both ways, on every store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from features.clock import wall_clock
from features.embedded.store import DirectSqliteStore
from features.open import SQLITE
from features.plan import Plan, PlannedView
from features.redis.store import DirectRedisStore
from features.registry import control_plane
from features.vector import FeatureStore, ViewRow
from tests.cluster import Cluster
from tests.features.conftest import PATIENT_S, running_feast
from tests.features.random_repository import random_views, rows_of, whole, write_repository
from tests.rows import put

VIEWS = random_views(seed=20_261_123, count=8)
HOUR_US = 3_600_000_000
NUMBERS = count()
EXAMPLES = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def random_plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("random")
    write_repository(VIEWS, folder / "repository")
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        environment.delenv("MAITRED_FEATURES_REDIS_CLUSTER", raising=False)
        return control_plane.apply(folder / "repository", folder / "home")


@pytest.fixture(scope="module")
def random_stock(random_plan: Plan, online_stores: Mapping[str, str]) -> Iterator[Any]:
    with running_feast(Path(random_plan.repository), Path(random_plan.home), online_stores) as feast:
        yield feast


@pytest.fixture(scope="module", params=["sqlite", "redis", "cluster"])
def each_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Pair:
    """Stock Feast, and our way to the same rows."""

    def __init__(self, kind: str, plan: Plan, store: FeatureStore, stock: Any) -> None:
        self.kind, self.store, self.stock = kind, store, stock
        self._views = {view.name: view for view in plan.stored_views}

    def view(self, number: int) -> PlannedView:
        return self._views[VIEWS[number].name]


@pytest.fixture(scope="module")
def pair(
    each_kind: str, random_plan: Plan, random_stock: Any, redis_port: int, cluster: Cluster, run: Callable[..., Any]
) -> Iterator[Pair]:
    urls = {
        "redis": f"redis://127.0.0.1:{redis_port}/3",
        "cluster": f"redis+cluster://{cluster.addresses}",
    }
    store: FeatureStore
    if each_kind == "sqlite":
        store = DirectSqliteStore(random_plan, Path(random_plan.online_store.removeprefix(SQLITE)))
    else:
        store = DirectRedisStore(random_plan, urls[each_kind], timeout_s=PATIENT_S)
    yield Pair(each_kind, random_plan, store, random_stock)
    run(store.close())


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, str, dict[str, Any], int]:
    """Which view, of whom, what, and how long ago."""
    number = draw(st.integers(0, len(VIEWS) - 1))
    row = draw(rows_of(VIEWS[number]))
    return number, f"{draw(st.text(max_size=40))}-{next(NUMBERS)}", row, draw(st.integers(0, HOUR_US))


@EXAMPLES
@given(case=cases())
def test_what_feast_writes_we_read(pair: Pair, run: Callable[..., Any], case: Any) -> None:
    number, key, row, age_us = case
    assume(row)  # a row of nulls alone Feast does not write
    view, written_us = pair.view(number), wall_clock() - age_us
    rows = [{view.join_key: key, **whole(view, row)}]
    pair.stock("write", pair.kind, view=view.name, rows=rows, timestamp_us=written_us)
    read = run(pair.store.read({view.join_key: key}))
    assert read[view.name] == ViewRow(row, written_us, "fresh")
    assert {name: type(value) for name, value in read[view.name].values.items()} == {n: type(v) for n, v in row.items()}
    assert {row.freshness for name, row in read.items() if name != view.name} == {"missing"}


@EXAMPLES
@given(case=cases())
def test_what_we_write_feast_reads(pair: Pair, run: Callable[..., Any], case: Any) -> None:
    number, key, row, age_us = case
    view, written_us = pair.view(number), wall_clock() - age_us
    assert run(put(pair.store, view.name, key, row, timestamp_us=written_us))
    found = pair.stock("read", pair.kind, view=view.name, key=key)
    assert found == {"values": whole(view, row), "timestamp_us": written_us}
