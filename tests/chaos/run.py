"""``python -m tests.chaos.run``: customers talk while everything is killed; then the journal is audited."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.chaos.backend import NAMES
from tests.chaos.features import compile_plan
from tests.chaos.report import print_report
from tests.chaos.storm import Storm, rage

DECISIONS = 50_000
KILLS = 20

console = Console(width=160, highlight=False)


def main() -> int:
    """Run every backend that was asked for; 0 if nothing was lost and nothing was twice."""
    options = _options()
    backends = NAMES if options.backend == "all" else (options.backend,)
    console.print(f"seed {options.seed}: {options.decisions} decisions, {options.kills} kills on {', '.join(backends)}")
    with tempfile.TemporaryDirectory(prefix="chaos-") as made:
        folder = options.keep or Path(made)
        plan = compile_plan(folder)
        return max(_one(name, folder / name, plan, options) for name in backends)


def _one(name: str, folder: Path, plan: Path, options: argparse.Namespace) -> int:
    workers = options.workers if name != "sqlite" else 1
    storm = Storm(name, folder, options.seed, options.decisions, options.kills, plan, workers)
    finished = asyncio.run(rage(storm, lambda line: console.print(line, markup=False)))
    print_report(console, finished)
    return 1 if finished.findings else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=(*NAMES, "all"), default="all")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000_000))
    parser.add_argument("--decisions", type=int, default=DECISIONS)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--workers", type=int, default=2, help="processes that answer, except on SQLite")
    parser.add_argument("--keep", type=Path, help="an empty folder for homes and logs, which is not removed afterwards")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
