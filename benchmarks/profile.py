"""``python -m benchmarks.profile``: where a decision's time goes, in process and over HTTP.

A process is sampled while it decides; each row is the share of the samples in a stage (``benchmarks.stages``) of the
time from one decision to the next, so the rows sum to that time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.decide_over_http import served
from benchmarks.home import prepare
from benchmarks.load import CONNECTIONS, rate, write_script
from benchmarks.report import on_this_machine
from benchmarks.sampling import Sampled, sampled
from benchmarks.size import FULL, SMOKE, Size
from benchmarks.stages import STAGES, UNKNOWN, WAITING

AROUND_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Profile:
    """Microseconds from one decision to the next, and stage → its part of them; the parts sum to it.

    ``committer_us`` are those of another thread, at the same time.
    """

    title: str
    decision_us: float
    stages: dict[str, float]
    committer_us: float


def in_process(home: Path, size: Size) -> Profile:
    """Without HTTP and disk, one decision after the other."""
    command = [sys.executable, "-m", "benchmarks.decide_on", str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        looked = sampled(process.pid, size.profile_seconds)
        process.stdin.close()
        decision_us = float(process.stdout.readline())
    return _profile("in process, without HTTP and disk", decision_us, looked)


def over_http(home: Path, size: Size) -> Profile:
    """The service under as much load as it takes: durable, its learner running."""
    with tempfile.TemporaryDirectory() as name, served(home, Path(name)) as (pid, port), ThreadPoolExecutor() as pool:
        script = write_script(Path(name), size.users)
        load = pool.submit(rate, port, script, size.profile_seconds + AROUND_SECONDS)
        looked = sampled(pid, size.profile_seconds)
        decision_us = 1e6 / load.result()
    return _profile(f"over HTTP, {CONNECTIONS} connections", decision_us, looked)


def main(arguments: Sequence[str] | None = None) -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.profile", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--smoke", action="store_true", help="only shows that it still runs")
    given = parser.parse_args(arguments)
    size = SMOKE if given.smoke else FULL
    with tempfile.TemporaryDirectory() as folder:
        home = prepare(Path(folder), size.users)
        profiles = [in_process(home, size), over_http(home, size)]
    if given.json:
        content = {"machine": asdict(on_this_machine()), "profiles": [asdict(profile) for profile in profiles]}
        print(msgspec.json.encode(content).decode())
        return
    console = Console()
    console.print(str(on_this_machine()))
    for profile in profiles:
        console.print(_table(profile))


def _profile(title: str, decision_us: float, looked: Sampled) -> Profile:
    one_us = decision_us / looked.looked
    stages = {stage: looked.main[stage] * one_us for stage in (*STAGES, UNKNOWN)}
    stages[WAITING] = decision_us - sum(stages.values())
    return Profile(title, decision_us, stages, looked.committer * one_us)


def _table(profile: Profile) -> Table:
    drawn = Table("stage", "µs", "share", title=profile.title, show_footer=False)
    for stage, microseconds in profile.stages.items():
        if microseconds:
            drawn.add_row(stage, f"{microseconds:.1f}", f"{microseconds / profile.decision_us:.1%}")
    drawn.add_section()
    drawn.add_row("from one decision to the next", f"{profile.decision_us:.1f}", "100.0%")
    drawn.add_row("at the same time: the thread that commits", f"{profile.committer_us:.1f}", "")
    return drawn


if __name__ == "__main__":
    main()
