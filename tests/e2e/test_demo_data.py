"""`maitred demo --data …`, small: real rows through a real service, counted from its journal."""

from __future__ import annotations

import csv
import gzip
import json
import math
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROWS = 3_000
README = (Path(__file__).parents[2] / "README.md").read_text()
SURE = 2.5
"""Times the half width of a 95 % interval: a right service leaves this range less than once in a million runs."""


def demo(tmp_path: Path, *options: str) -> dict[str, Any]:
    """The last line of a demo that ends by itself."""
    command = [sys.executable, "-m", "api.cli", "demo", "--once", "--json", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAITRED_")}
    done = subprocess.run(
        [*command, "--home", str(tmp_path / "demo"), *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def assert_all_is_accounted_for(result: dict[str, Any]) -> None:
    assert (result["degraded"], result["late"], result["unsettled"], result["bad_rows"]) == (0, 0, 0, 0)


def test_a_permuted_metric_cannot_be_learned(tmp_path: Path, datasets: Path) -> None:
    """Three arms drawn uniformly: a third matches, and what the matches earn is what everybody earns."""
    with gzip.open(datasets / "hillstrom" / "hillstrom.csv.gz", "rt", newline="") as file:
        rows = random.Random(5).sample(list(csv.DictReader(file)), ROWS)
    visits = random.Random(6).sample([row["visit"] for row in rows], ROWS)
    path = tmp_path / "permuted.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([{**row, "visit": visit} for row, visit in zip(rows, visits, strict=True)])

    result = demo(tmp_path, "--data", "hillstrom", "--path", str(path), "--seed", "3")

    assert_all_is_accounted_for(result)
    mean = sum(map(int, visits)) / ROWS
    assert (result["seed"], result["decisions"], result["metric"]) == (3, ROWS, "visit")
    assert math.isclose(result["uniform_rate"], mean)
    assert abs(result["matched"] - ROWS / 3) <= 5.0 * math.sqrt(ROWS * 2 / 9)
    low, high = result["interval"]
    assert abs(result["last_third_rate"] - mean) <= SURE * (high - low) / 2.0
    published = {path.parent.name for path in (tmp_path / "demo").rglob("snapshots/*/CURRENT.json")}
    assert published == {"email"}


def test_a_log_of_ones_own_is_played_as_documented(tmp_path: Path) -> None:
    """The README's mapping over a log with unequal propensities, where the rarer arm earns more."""
    (mapping,) = re.findall(r"^```yaml mapping\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "news.yaml").write_text(mapping)
    rng, lines = random.Random(8), ["reader,headline,p,clicked,minutes,age,region,last_search"]
    for number in range(2_000):
        arm, p, rate = ("Question", 0.75, 0.2) if rng.random() < 0.75 else ("Plain", 0.25, 0.6)
        clicked, region = int(rng.random() < rate), rng.choice(("north", "south"))
        lines.append(f"u{number},{arm},{p},{clicked},{clicked * 2.5},{rng.randint(18, 80)},{region},a | b: c")
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")

    options = ["--path", str(tmp_path / "log.csv"), "--mapping", str(tmp_path / "news.yaml"), "--rows", "1500"]
    result = demo(tmp_path, "--data", "csv", *options)

    assert_all_is_accounted_for(result)
    assert (result["decisions"], result["favourite"]) == (1_500, "plain")
    assert abs(result["matched"] - 1_500 / 4) <= 5.0 * math.sqrt(1_500 * 3 / 16)
    assert abs(result["uniform_rate"] - 0.4) <= 0.06
    assert result["last_third_rate"] > result["uniform_rate"]


def test_sentences_are_answered_and_counted(tmp_path: Path, datasets: Path) -> None:
    result = demo(tmp_path, "--data", "banking77", "--path", str(datasets / "banking77"), "--rows", "600")
    assert (result["decisions"], result["matched"], result["unsettled"], result["degraded"]) == (600, 600, 0, 0)
    assert result["uniform_rate"] == 1 / 77
    assert result["last_turns"] == 600
