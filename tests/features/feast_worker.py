"""Stock Feast in a process of its own, for the parity tests: one JSON request a line, one JSON reply a line."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from feast import FeatureStore
from feast.data_source import PushMode
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.repo_config import load_repo_config

from features.registry.compile import compile_registry

EVENT_TIME = "event_timestamp"
YAMLS = {
    "sqlite": "feature_store.yaml",
    "redis": "feature_store.redis.yaml",
    "cluster": "feature_store.redis_cluster.yaml",
}


class Worker:
    """Feast's public calls on the stores that the environment allows."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._stores = {
            kind: FeatureStore(config=load_repo_config(repository, repository / name)) for kind, name in YAMLS.items()
        }

    def write(self, kind: str, view: str, rows: list[dict[str, Any]], timestamp_us: int) -> None:
        self._stores[kind].write_to_online_store(view, df=_frame(rows, timestamp_us))

    def push(self, kind: str, source: str, rows: list[dict[str, Any]], timestamp_us: int) -> None:
        self._stores[kind].push(source, _frame(rows, timestamp_us), to=PushMode.ONLINE)

    def write_part(self, kind: str, view: str, key: str, text: dict[str, str], timestamp_us: int) -> None:
        self.write_parts(kind, view, key, [(text, timestamp_us)])

    def write_parts(self, kind: str, view: str, key: str, parts: list[tuple[dict[str, str], int]]) -> None:
        """In one batch, in this order."""
        store = self._stores[kind]
        declared = store.get_feature_view(view)
        entity = _entity_key(declared.join_keys[0], key)
        rows = [(entity, _texts(text), _moment(timestamp_us), None) for text, timestamp_us in parts]
        store.provider.online_write_batch(store.config, declared, rows, None)

    def refused(self, asked: str, kind: str, **arguments: Any) -> dict[str, Any]:
        """Which error another call raises, and after how many seconds."""
        began = time.perf_counter()
        try:
            getattr(self, asked)(kind, **arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what was asked for
            return {"error": type(error).__name__, "seconds": time.perf_counter() - began}
        raise AssertionError(f"{asked} raised nothing")

    def teardown(self, kind: str, project: str) -> None:
        """Of a project of another name, on the same store."""
        store = self._stores[kind]
        config = store.config.model_copy(update={"project": project})
        type(store.provider.online_store)().teardown(config, store.list_feature_views(), store.list_entities())

    def state(self, kind: str, view: str) -> str:
        """As the registry has it now."""
        store = self._stores[kind]
        try:
            store.refresh_registry()
            return str(store.get_feature_view(view).state.name)
        except Exception:  # noqa: BLE001 - a file registry is rewritten in place: for a moment, nothing may be in it
            return "being written"

    def read(self, kind: str, view: str, key: str) -> dict[str, Any]:
        store = self._stores[kind]
        declared = store.get_feature_view(view)
        features = [f"{view}:{field.name}" for field in declared.features]
        response = store.get_online_features(features=features, entity_rows=[{declared.join_keys[0]: key}])
        proto = response.proto
        names = list(proto.metadata.feature_names.val)
        times = {n: r.event_timestamps[0].ToMicroseconds() for n, r in zip(names, proto.results, strict=True)}
        values = {name: found[0] for name, found in response.to_dict().items() if name != declared.join_keys[0]}
        return {"values": values, "timestamp_us": max(times[name] for name in values)}

    def service(self, kind: str, name: str, entity: dict[str, Any]) -> dict[str, Any]:
        store = self._stores[kind]
        response = store.get_online_features(features=store.get_feature_service(name), entity_rows=[entity])
        return {name: found[0] for name, found in response.to_dict().items()}

    def delete(self, kind: str, join_key: str, key: str) -> int:
        store = self._stores[kind]
        deleted: int = store.provider.online_store.delete_entity(store.config, _entity_key(join_key, key))
        return deleted

    def materialize(self, kind: str, view: str) -> None:
        now = datetime.now(UTC)
        self._stores[kind].materialize(now - timedelta(days=1), now, feature_views=[view])

    def online_store_url(self, kind: str) -> str:
        return compile_registry(self._stores[kind], self._repository).online_store


def _texts(text: dict[str, str]) -> dict[str, Value]:
    return {name: Value(string_val=value) for name, value in text.items()}


def _moment(timestamp_us: int) -> datetime:
    moment: datetime = pd.Timestamp(timestamp_us, unit="us", tz="UTC").to_pydatetime()
    return moment


def _frame(rows: list[dict[str, Any]], timestamp_us: int) -> pd.DataFrame:
    moment = pd.Timestamp(timestamp_us, unit="us", tz="UTC")
    return pd.DataFrame([{**row, EVENT_TIME: moment} for row in rows])


def _entity_key(join_key: str, key: str) -> EntityKey:
    return EntityKey(join_keys=[join_key], entity_values=[Value(string_val=key)])


def main() -> None:
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what Feast prints must not get between the replies
    worker = Worker(Path(sys.argv[1]))
    print(json.dumps("ready"), file=replies)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(getattr(worker, request.pop("do"))(**request)), file=replies)


if __name__ == "__main__":
    main()
