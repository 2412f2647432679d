"""Who predictions are made of, and from what: the newest of what is known, and nothing that must not be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from features.errors import LoadError, PredictionError
from features.plan import Plan, PlannedView
from features.predictions.choice import Choice, choice_of, target_of
from features.predictions.table import Categories, Numbers, Table
from features.predictions.users import FromFile, FromHistory, user_column
from tests.features.predictions.people import feature, plan_of, view, write_history

PREDICTED = view("user_predictions", feature("segment", "string"), feature("churn_propensity"), kind="push")
PROFILE = view(
    "profile",
    feature("name", "string", render_only=True),
    feature("tier", "string", vocabulary=("", "gold", "new")),
    feature("town", "string"),
    feature("income", sensitivity="sensitive"),
    feature("age", purpose="demographics"),
    feature("since", "int", learn=False),
    feature("visits", "int"),
    feature("member", "bool"),
)
SESSION = view("session_state", feature("turn", "int"), key="session_id", kind="push")


def plan(folder: Path, *views: PlannedView) -> Plan:
    return plan_of(folder, *(views or (PROFILE, PREDICTED, SESSION)))


def choose(folder: Path, only: Sequence[str] = (), without: Sequence[str] = ()) -> Choice:
    made = plan(folder)
    return choice_of(made, target_of(made, "user_predictions.segment", "string"), only, without)


def names(choice: Choice) -> set[str]:
    return {f"{view}.{each.name}" for view, features in choice.chosen.items() for each in features}


def test_what_nobody_asked_for_is_left_out_and_the_reason_is_told(tmp_path: Path) -> None:
    choice = choose(tmp_path)
    assert names(choice) == {"profile.tier", "profile.visits", "profile.member"}
    assert set(choice.left_out) == {
        "profile.name",
        "profile.town",
        "profile.income",
        "profile.age",
        "profile.since",
        "user_predictions.segment",
        "user_predictions.churn_propensity",
    }
    assert choice.left_out["profile.income"] == "sensitive: ask for it with --feature"
    assert choice.left_out["profile.age"] == "agreed to for demographics, not for personalisation"


def test_what_is_asked_for_is_taken_alone(tmp_path: Path) -> None:
    assert names(choose(tmp_path, only=["profile.income", "profile.age"])) == {"profile.income", "profile.age"}
    assert names(choose(tmp_path, without=["profile.visits"])) == {"profile.tier", "profile.member"}


@pytest.mark.parametrize(
    ("only", "without", "why"),
    [
        (["profile.name"], [], "profile.name: may reach templates and nothing else"),
        (["profile.nope"], [], "'profile.nope' has no history"),
        (["session_state.turn"], [], "'session_state.turn' has no history"),
        ([], ["visits"], "'visits' has no history"),
        (["profile.visits"], ["profile.visits"], "no feature is left"),
    ],
)
def test_what_cannot_be_had_is_refused(tmp_path: Path, only: list[str], without: list[str], why: str) -> None:
    with pytest.raises(PredictionError, match=why):
        choose(tmp_path, only, without)


def test_predictions_go_into_a_feature_of_their_type(tmp_path: Path) -> None:
    made = plan(tmp_path)
    assert (
        target_of(made, "user_predictions.churn_propensity", "float").qualified == "user_predictions.churn_propensity"
    )
    with pytest.raises(PredictionError, match="no feature of type float"):
        target_of(made, "user_predictions.segment", "float")
    with pytest.raises(LoadError, match="no view 'nowhere'"):
        target_of(made, "nowhere.segment", "string")


def from_history(folder: Path) -> dict[str, dict[str, object]]:
    """User → what is known of them."""
    made = plan(folder)
    table = FromHistory(made, target_of(made, "user_predictions.segment", "string")).table()
    assert table.keys is not None
    values = {column.name: values_of(column) for column in table.columns}
    return {user: {name: of[place] for name, of in values.items()} for place, user in enumerate(table.keys.to_pylist())}


def values_of(column: Numbers | Categories) -> list[object]:
    if isinstance(column, Numbers):
        return [None if np.isnan(value) else value for value in column.values]
    return [None if code < 0 else column.levels[code] for code in column.codes]


def row(user: str, at: int, **values: object) -> dict[str, object]:
    return {"user_id": user, "at": at, "tier": "new", "visits": 0, "member": True, **values}


def test_everybodys_newest_values_count_in_whatever_order_they_come(tmp_path: Path) -> None:
    write_history(tmp_path / "profile.parquet", [row("a", 9, visits=1), row("b", 5, visits=2), row("a", 3, visits=3)])
    write_history(tmp_path / "profile.x.parquet", [row("a", 7, visits=4), row("b", 1, visits=None, member=False)])
    known = from_history(tmp_path)
    assert known["a"] == {"profile.tier": "new", "profile.visits": 3.0, "profile.member": "yes"}
    assert known["b"] == {"profile.tier": "new", "profile.visits": None, "profile.member": "no"}


def test_a_part_without_a_column_leaves_what_was_known(tmp_path: Path) -> None:
    write_history(tmp_path / "profile.parquet", [row("a", 9, visits=1, tier="gold")])
    write_history(tmp_path / "profile.x.parquet", [row("a", 1, visits=None, tier="new")], told="tier,member")
    assert from_history(tmp_path)["a"] == {"profile.tier": "new", "profile.visits": 1.0, "profile.member": "yes"}


def test_what_is_outside_the_vocabulary_is_one_value(tmp_path: Path) -> None:
    write_history(
        tmp_path / "profile.parquet", [row("a", 1, tier="odd"), row("b", 1, tier="gold"), row("c", 1, tier=None)]
    )
    known = from_history(tmp_path)
    assert [known[user]["profile.tier"] for user in "abc"] == ["(other)", "gold", None]


def test_nobody_in_the_history_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="nobody is in Feast's history"):
        from_history(tmp_path)


def from_file(folder: Path, *lines: str, **asked: object) -> Table:
    path = folder / "users.csv"
    path.write_text("\n".join(lines) + "\n")
    return FromFile(path, **{"key": None, **asked}).table()  # type: ignore[arg-type]


def test_columns_of_a_file_are_what_their_values_are(tmp_path: Path) -> None:
    many = [f"u{n},{n},{n % 7},t{n},{'ab'[n % 2]},{999 if n % 3 else n % 5}" for n in range(80)]
    table = from_file(
        tmp_path, "user_id,id,x,note,kind,days", *many, "u79,80,6,t,a,", key="user_id", unknown={"days": "999"}
    )
    kinds = {column.name: type(column).__name__ for column in table.columns}
    assert kinds == {"x": "Numbers", "kind": "Categories", "days": "Numbers"}
    assert table.left_out["id"] == "whole numbers, all different: an id?"
    assert "81 different values" in table.left_out["note"]
    [days] = table.of(["days"])
    assert isinstance(days, Numbers)
    assert np.nanmax(days.values) == 4


def test_somebodys_last_row_of_a_file_counts(tmp_path: Path) -> None:
    table = from_file(tmp_path, "who,x", "a,1", "b,2", "a,3", key="who")
    assert table.keys is not None
    assert table.keys.to_pylist() == ["b", "a"]
    [x] = table.of(["x"])
    assert values_of(x) == [2.0, 3.0]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"only": ["y"]}, "no column 'y'"),
        ({"without": ["y"]}, "no column 'y'"),
        ({"unknown": {"y": "1"}}, "no column 'y'"),
        ({"only": ["note"]}, "note cannot be learned from: 61 different values"),
        ({"key": "who"}, "who: a row is nobody's"),
    ],
)
def test_what_a_file_does_not_have_is_refused(tmp_path: Path, asked: dict[str, object], why: str) -> None:
    with pytest.raises(PredictionError, match=why):
        from_file(tmp_path, "who,x,note", *(f"{n or ''},1,t{n}" for n in range(61)), **asked)


def test_users_ids_are_looked_for_and_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("user_id,who\na,b\n")
    assert (user_column(path, None, needed=True), user_column(path, "who", needed=True)) == ("user_id", "who")
    path.write_text("who\nb\n")
    assert user_column(path, None, needed=False) is None
    for key, why in ((None, "say with --key"), ("nope", "no column 'nope'")):
        with pytest.raises(PredictionError, match=why):
            user_column(path, key, needed=True)


def test_a_long_history_is_not_kept_in_memory_and_its_newest_values_are_found(tmp_path: Path) -> None:
    rows = [row(user, 1_000_000 - n, visits=n) for n in range(60_000) for user in ("a", "b")]
    for part in ("x", "y"):
        write_history(tmp_path / f"profile.{part}.parquet", rows)
    write_history(tmp_path / "profile.z.parquet", [row("c", 9, visits=7), row("b", 2_000_000, visits=8)])
    known = from_history(tmp_path)
    assert [known[user]["profile.visits"] for user in "abc"] == [59_999, 59_999, 7]
