"""The second engine on real data: rows of a classification set, told only whether the chosen class was right."""

from __future__ import annotations

import csv
import gzip
import random
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from engine.policies.base import Policy
from engine.policies.second_order import SecondOrderPolicy
from engine.policies.vw import VwPolicy
from engine.types import Candidate, TrainingExample

ROWS = 500


def table(datasets: Path, name: str) -> list[tuple[dict[str, float], str]]:
    """Numbers as their distance from the mean in standard deviations, words as one feature each."""
    with gzip.open(datasets / "bakeoff_classification" / f"{name}.csv.gz", "rt") as file:
        names, *rows = csv.reader(file)
    numeric = [column for column, text in enumerate(rows[0][:-1]) if _is_number(text)]
    scale = {column: _scale([float(row[column]) for row in rows]) for column in numeric}

    def encoded(row: list[str]) -> dict[str, float]:
        numbers = {names[c]: (float(row[c]) - mean) / deviation for c, (mean, deviation) in scale.items()}
        return numbers | {f"{names[c]}={row[c]}": 1.0 for c in range(len(names) - 1) if c not in scale}

    return [(encoded(row), row[-1]) for row in rows]


def _is_number(text: str) -> bool:
    return text.replace(".", "").replace("-", "").isdigit()


def _scale(numbers: list[float]) -> tuple[float, float]:
    mean = fmean(numbers)
    return mean, fmean((number - mean) ** 2 for number in numbers) ** 0.5 or 1.0


def earned(policy: Policy, rows: list[tuple[dict[str, float], str]], seed: int) -> float:
    luck, rewards = random.Random(seed), []
    arms = tuple(Candidate(name, name, {f"id={name}": 1.0}) for name in sorted({right for _, right in rows}))
    for context, right in luck.sample(rows, ROWS):
        pmf = policy.pmf(context, arms)
        (chosen,) = luck.choices(range(len(arms)), pmf)
        rewards.append(float(arms[chosen].id == right))
        policy.learn(TrainingExample(context, arms, chosen, pmf[chosen], rewards[-1]))
    return fmean(rewards)


@pytest.mark.parametrize("name", ["vehicle", "vowel", "kr_vs_kp"])
def test_it_earns_more_than_vowpal_wabbit_on_rows_it_was_not_tuned_on(name: str, datasets: Any) -> None:
    rows = table(datasets, name)
    ours = fmean(earned(SecondOrderPolicy(), rows, seed) for seed in (1, 2))
    theirs = fmean(earned(VwPolicy(), rows, seed) for seed in (1, 2))
    assert ours > theirs + 0.02
