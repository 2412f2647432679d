from __future__ import annotations

import math
from collections import Counter

import pytest

from engine.config import TrafficSpec
from engine.traffic import group_of, unit_of

SALT = b"group salt of the tests"
UNITS = [unit_of(SALT, "user", f"u{number}") for number in range(20_000)]


def groups(champion: float, random: float, control: float, salt: bytes = SALT) -> list[str]:
    spec = TrafficSpec(champion=champion, random=random, control=control)
    return [group_of(spec, salt, unit) for unit in UNITS]


def test_a_unit_stays_in_its_group() -> None:
    assert groups(0.7, 0.2, 0.1) == groups(0.7, 0.2, 0.1)


@pytest.mark.parametrize("shares", [(0.7, 0.2, 0.1), (0.9, 0.1, 0.0), (0.0, 0.5, 0.5)])
def test_shares_are_as_declared(shares: tuple[float, float, float]) -> None:
    counts = Counter(groups(*shares))
    for name, share in zip(("champion", "random", "control"), shares, strict=True):
        tolerance = 4.0 * math.sqrt(share * (1.0 - share) / len(UNITS))
        assert abs(counts[name] / len(UNITS) - share) <= tolerance


@pytest.mark.parametrize("name", ["champion", "random", "control"])
def test_a_share_of_one_takes_everybody(name: str) -> None:
    champion, random, control = (float(name == group) for group in ("champion", "random", "control"))
    assert set(groups(champion, random, control)) == {name}


def test_growing_the_champion_moves_units_only_into_it() -> None:
    moved = {(old, new) for old, new in zip(groups(0.4, 0.3, 0.3), groups(0.8, 0.1, 0.1), strict=True) if old != new}
    assert moved == {("random", "champion"), ("control", "champion")}


def test_another_salt_draws_other_groups() -> None:
    same = sum(a == b for a, b in zip(groups(0.5, 0.5, 0.0), groups(0.5, 0.5, 0.0, b"other"), strict=True))
    assert abs(same / len(UNITS) - 0.5) <= 4.0 * math.sqrt(0.25 / len(UNITS))


def test_a_pseudonym_is_sixteen_hex_digits_and_tells_kinds_and_salts_apart() -> None:
    pseudonym = unit_of(SALT, "user", "ada")
    assert len(pseudonym) == 16
    assert int(pseudonym, 16) >= 0
    others = {unit_of(SALT, "session", "ada"), unit_of(b"other", "user", "ada"), unit_of(SALT, "user", "Ada")}
    assert len(others | {pseudonym}) == 4


def test_pseudonyms_of_strange_ids_exist() -> None:
    assert len({unit_of(SALT, "user", id) for id in ("", "\0", "ü" * 1000, "user\0x")}) == 4
