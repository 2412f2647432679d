"""What was fitted is kept whole, newest last, and is noticed to be changed; what is predicted reaches the store."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from features.embedded.store import DirectSqliteStore
from features.errors import PredictionError
from features.plan import Plan
from features.predictions.shelf import MANIFEST, Shelf, version_at
from features.predictions.write_back import Destination
from features.vector import ViewRow
from tests.features.predictions.people import NOW_US, feature, plan_of, view

PREDICTED = view("user_predictions", feature("segment", "string"), feature("churn_propensity"), kind="push")


class Note(msgspec.Struct, frozen=True):
    text: str
    number: float = 0.5


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_of(tmp_path, PREDICTED)


def test_the_newest_version_is_found_with_its_files(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "notes", Note)
    assert shelf.newest() is None
    for second in (2, 1):
        shelf.put(version_at(second * 1_000_000), Note(f"n{second}"), {"picture.svg": f"<svg>{second}</svg>"})
    found = shelf.newest()
    assert found is not None
    note, folder = found
    assert note == Note("n2")
    assert (folder / "picture.svg").read_text() == "<svg>2</svg>"
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(("old", "new", "why"), [("0.5", "0.6", "was changed"), ("{", "", "cannot be read")])
def test_a_manifest_that_was_changed_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    shelf = Shelf(tmp_path, Note)
    manifest = shelf.put("v1", Note("n"), {}) / MANIFEST
    manifest.write_text(manifest.read_text().replace(old, new, 1))
    with pytest.raises(PredictionError, match=why):
        shelf.newest()


def test_a_version_that_cannot_be_kept_whole_is_not_there(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, Note)
    with pytest.raises(OSError, match="nowhere"):
        shelf.put("v1", Note("n"), {"nowhere/picture.svg": ""})
    assert shelf.newest() is None
    assert list(tmp_path.iterdir()) == []


def write(plan: Plan, name: str, values: list[object], *, at_us: int = NOW_US) -> tuple[int, int, int]:
    type_ = "string" if isinstance(values[0], str) else "float"
    keys = pa.array([f"u{n}" for n in range(len(values))])
    done = Destination.named(plan, f"user_predictions.{name}", type_).write(
        keys, pa.array(values), at_us, lambda _: None
    )
    return done.written, done.older, done.erased


def stored(plan: Plan, user: str, erase_at_us: int | None = None) -> ViewRow:
    """What serving reads."""

    async def read() -> ViewRow:
        store = DirectSqliteStore(plan, Path(plan.home) / "online.db")
        try:
            if erase_at_us is not None:
                await store.erase({"user_id": user}, erase_at_us)
            return (await store.read({"user_id": user}))["user_predictions"]
        finally:
            await store.close()

    return asyncio.run(read())


def test_a_prediction_joins_the_others_of_its_row_and_an_older_one_does_not_replace_it(plan: Plan) -> None:
    assert write(plan, "segment", ["s1", "s2"]) == (2, 0, 0)
    assert write(plan, "churn_propensity", [0.25, 0.5], at_us=NOW_US + 1) == (2, 0, 0)
    assert write(plan, "segment", ["old", "old"], at_us=NOW_US - 1) == (0, 2, 0)
    assert stored(plan, "u0").values == {"segment": "s1", "churn_propensity": 0.25}
    assert not list(Path(plan.home).glob(".predictions-*"))
    assert len(list(Path(plan.home).glob("user_predictions.*.parquet"))) == 3


def test_who_was_erased_after_their_features_were_read_stays_erased(plan: Plan) -> None:
    write(plan, "segment", ["s1", "s2"])
    stored(plan, "u0", erase_at_us=NOW_US + 10)
    assert write(plan, "segment", ["s1", "s2"], at_us=NOW_US + 5) == (1, 0, 1)
    assert stored(plan, "u0").freshness == "missing"
