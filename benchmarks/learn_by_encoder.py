"""What online standardisation is worth: reward earned on classification sets, the right class being the right action.

``python -m benchmarks.learn_by_encoder [SET …]`` with ``MAITRED_DATASETS`` set. Rows are shuffled; the policy is shown
a row, chooses a class, and hears only whether that was right.
"""

from __future__ import annotations

import csv
import gzip
import os
import random
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.calibrate import next_look
from engine.encode.base import Encoder
from engine.encode.moments import LEAST, FeatureMoments
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.encode.standard import FeatureRule, StandardEncoder, StandardSpec
from engine.policies.vw import VwPolicy
from engine.types import Candidate, TrainingExample
from features.vector import Scalar

SETS = ("waveform5000", "satimage", "pendigits", "spambase", "page_blocks", "vehicle")
SEEDS = (1, 2)
ROWS = 4_000

Row = tuple[dict[str, Scalar], str]


def main(names: list[str]) -> None:
    """Print mean reward over a whole run, by encoder."""
    print("| set | rows | numbers by their logarithm | standardised |\n|---|---|---|---|")
    for name in names or SETS:
        table = _read(name)
        rules = {feature: _rule(value) for feature, value in table[0][0].items()}
        raw, standard = RangeEncoder(RangeSpec()), StandardEncoder(StandardSpec(features=rules))
        earned = [statistics.fmean(_played(table, encoder, seed) for seed in SEEDS) for encoder in (raw, standard)]
        print(f"| {name} | {min(len(table), ROWS):,} | {earned[0]:.3f} | {earned[1]:.3f} |")


def _read(name: str) -> list[Row]:
    path = Path(os.environ["MAITRED_DATASETS"]) / "bakeoff_classification" / f"{name}.csv.gz"
    with gzip.open(path, "rt") as file:
        columns, *rows = csv.reader(file)
    return [({f"x.{c}": _scalar(v) for c, v in zip(columns[:-1], row[:-1], strict=True)}, row[-1]) for row in rows]


def _scalar(text: str) -> Scalar:
    try:
        return float(text)
    except ValueError:
        return text


def _rule(value: Scalar) -> FeatureRule:
    return FeatureRule(type="float" if isinstance(value, float) else "string")


def _played(table: list[Row], encoder: Encoder, seed: int) -> float:
    luck, policy = random.Random(seed), VwPolicy()
    rows = luck.sample(table, len(table))[:ROWS]
    classes = sorted({right for _, right in table})
    candidates = tuple(Candidate(name, name, encoder.action(name, {})) for name in classes)
    return statistics.fmean(_turns(rows, encoder, policy, candidates, luck))


def _turns(
    rows: list[Row], encoder: Encoder, policy: VwPolicy, candidates: tuple[Candidate, ...], luck: random.Random
) -> Iterator[float]:
    moments, look_at = FeatureMoments(), float(LEAST)
    for learned, (values, right) in enumerate(rows, start=1):
        shared = encoder.shared(values, {})
        pmf = policy.pmf(shared, candidates)
        (chosen,) = luck.choices(range(len(pmf)), pmf)
        reward = float(candidates[chosen].id == right)
        policy.learn(TrainingExample(shared, candidates, chosen, pmf[chosen], reward))
        yield reward
        moments.add(encoder.numbers(values, {}))
        if learned >= look_at:
            look_at, encoder = next_look(learned), encoder.calibrated(moments.calibration())


if __name__ == "__main__":
    main(sys.argv[1:])
