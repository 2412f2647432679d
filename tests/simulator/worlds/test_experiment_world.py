"""An experiment comes again: its arms earn what they earned, and who they suit is what was fitted."""

from __future__ import annotations

import csv
import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import ConfigError
from simulator.logged.errors import LogRefused
from simulator.worlds.experiment import ExperimentWorld
from simulator.worlds.fitted_arms import Amounts
from simulator.worlds.world import Round
from tests.simulator.worlds.world_files import MAPPING, experiment

ROUNDS = 6_000
HILLSTROM = Path(__file__).parents[3] / "api" / "examples" / "hillstrom.yaml"
HILLSTROM_VISITS = {"no-e-mail": 0.106167, "mens-e-mail": 0.182757, "womens-e-mail": 0.151400}


@pytest.fixture
def opened(tmp_path: Path) -> ExperimentWorld:
    return ExperimentWorld(**experiment(tmp_path)[0])


@pytest.fixture
def spent(tmp_path: Path) -> ExperimentWorld:
    return ExperimentWorld(**experiment(tmp_path)[1])


def rounds(world: ExperimentWorld, count: int = ROUNDS) -> list[Round]:
    return list(world.play(count, 1))


def column(rows: list[dict[str, str]], arm: str, metric: str) -> np.ndarray:
    return np.array([float(row[metric]) for row in rows if row["shown"] == arm])


def rows_of(world: ExperimentWorld) -> list[dict[str, str]]:
    with Path(world.path).open() as file:
        return list(csv.DictReader(file))


def test_arms_and_users_are_those_of_the_file(opened: ExperimentWorld) -> None:
    first, *_ = played = rounds(opened)
    assert [each.id for each in first.candidates] == ["plain", "loud"]
    assert first.candidates[1].features == pytest.approx({"id=loud": 1.0, "loudness": math.log(3.0)})
    assert opened.reward_range == (0.0, 1.0)
    ages = np.array([round.shared.get("age", 0.0) for round in played])
    assert abs(ages.mean()) < 4.0 / math.sqrt(ROUNDS)
    assert abs(ages.std() - 1.0) < 0.05
    assert {name for round in played for name in round.shared} == {"age", "town=Rome", "town=Oslo"}


@pytest.mark.parametrize(("world", "metric"), [("opened", "opened"), ("spent", "dollars")])
def test_always_the_same_arm_earns_what_the_arm_earned(world: str, metric: str, request: pytest.FixtureRequest) -> None:
    made = request.getfixturevalue(world)
    for place, arm in enumerate(made.law.candidates):
        earned = column(rows_of(made), arm.id, metric)
        assert abs(made.law.expected[:, place].mean() - earned.mean()) < 3.0 * earned.std() / math.sqrt(len(earned))


def test_the_law_knows_whom_an_arm_suits(opened: ExperimentWorld) -> None:
    played = rounds(opened)
    older = np.array([round.shared.get("age", 0.0) > 0.0 for round in played])
    plain, loud = np.array([round.expected for round in played]).T
    assert loud[older].mean() > loud[~older].mean() + 0.1
    assert abs(plain[older].mean() - plain[~older].mean()) < 0.1


def test_amounts_are_those_that_the_arm_brought_and_as_often(spent: ExperimentWorld) -> None:
    drawn = np.array([round.rewards for round in rounds(spent)])
    for place, arm in enumerate(spent.law.candidates):
        brought = column(rows_of(spent), arm.id, "dollars")
        brought = brought[brought > 0.0]
        found = drawn[:, place][drawn[:, place] > 0.0]
        assert set(found) <= set(brought)
        assert abs(found.mean() - brought.mean()) < 4.0 * brought.std() / math.sqrt(len(found))
        assert spent.law.amounts[place].mean == pytest.approx(brought.mean())


def test_amounts_are_drawn_by_their_shares() -> None:
    amounts = Amounts(np.array([-1.0, 3.0]), np.array([0.25, 1.0]))
    assert amounts.drawn(np.array([0.0, 0.2499, 0.25, 0.9999])).tolist() == [-1.0, -1.0, 3.0, 3.0]
    assert amounts.mean == 2.0


def test_users_whose_arm_was_improbable_count_for_the_others(tmp_path: Path) -> None:
    """Both towns are equally many; in Rome, where all open, loud was shown to one of ten, in Oslo to nine."""
    path, mapping = tmp_path / "log.csv", tmp_path / "mapping.yaml"
    rows = [
        f"{arm},{int(town == 'Rome')},0,{p}"
        for town, shares in (("Rome", {"loud": 0.1, "plain": 0.9}), ("Oslo", {"loud": 0.9, "plain": 0.1}))
        for arm, p in shares.items()
        for _ in range(round(200 * p))
    ]
    path.write_text("\n".join(["shown,opened,dollars,p", *rows]) + "\n")
    mapping.write_text(MAPPING.replace("{age: number, town: category}", "{}"))
    world = ExperimentWorld(str(path), str(mapping))
    assert world.law.expected.mean(axis=0).tolist() == pytest.approx([0.5, 0.5])
    assert rounds(world, 3)[0].shared == {}


def test_an_arm_of_which_nothing_came_earns_nothing(tmp_path: Path) -> None:
    path, mapping = tmp_path / "log.csv", tmp_path / "mapping.yaml"
    rows = [f"{('plain', 'loud')[n % 2]},{n % 2},{n % 2 * 7},{n},Rome,0.5" for n in range(100)]
    path.write_text("\n".join(["shown,opened,dollars,age,town,p", *rows]) + "\n")
    mapping.write_text(MAPPING)
    world = ExperimentWorld(str(path), str(mapping), "spent")
    assert {round.expected for round in rounds(world, 50)} == {(0.0, 7.0)}
    assert {round.rewards for round in rounds(world, 50)} == {(0.0, 7.0)}


def without_arm(folder: Path) -> dict[str, Any]:
    (params, _) = experiment(folder)
    path = Path(params["path"])
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("loud")) + "\n")
    mapping = Path(params["mapping"])
    mapping.write_text(MAPPING.replace("propensity: p", "propensity: 0.5"))
    return params


def test_an_arm_that_was_never_shown_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogRefused, match="shown: expected rows of each arm, found none of 'loud'"):
        ExperimentWorld(**without_arm(tmp_path))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    (files, _) = experiment(tmp_path)
    with pytest.raises(ConfigError, match="expected a metric 'bought', found opened, spent"):
        ExperimentWorld(**files, metric="bought")
    with pytest.raises(LogRefused, match=r"gone.csv: expected a readable file"):
        ExperimentWorld(str(tmp_path / "gone.csv"), files["mapping"])
    Path(files["mapping"]).write_text(MAPPING.replace("town: category", "weight: number"))
    with pytest.raises(LogRefused, match="expected a column 'weight'"):
        ExperimentWorld(**files)


def test_hillstroms_arms_earn_what_they_earned(datasets: Path) -> None:
    path = datasets / "hillstrom" / "hillstrom.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    for metric in ("visit", "spend"):
        world = ExperimentWorld(str(path), str(HILLSTROM), metric)
        labels = ("Mens E-Mail", "Womens E-Mail", "No E-Mail")
        for place, label in enumerate(labels):
            earned = np.array([float(row[metric]) for row in rows if row["segment"] == label])
            value = float(world.law.expected[:, place].mean())
            assert abs(value - earned.mean()) < 3.0 * earned.std() / math.sqrt(len(earned))
            if metric == "visit":
                assert HILLSTROM_VISITS[world.law.candidates[place].id] == pytest.approx(earned.mean(), abs=5e-7)
