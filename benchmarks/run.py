"""``python -m benchmarks.run``: every question, its answer beside the promise."""

from __future__ import annotations

import platform
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import decide_in_process, decide_over_http
from benchmarks.home import prepare


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        home = prepare(Path(folder))
        answers = [*decide_in_process.measure(home), *decide_over_http.measure(home)]
    table = Table(title=f"{_commit()}, Python {platform.python_version()}, {_cpu()}")
    for column in ("question", "promise", "measured", "kept", "detail"):
        table.add_column(column)
    for answer in answers:
        table.add_row(answer.question, answer.promise, answer.measured, "yes" if answer.kept else "NO", answer.detail)
    Console(width=160).print(table)


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return f"commit {done.stdout.strip() or 'unknown'}"


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
