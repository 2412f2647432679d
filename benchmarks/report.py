"""Answers on paper: for the terminal, for programs, for the README."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.question import Answer

WIDTH = 160


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and of what it was measured. ``load`` is the machine's at the end of the run, over a minute."""

    commit: str
    python: str
    cpu: str
    cores: int
    load: float

    def __str__(self) -> str:
        return f"{self.cores} cores ({self.cpu}), load {self.load:.1f}, Python {self.python}, commit {self.commit}"


Report = Callable[[Sequence[Answer], Machine], str]


def table(answers: Sequence[Answer], machine: Machine) -> str:
    """a table for the terminal (the default)"""
    drawn = Table(title=str(machine), show_lines=True)
    for column in ("question", "promise", "measured", "kept", "detail"):
        drawn.add_column(column)
    for answer in answers:
        drawn.add_row(answer.question, answer.promise, answer.measured, _kept(answer), answer.detail)
    console = Console(width=WIDTH)
    with console.capture() as captured:
        console.print(drawn)
    return captured.get()


def markdown(answers: Sequence[Answer], machine: Machine) -> str:
    """the rows of the README's table"""
    return "\n".join([f"{machine}:", "", *map(_row, answers)])


def as_json(answers: Sequence[Answer], machine: Machine) -> str:
    """one JSON object"""
    content = {"machine": asdict(machine), "answers": [asdict(answer) for answer in answers]}
    return msgspec.json.encode(content).decode()


REPORTS: Mapping[str, Report] = {"table": table, "markdown": markdown, "json": as_json}


def on_this_machine() -> Machine:
    """This machine, this software."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    load, _, _ = os.getloadavg()
    return Machine(commit or "unknown", platform.python_version(), _cpu(), os.cpu_count() or 1, load)


def _kept(answer: Answer) -> str:
    return {True: "yes", False: "NO", None: ""}[answer.kept]


def _row(answer: Answer) -> str:
    measured = f"**{answer.measured}: not kept**" if answer.kept is False else answer.measured
    return f"| {answer.question} | {answer.promise} | {measured} | {answer.detail} |"


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
