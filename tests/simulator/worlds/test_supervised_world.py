"""Classification sets as worlds: whose class is right, how what is known is encoded, and what a file must not be."""

from __future__ import annotations

import gzip
import math
import os
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ConfigError, MaitredError
from engine.policies.registry import build
from simulator.runs.run import run
from simulator.worlds.running_scale import RunningScale
from simulator.worlds.supervised import SupervisedWorld, deranged
from simulator.worlds.world import Round

ROWS = 60
WORDS = ("red", "blue", "?")


def table_of(folder: Path, rows: int = ROWS, name: str = "set.csv") -> str:
    """Each row's size is its own; its colour says its class."""
    path = folder / name
    lines = [f"{number}.5,{WORDS[number % 3]},{number % 2},class {number % 3}" for number in range(rows)]
    path.write_text("\n".join(["size,colour,flag,kind", *lines]) + "\n")
    return str(path)


def rounds(world: SupervisedWorld, seed: int = 1, count: int = 1_000_000) -> list[Round]:
    return list(world.play(count, seed))


def row_of(round: Round) -> int:
    return int(round.unit.removeprefix("row-")) - 1


def test_every_row_comes_once_and_naming_its_class_earns_one(tmp_path: Path) -> None:
    played = rounds(SupervisedWorld(table_of(tmp_path)))
    assert sorted(map(row_of, played)) == list(range(ROWS))
    assert [row_of(round) for round in played] != list(range(ROWS))
    for round in played:
        assert [each.id for each in round.candidates] == ["class 0", "class 1", "class 2"]
        assert [each.features for each in round.candidates] == [{f"id=class {n}": 1.0} for n in range(3)]
        assert round.expected == round.rewards == tuple(float(row_of(round) % 3 == n) for n in range(3))


def test_at_most_as_many_rounds_as_asked_for(tmp_path: Path) -> None:
    world = SupervisedWorld(table_of(tmp_path))
    assert rounds(world, count=7) == rounds(world)[:7]


def test_categories_flags_and_what_is_missing_are_names(tmp_path: Path) -> None:
    for round in rounds(SupervisedWorld(table_of(tmp_path))):
        row = row_of(round)
        assert round.shared[f"colour={WORDS[row % 3]}"] == 1.0
        assert round.shared[f"flag={row % 2}"] == 1.0
        assert round.shared.keys() <= {"size", f"colour={WORDS[row % 3]}", f"flag={row % 2}"}


def test_numbers_are_standardised_by_the_rows_before(tmp_path: Path) -> None:
    met: list[float] = []
    for round in rounds(SupervisedWorld(table_of(tmp_path))):
        value = row_of(round) + 0.5
        varied = len(met) > 1
        expected = np.clip((value - np.mean(met)) / np.std(met), -4.0, 4.0) if varied else 0.0
        assert round.shared.get("size", 0.0) == pytest.approx(expected, abs=1e-9)
        met.append(value)


def test_a_missing_number_is_a_feature_and_counts_for_no_mean() -> None:
    scale = RunningScale(2)
    rows = [[1.0, math.nan], [3.0, 7.0], [math.nan, 9.0], [4.0, math.nan]]
    scaled = [scale.scaled(np.array(row)).tolist() for row in rows]
    assert scaled == [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [2.0, 0.0]]


def test_a_missing_number_has_a_name(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text("size,kind\n" + "\n".join(f"{'' if n == 5 else n},{n % 2}" for n in range(ROWS)) + "\n")
    for round in rounds(SupervisedWorld(str(path))):
        assert (round.shared.get("size=?") == 1.0) == (row_of(round) == 5)


def test_noise_turns_rewards_over_as_often_as_is_said(tmp_path: Path) -> None:
    played = rounds(SupervisedWorld(table_of(tmp_path, 3_000), noise=0.2))
    assert {value for round in played for value in round.expected} == {0.2, 0.8}
    turned = np.array([[abs(r - e) > 0.5 for r, e in zip(x.rewards, x.expected, strict=True)] for x in played])
    for share in turned.mean(axis=0):
        assert abs(share - 0.2) < 4.0 * math.sqrt(0.2 * 0.8 / len(played))


def test_drift_gives_every_class_another_meaning_in_mid_run(tmp_path: Path) -> None:
    path = table_of(tmp_path)
    still, turned = rounds(SupervisedWorld(path)), rounds(SupervisedWorld(path, drift=0.5))
    same = [a == b for a, b in zip(still, turned, strict=True)]
    assert same == [True] * (ROWS // 2) + [False] * (ROWS // 2)
    meanings = {(a.expected, b.expected) for a, b in zip(still, turned, strict=True) if a.number >= ROWS // 2}
    assert len(meanings) == 3
    assert all(a != b for a, b in meanings)
    assert [round.shared for round in turned] == [round.shared for round in still]
    assert not SupervisedWorld(path).depends_on_count
    assert SupervisedWorld(path, drift=0.5).depends_on_count


def test_nothing_stays_in_its_place_and_all_such_orders_come() -> None:
    rng = np.random.default_rng(1)
    found = {tuple(deranged(4, rng)) for _ in range(400)}
    assert len(found) == 9
    assert deranged(2, rng) == [1, 0]


def test_texts_have_usual_numbers_and_words(tmp_path: Path) -> None:
    path = tmp_path / "set.vw.gz"
    lines = [f"{number % 2 + 1} | size:{number} word{number % 5}:3" for number in range(ROWS)]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    played = rounds(SupervisedWorld(str(path)))
    assert [each.id for each in played[0].candidates] == ["1", "2"]
    for round in played:
        assert round.shared[f"word{row_of(round) % 5}"] == pytest.approx(math.log(4.0))
        assert round.rewards[row_of(round) % 2] == 1.0
    assert np.std([round.shared.get("size", 0.0) for round in played[30:]]) == pytest.approx(1.0, abs=0.2)


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = table_of(tmp_path)
    first = SupervisedWorld(path)
    assert SupervisedWorld(path).table is first.table
    assert len(SupervisedWorld(table_of(tmp_path, 90)).table) == 90
    os.utime(path, ns=(1, 1))
    assert SupervisedWorld(path).table is not first.table


def bad_files(name: str, text: str, why: str) -> object:
    return pytest.param(name, text, why, id=why)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        bad_files("a.csv", "x,y\n1,a\n2\n", "line 3: expected 2 cells, found 1"),
        bad_files("a.csv", "x,y\n1,a\n2,\n", "line 3: y: expected a class of 1 to 200 characters, found '?'"),
        bad_files("a.csv", "x,y\n1,a\n2,a\n", "expected 2 to 200 classes, found 1"),
        bad_files("a.csv", "x,y\n", "expected a header and rows"),
        bad_files("a.vw", "1 | a:1\n2 | a:x\n", "line 2: feature: expected a number, found 'x'"),
        bad_files("a.vw", "1 | a:1\n2 | a:nan\n", "line 2: feature: expected a finite number"),
        bad_files("a.vw", "1 | a:1\n2:1:0.5 | a:1\n", "line 2: label: expected one class"),
        bad_files("a.vw", "1 | a:1\n2 a:1\n", "line 2: line: expected features after a bar"),
        bad_files("a.vw", "", "expected 2 to 200 classes, found 0"),
    ],
)
def test_a_file_that_is_no_set_is_refused_with_its_line(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(MaitredError, match=why) as refused:
        SupervisedWorld(str(tmp_path / name))
    assert name in str(refused.value)


@pytest.mark.parametrize("name", ["none.csv", "none.vw", "cut.vw.gz", "cut.csv.gz"])
def test_a_file_that_is_not_there_or_ends_early_is_refused(tmp_path: Path, name: str) -> None:
    if name.startswith("cut"):
        (tmp_path / name).write_bytes(gzip.compress(b"1 | a:1\n2 | b:1\n" * 1_000)[:-20])
    with pytest.raises(MaitredError, match=f"{name}: expected"):
        SupervisedWorld(str(tmp_path / name))


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"noise": 0.6}, "noise: expected a probability"),
        ({"noise": math.nan}, "noise: expected a probability"),
        ({"drift": 1.0}, "drift: expected a part of the run"),
        ({"target": "kind", "path": "set.vw"}, "target: set.vw is Vowpal Wabbit's text"),
    ],
)
def test_parameters_that_cannot_be_are_refused(tmp_path: Path, params: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        SupervisedWorld(**{"path": table_of(tmp_path), **params})


def test_an_unknown_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaitredError, match="expected a column 'weight', found size, colour, flag, kind"):
        SupervisedWorld(table_of(tmp_path), target="weight")


def test_a_real_set_is_learned_as_it_was_where_the_policies_were_chosen(datasets: Path) -> None:
    """There: .753, and .719 for Vowpal Wabbit, over the first 1,000 rows of 3 shuffles."""
    world = SupervisedWorld(str(datasets / "bakeoff_classification" / "satimage.csv.gz"))
    earned = {name: run(build(name, {}), world, 1_000, 1).reward.mean() for name in ("second_order", "vw")}
    allowed = 4.0 * math.sqrt(0.75 * 0.25 / 1_000)
    assert earned == {"second_order": pytest.approx(0.753, abs=allowed), "vw": pytest.approx(0.719, abs=allowed)}
