"""A Feast repository of views that nobody thought of, and rows for them."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from features.plan import PlannedView
from features.repository import default_repository
from features.vector import Scalar

TYPES = ("String", "Int64", "Int32", "Float64", "Float32", "Bool")
JOIN_KEYS = ("user_id", "session_id")
LETTERS = "abcdefghijklmnopqrstuvwxyz_0123456789"
HEAD = """
from datetime import timedelta
from feast import Entity, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import Bool, Float32, Float64, Int32, Int64, String
user_id = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
session_id = Entity(name="session", join_keys=["session_id"], value_type=ValueType.STRING)
"""
VIEW = """
{name}_file = FileSource(name="{name}_file", path="{name}.parquet", timestamp_field="event_timestamp")
{name}_push = PushSource(name="{name}_push", batch_source={name}_file)
{name} = FeatureView(name="{name}", entities=[{join_key}], ttl=timedelta(days=1), source={name}_push, online=True,
    schema=[Field(name="{join_key}", dtype=String), {fields}])
"""


class RandomView(NamedTuple):
    """``features``: name → one of ``TYPES``."""

    name: str
    join_key: str
    features: dict[str, str]

    def source(self) -> str:
        fields = ", ".join(f'Field(name="{name}", dtype={type_})' for name, type_ in self.features.items())
        return VIEW.format(name=self.name, join_key=self.join_key, fields=fields)


def random_views(seed: int, count: int) -> list[RandomView]:
    """Some with one feature, some with many; names that only differ at their ends."""
    chance = random.Random(seed)
    return [_view(chance, f"v{number}_{_name(chance)}", JOIN_KEYS[number % 2]) for number in range(count)]


def write_repository(views: list[RandomView], folder: Path) -> None:
    """With the shipped repository's settings, for all three stores."""
    folder.mkdir()
    for yaml in default_repository().glob("*.yaml"):
        shutil.copy(yaml, folder)
    (folder / "definitions.py").write_text(HEAD + "".join(view.source() for view in views))


def rows_of(view: RandomView) -> st.SearchStrategy[dict[str, Scalar]]:
    """Any row: some of the features, each with any value of its type."""
    return st.fixed_dictionaries({}, optional={name: VALUES[type_] for name, type_ in view.features.items()})


def whole(view: PlannedView, row: dict[str, Scalar]) -> dict[str, Scalar | None]:
    """The row as Feast takes and gives it: a null for what is not known."""
    return {feature.name: row.get(feature.name) for feature in view.features}


VALUES: dict[str, st.SearchStrategy[Scalar]] = {
    "String": st.text(max_size=300),
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "Int32": st.integers(-(2**31), 2**31 - 1),
    "Float64": st.floats(allow_nan=False, allow_infinity=False),
    "Float32": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "Bool": st.booleans(),
}


def _view(chance: random.Random, name: str, join_key: str) -> RandomView:
    types = [chance.choice(TYPES) for _ in range(chance.choice((1, 2, 7, 40)))]
    return RandomView(name, join_key, {f"f{i}_{_name(chance)}": type_ for i, type_ in enumerate(types)})


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(LETTERS, k=chance.randint(1, 30)))
