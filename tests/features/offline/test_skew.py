"""What was served is compared with Feast's own point-in-time frame, and each difference has its cause."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from features.assemble import assemble
from features.offline.past import Logged, Past, asked_chunks, write_asked
from features.offline.skew import MOMENT_US, Comparison, Skew
from features.plan import Plan
from features.registry import control_plane
from features.repository import default_repository
from features.vector import MISSING_ROW, ViewRow
from tests.features.loading import VIEW, load, parts

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
NOON_US = 1_780_000_000_000_000


class Place(NamedTuple):
    """A home that Feast has a registry in, and where its histories are."""

    home: Path
    offline: Path
    plan: Plan


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("skew")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MAITRED_OFFLINE", str(folder / "offline"))
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        yield Place(folder / "home", folder / "offline", control_plane.apply(default_repository(), folder / "home"))


@pytest.fixture(autouse=True)
def no_history(place: Place) -> None:
    for file in place.offline.glob("*"):
        file.unlink()


def loaded(place: Place, tmp_path: Path, content: str, at_us: int) -> None:
    file = tmp_path / f"{at_us}.csv"
    file.write_text(content)
    load(place.plan, file, now_us=at_us)


def decided(place: Place, id: str, user: str, at_us: int, row: ViewRow) -> Past:
    """A decision that saw this row of the user's profile."""
    vector = assemble(place.plan, None, {VIEW: row}, {}, at_us)
    logged = Logged(features=dict(vector.values), freshness=dict(vector.freshness), unread=vector.unread)
    return Past(id, f"unit {user}", "offer", at_us, {"user_id": user, "session_id": "s"}, logged)


def compared(place: Place, tmp_path: Path, decisions: list[Past]) -> Skew:
    asked, frame = tmp_path / "asked.parquet", tmp_path / "frame.parquet"
    assert write_asked(decisions, ["session_id", "user_id"], asked) == len(decisions)
    control_plane.run_leaf("features.offline.history", "--asked", str(asked), "--frame", str(frame), home=place.home)
    comparison = Comparison(place.plan)
    for chunk, found in zip(asked_chunks(asked), asked_chunks(frame), strict=True):
        assert sorted(found["decision_id"].to_pylist()) == sorted(chunk["decision_id"].to_pylist())
        assert "user_profile__first_name" not in found.column_names
        comparison.add(chunk, found)
    return comparison.told()


def test_what_was_online_before_a_decision_is_equal_and_each_difference_has_its_cause(
    place: Place, tmp_path: Path
) -> None:
    head = "user_id,event_timestamp,tier,tenure_days"
    early, late = NOON_US, NOON_US + 10 * HOUR_US
    first = f"{head}\nada,{early - 9},gold,9\nben,{early - 9},new,\ncleo,{early - DAY_US * 400},silver,5\n"
    loaded(place, tmp_path, first, early)
    loaded(place, tmp_path, f"{head}\nada,{early + HOUR_US},silver,10\nfay,{early + HOUR_US},gold,1\n", late)
    loaded(place, tmp_path, f"user_id,event_timestamp,tier\nfay,{early + 2 * HOUR_US},new\n", late + 1)
    loaded(place, tmp_path, f"{head}\ndan,{early},new,1\n", early + 1)
    loaded(place, tmp_path, f"{head}\ndan,{early},gold,1\n", early + 2)
    soon, after = early + 2 * MOMENT_US, late + 2 * MOMENT_US
    ada = ViewRow({"tier": "gold", "tenure_days": 9}, early - 9, "fresh")
    ada_later = ViewRow({"tier": "silver", "tenure_days": 10}, early + HOUR_US, "fresh")
    wrong = ViewRow({"tier": "standard"}, early - 9, "fresh")
    cleo = ViewRow({"tier": "silver", "tenure_days": 5}, early - DAY_US * 400, "stale")
    fay = ViewRow({"tier": "new", "tenure_days": 1}, early + 2 * HOUR_US, "fresh")
    skew = compared(
        place,
        tmp_path,
        [
            decided(place, "equal", "ada", soon, ada),
            decided(place, "equal too", "ada", after, ada_later),
            decided(place, "default", "ben", soon, ViewRow({"tier": "new"}, early - 9, "fresh")),
            decided(place, "lag", "ada", early + 5 * HOUR_US, ada),
            decided(place, "ttl", "cleo", soon, cleo),
            decided(place, "stamps", "dan", soon, ViewRow({"tier": "standard"}, early, "fresh")),
            decided(place, "pushed", "eve", soon, ViewRow({"tier": "gold"}, early, "fresh")),
            decided(place, "down", "ada", soon, ViewRow({}, None, "error")),
            decided(place, "partial", "fay", after, fay),
            decided(place, "meanwhile", "ben", early + 1, wrong),
            decided(place, "wrong", "ada", soon, wrong),
        ],
    )
    assert (skew.decisions, skew.compared, skew.equal) == (11, 11, 3)
    assert skew.causes == {
        "materialise lag": {VIEW: 1},
        "time to live": {VIEW: 1},
        "equal stamps": {VIEW: 1},
        "not in the history": {VIEW: 1},
        "not read": {VIEW: 1},
        "left out by its newest row": {VIEW: 1},
        "at the same moment": {VIEW: 1},
        "unexplained": {VIEW: 1},
    }
    assert skew.features["user_profile.tier"] == 7


def test_whoever_did_not_consent_is_not_looked_up(place: Place, tmp_path: Path) -> None:
    loaded(place, tmp_path, f"user_id,event_timestamp,tier\nada,{NOON_US},gold\n", NOON_US)
    known = decided(place, "known", "ada", NOON_US + DAY_US, ViewRow({"tier": "gold"}, NOON_US, "fresh"))
    unknown = decided(place, "unknown", "ada", NOON_US + DAY_US, MISSING_ROW)._replace(keys={"session_id": "s"})
    skew = compared(place, tmp_path, [known, unknown])
    assert (skew.decisions, skew.compared, skew.equal, skew.available) == (2, 1, 1, 1)


def test_a_file_that_does_not_say_when_it_came_online_is_presumed_to_have_lagged(place: Place, tmp_path: Path) -> None:
    loaded(place, tmp_path, f"user_id,event_timestamp,tier\nada,{NOON_US},gold\n", NOON_US)
    held = parts(place.plan)
    assert held is not None
    [file] = held.files()
    pq.write_table(pq.read_table(file), file)
    skew = compared(place, tmp_path, [decided(place, "d", "ada", NOON_US + DAY_US, MISSING_ROW)])
    assert skew.causes == {"materialise lag, presumed": {VIEW: 1}}
    assert skew.available == 0
