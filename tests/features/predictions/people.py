"""Made-up users in three groups, and a plan whose histories tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.plan import Definitions, Plan, PlannedFeature, PlannedSource, PlannedView
from features.predictions.categories import categories
from features.predictions.table import Categories, Floats, Ints, Numbers, Table

GROUPS = ("buyers", "visitors", "newcomers")
NOW_US = 1_750_000_000_000_000


def of_groups(users: int, seed: int = 1) -> tuple[Ints, dict[str, Floats]]:
    """Who is in which group, and what they do: half are visitors."""
    rng = np.random.default_rng(seed)
    group = rng.choice(3, users, p=[0.3, 0.5, 0.2])
    purchases = rng.poisson(np.array([20, 2, 0])[group]).astype(float)
    visits = rng.poisson(np.array([30, 30, 1])[group]).astype(float)
    tenure = rng.normal(np.array([900.0, 700.0, 10.0])[group], 30)
    return group, {"purchases": purchases, "visits": visits, "tenure": tenure}


def table_of(numbers: Mapping[str, Floats], texts: Mapping[str, Sequence[str | None]] | None = None) -> Table:
    """Columns as a table without keys."""
    columns: list[Numbers | Categories] = [Numbers(name, values, name) for name, values in numbers.items()]
    columns += [categories(name, pa.array(values, pa.string())) for name, values in (texts or {}).items()]
    return Table(len(next(iter(numbers.values()))), tuple(columns))


def feature(name: str, type_: str = "float", **more: object) -> PlannedFeature:
    """A planned feature with the default of its type."""
    default = {"float": 0.0, "int": 0, "string": "", "bool": False}[type_]
    return PlannedFeature(**{"name": name, "type": type_, "default": default, **more})  # type: ignore[arg-type]


def plan_of(folder: Path, *views: PlannedView) -> Plan:
    """A plan whose stores and histories are in a folder; only stored views have a history."""
    definitions = Definitions(project="p", views=views, services={})
    sources = {
        view.name: PlannedSource(path=str(folder / f"{view.name}.*parquet"), timestamp="event_timestamp")
        for view in views
        if view.join_key
    }
    return Plan(
        definitions=definitions,
        online_store=f"sqlite:///{folder / 'online.db'}",
        repository="",
        home=str(folder),
        registry_path="",
        registry_sha256="",
        definitions_digest=definitions.digest,
        sources=sources,
    )


def view(name: str, *features: PlannedFeature, kind: str = "batch", key: str | None = "user_id") -> PlannedView:
    """A planned view that is about users."""
    return PlannedView(name=name, kind=kind, join_key=key, features=features)  # type: ignore[arg-type]


def write_history(path: Path, rows: Sequence[Mapping[str, object]], told: str | None = None) -> None:
    """A part with rows of ``user_id``, ``at`` (seconds before now) and features; ``told``: which it says it has."""
    times = [NOW_US - 1_000_000 * int(str(row["at"])) for row in rows]
    names = [name for name in rows[0] if name != "at"]
    table = pa.table({name: [row[name] for row in rows] for name in names})
    table = table.append_column("event_timestamp", pa.array(times, pa.timestamp("us", tz="UTC")))
    if told is not None:
        table = table.replace_schema_metadata({"maitred.features": told})
    pq.write_table(table, path)
