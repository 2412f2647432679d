"""Outcomes that take the place of others: which of them stand, and where."""

from __future__ import annotations

import itertools

import pytest

from engine.corrections import Heard, standing

CASES: list[tuple[str, str]] = [
    ("a b c", "a b c"),
    ("a b:a", "b"),
    ("a c b:a", "b c"),
    ("b:a c a", "c b"),
    ("b:a c:a a", "c"),
    ("a b:a c:b", "c"),
    ("c:b b:a a", "c"),
    ("a b:a d:a c:b", "d"),
    ("b:x", "b"),
    ("a b:x c:x d", "a c d"),
    ("c:b b:x a", "c a"),
    ("a:a b", "a b"),
    ("a:b b:a", "a"),
    ("a:b b:c c:a", "a"),
    ("a:b b:a c:a", "c"),
    ("a:a b:a", "b"),
]


@pytest.mark.parametrize(("heard", "stand"), CASES)
def test_a_correction_stands_in_the_place_of_what_it_corrects(heard: str, stand: str) -> None:
    """``b:a`` is an outcome b that corrects a; all are given in journal order."""
    assert names(heard) == stand.split()


def test_long_chains_are_followed_in_time_that_grows_with_their_length() -> None:
    """Each corrects the one before it, told forwards and backwards: 100,000 of them take a moment, not hours."""
    links = [str(n) for n in range(100_000)]
    forwards = ["0", *(f"{b}:{a}" for a, b in itertools.pairwise(links))]
    assert names(" ".join(forwards)) == [links[-1]]
    assert names(" ".join(reversed(forwards))) == [links[-1]]


def names(heard: str) -> list[str]:
    outcomes = {}
    for number, each in enumerate(heard.split()):
        id, _, corrects = each.partition(":")
        outcomes[id] = (number, Heard(float(number), corrects=corrects or None))
    ids = {number: id for id, (number, _) in outcomes.items()}
    return [ids[int(each.worth or 0)] for each in standing({id: each for id, (_, each) in outcomes.items()})]
