"""How many rows a second can be loaded, and does that take more memory the more there are?"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from api.cli.features.load import load
from benchmarks.home import environment, running_redis
from benchmarks.question import NOT_PROMISED, Answer
from benchmarks.size import Size
from features.plan import PlannedFeature, PlannedView
from features.registry import control_plane
from features.repository import default_repository

VIEW = "user_profile"
MIB = 1 << 20
SEED = 5
CHUNK = 10_000


def measure(home: Path, size: Size) -> list[Answer]:
    """For each store: rows a second of a CSV file, whole (checked, written, kept as history), and memory."""
    with tempfile.TemporaryDirectory(dir=home) as name, running_redis(home) as port:
        folder = Path(name)
        redis = {"MAITRED_FEATURES_REDIS": f"127.0.0.1:{port},db=0"}
        return [
            answer
            for store, variables in (("embedded", {}), ("Redis", redis))
            for answer in _measured(store, folder / store, size.loaded_users, variables)
        ]


def _measured(store: str, folder: Path, users: int, variables: dict[str, str]) -> Iterator[Answer]:
    folder.mkdir()
    with environment(MAITRED_HOME=str(folder / "home"), MAITRED_OFFLINE=str(folder / "offline"), **variables):
        plan = control_plane.apply(default_repository(), folder / "home")
        [view] = [view for view in plan.stored_views if view.name == VIEW]
        _, tenth = _load(_write(folder / "few.csv", view, users // 10))
        seconds, peak = _load(_write(folder / "all.csv", view, users))
    columns = len(view.features)
    yield Answer(
        f"`maitred features load`, {store}: {users:,} users with {columns} features from CSV",
        NOT_PROMISED,
        f"{users / seconds:,.0f} rows/s",
        None,
        f"{seconds:,.1f} s, {seconds / users * 1e6:,.0f} µs a row: read, checked, written, kept as history",
        {"rows_a_second": users / seconds},
    )
    yield Answer(
        f"most memory while they are loaded, {store}, by that for a tenth of them",
        NOT_PROMISED,
        f"{peak / tenth:.2f} ×",
        None,
        f"{peak / MIB:,.0f} by {tenth / MIB:,.0f} MiB",
        {"peak_bytes": peak, "tenth_bytes": tenth},
    )


def _load(file: Path) -> tuple[float, int]:
    """Seconds that the verb took, and the most bytes that its process ever held."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load_users", str(file)], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - began, msgspec.json.decode(done.stdout.splitlines()[-1], type=int)


def _write(path: Path, view: PlannedView, users: int) -> Path:
    """A file about so many users, each with every feature."""
    draw = np.random.default_rng(SEED)
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow([view.join_key, *(feature.name for feature in view.features)])
        for first in range(0, users, CHUNK):
            some = range(first, min(first + CHUNK, users))
            columns = [_column(feature, draw, len(some)) for feature in view.features]
            lines.writerows(zip((f"u{number}" for number in some), *columns, strict=True))
    return path


def _column(feature: PlannedFeature, draw: np.random.Generator, users: int) -> list[object]:
    if feature.type == "string":
        words = np.array(feature.vocabulary or [f"word {number}" for number in range(50)])
        return list(words[draw.integers(0, len(words), users)])
    if feature.type == "bool":
        return list(draw.random(users) < 0.5)
    least, greatest = feature.range or (0, 1_000)
    if feature.type == "int":
        return list(draw.integers(int(least), int(greatest) + 1, users))
    return [round(value, 3) for value in draw.uniform(least, greatest, users)]


def main(file: Path) -> None:
    """Load a file as ``maitred features load`` does; prints the most bytes that this took."""
    load(file, VIEW)
    # Not getrusage: there the peak of a process begins with what its parent held.
    [peak] = re.findall(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    print(int(peak) * 1_024)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
