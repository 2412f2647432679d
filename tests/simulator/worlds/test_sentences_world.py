"""Sentences as a world: the right intent is always offered, the others as often as each other."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.policies.registry import build
from simulator.logged.errors import LogRefused
from simulator.runs.run import run
from simulator.worlds.sentences import SentencesWorld
from simulator.worlds.world import Round

INTENTS = 12


def file_of(folder: Path, rows: int = 600) -> str:
    path = folder / "train.csv"
    lines = [f"Where is my {number % INTENTS}?,lost_card_{number % INTENTS}" for number in range(rows)]
    path.write_text("\n".join(["text,category", *lines]) + "\n")
    return str(path)


def rounds(world: SentencesWorld, count: int = 1_000_000) -> list[Round]:
    return list(world.play(count, 1))


def right_of(round: Round) -> str:
    return f"lost-card-{(int(round.unit.removeprefix('row-')) - 1) % INTENTS}"


def test_every_sentence_comes_once_and_its_intent_is_the_only_one_that_earns(tmp_path: Path) -> None:
    played = rounds(SentencesWorld(file_of(tmp_path), offered=4))
    assert len({round.unit for round in played}) == 600
    for round in played:
        assert len(round.candidates) == 4
        earning = [each.id for each, reward in zip(round.candidates, round.rewards, strict=True) if reward]
        assert earning == [right_of(round)]
        assert round.expected == round.rewards == round.told


def test_words_and_pairs_of_words_are_the_context(tmp_path: Path) -> None:
    for round in rounds(SentencesWorld(file_of(tmp_path)), 20):
        number = right_of(round).rpartition("-")[2]
        words = ("where", "is", "my", number, "where is", "is my", f"my {number}")
        assert round.shared == {f"text={word}": 1.0 for word in words}


def test_places_and_company_say_nothing_of_what_is_right(tmp_path: Path) -> None:
    played = rounds(SentencesWorld(file_of(tmp_path, 6_000), offered=4))
    offered = np.array([[each.id for each in round.candidates] for round in played])
    wrong = np.array([right_of(round) for round in played])
    share = 3.0 / (INTENTS - 1)
    for intent in {*wrong.tolist()}:
        with_it = (offered[wrong != intent] == intent).any(axis=1)
        assert abs(with_it.mean() - share) < 4.0 * math.sqrt(share * (1.0 - share) / len(with_it))
    places = np.array([round.rewards.index(1.0) for round in played])
    for place in range(4):
        assert abs((places == place).mean() - 0.25) < 4.0 * math.sqrt(0.25 * 0.75 / len(places))


def test_intents_are_described_by_the_words_of_their_names(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    (bare, *_), (described, *_) = (SentencesWorld(path, described=each).candidates for each in (False, True))
    assert bare.features == {"id=lost-card-0": 1.0}
    names = ("lost", "card", "0", "lost card", "card 0")
    assert described.features == {"id=lost-card-0": 1.0} | {f"intent={name}": 1.0 for name in names}


@pytest.mark.parametrize("offered", [0, INTENTS, 99])
def test_all_intents_can_be_offered(tmp_path: Path, offered: int) -> None:
    world = SentencesWorld(file_of(tmp_path), offered=offered)
    assert {len(round.candidates) for round in rounds(world)} == {INTENTS}


@pytest.mark.parametrize("offered", [-1, 1])
def test_no_choice_is_refused(tmp_path: Path, offered: int) -> None:
    with pytest.raises(ConfigError, match="offered: expected 2 or more, or 0"):
        SentencesWorld(file_of(tmp_path), offered=offered)


def test_a_file_without_a_choice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("text,category\nhello,greeting\nhi,greeting\n")
    with pytest.raises(LogRefused, match=r"train.csv: expected 2 or more intents, found 1"):
        SentencesWorld(str(path))
    path.write_text("text,category\nhello,greeting\nhi,\n")
    with pytest.raises(LogRefused, match="line 3: expected a text"):
        SentencesWorld(str(path))


def test_real_sentences_can_be_learned(datasets: Path) -> None:
    world, n = SentencesWorld(str(datasets / "banking77" / "train.csv.gz")), 1_500
    trajectory = run(build("vw", {}), world, n, 1)
    assert trajectory.reward[n // 2 :].mean() > 0.1 + 4.0 * math.sqrt(0.1 * 0.9 / (n / 2))
