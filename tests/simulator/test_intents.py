"""Sentences become turns whose only feature is the text, and only the right answer helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.logged.errors import LogRefused
from simulator.logged.intents import IntentVisits, intents_of, read_sentences

CSV = 'text,category\n"Where is my card, please?",card_arrival\nI lost it,lost_card\n'


def test_only_the_right_answer_helps(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(CSV)
    sentences = read_sentences(path)
    assert intents_of(sentences) == ("card-arrival", "lost-card")
    visits = list(IntentVisits(sentences, "answer", "helped", seed=1))
    assert {str(visit.turns[0].context["text"]) for visit in visits} == {"Where is my card, please?", "I lost it"}
    for visit in visits:
        (turn,) = visit.turns
        right = "card-arrival" if "?" in str(turn.context["text"]) else "lost-card"
        rewards = {intent: turn.respond("answer", intent, ()).reward for intent in intents_of(sentences)}
        assert rewards == {intent: float(intent == right) for intent in intents_of(sentences)}
        assert turn.respond("answer", right, ()).metrics == {"helped": 1.0}
        assert not visit.deferred


def test_everybody_comes_once_and_a_limit_takes_the_first(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("text,category\n" + "\n".join(f"sentence {n},intent_{n % 7}" for n in range(40)))
    sentences = read_sentences(path)
    once, again = (list(IntentVisits(sentences, "answer", "helped", seed=3)) for _ in range(2))
    assert once == again
    assert len({visit.user_id for visit in once}) == 40
    assert list(IntentVisits(sentences, "answer", "helped", seed=3, limit=9)) == once[:9]


@pytest.mark.parametrize("row", ["only a text", "a text,", f"{'x' * 5_000},card_arrival"])
def test_a_sentence_without_intent_or_without_end_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "train.csv"
    path.write_text(CSV + row + "\n")
    with pytest.raises(LogRefused, match="line 4: expected a text of at most 4096 characters"):
        read_sentences(path)
