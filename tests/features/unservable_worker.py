"""Repositories that Feast accepts, compiled in a process of its own. Prints one JSON object: case → what came of it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.repo_config import RepoConfig
from feast.types import Array, Float64, Int64, String

from features.errors import PlanError
from features.registry.compile import EMBEDDED, compile_registry

USER = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
SHOP = Entity(name="shop", join_keys=["shop_id"], value_type=ValueType.STRING)
NUMBER = Entity(name="number", join_keys=["number_id"], value_type=ValueType.INT64)


def field(dtype: Any = Float64, **tags: str) -> Field:
    return Field(name="f", dtype=dtype, tags=tags)


CASES: dict[str, tuple[tuple[Entity, ...], Field, dict[str, Any]]] = {
    "servable": ((USER,), field(default="0.5", range="[0, 1]"), {}),
    "two join keys": ((USER, SHOP), field(), {}),
    "a number for a join key": ((NUMBER,), field(), {}),
    "a list of numbers": ((USER,), field(Array(Int64)), {}),
    "a default of another type": ((USER,), field(Int64, default='"many"'), {}),
    "a default that is not JSON": ((USER,), field(String, default="many"), {}),
    "a default that is a list": ((USER,), field(String, default="[1]"), {}),
    "a range that is none": ((USER,), field(range="wide"), {}),
    "an empty range": ((USER,), field(range="[1, 1]"), {}),
    "entity keys of an older version": ((USER,), field(), {"entity_key_serialization_version": 2}),
    "an online store of its own": ((USER,), field(String), {"online_store": {"type": "sqlite", "path": "online.db"}}),
}


def compiled(home: Path, entities: tuple[Entity, ...], feature: Field, changes: dict[str, Any]) -> str:
    """The plan's online store, or why there is no plan."""
    settings = {
        "project": "shop",
        "provider": "local",
        "registry": str(home / "registry.db"),
        "online_store": {"type": EMBEDDED, "path": str(home / "online.db")},
        "offline_store": {"type": "duckdb"},
        "entity_key_serialization_version": 3,
    }
    store = FeatureStore(config=RepoConfig(**{**settings, **changes}, repo_path=home))
    source = FileSource(name="rows", path=str(home / "rows.parquet"), timestamp_field="event_timestamp")
    view = FeatureView(name="view", entities=list(entities), ttl=timedelta(days=1), schema=[feature], source=source)
    store.apply([*entities, view], skip_feature_view_validation=True)
    try:
        return compile_registry(store, home).online_store.replace(str(home), "…")
    except PlanError as error:
        return str(error)


def all_cases() -> Iterator[tuple[str, str]]:
    for number, (name, case) in enumerate(CASES.items()):
        home = Path(os.environ["MAITRED_HOME"]) / str(number)
        home.mkdir(parents=True)
        yield name, compiled(home, *case)


if __name__ == "__main__":
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Feast prints must not get between
    json.dump(dict(all_cases()), replies)
    replies.close()
    sys.exit(0)
