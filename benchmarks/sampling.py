"""A running process, sampled by ``py-spy``: nothing in it is changed, and hardly anything slowed down."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.home import program
from benchmarks.stages import Frame, stage_of

HZ = 200
MAIN, COMMITTER = "MainThread", "journal-commit"

_FRAME = re.compile(r"(?P<name>.+) \((?P<path>[^()]+?)(?::\d+)?\)")
_ERRORS = re.compile(r"Errors: (\d+)")


class NotPermitted(RuntimeError):
    """This user may not look at other processes (see ``ptrace_scope``)."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """What the threads of a process were doing.

    Attributes:
        looked: how often it was looked at.
        main: stage → how often the main thread was at work on it; the rest of the time it waited.
        committer: how often the thread that commits the journal was at work.
    """

    looked: int
    main: Counter[str]
    committer: int


def sampled(pid: int, seconds: int) -> Sampled:
    """Look at a process for so long. Raises ``NotPermitted``."""
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks.txt"
        how = ["--rate", str(HZ), "--format", "raw", "--full-filenames", "--threads", "--function", "--nonblocking"]
        spy = [program("py-spy", "py-spy (it is in the dev extra)"), "record", "--pid", str(pid), *how]
        command = [*spy, "--duration", str(seconds), "--output", str(stacks)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise NotPermitted(done.stderr)
        failed = _ERRORS.search(done.stdout + done.stderr)
        lines = stacks.read_text().splitlines()
    return _counted(lines, HZ * seconds - (int(failed[1]) if failed else 0))


def _counted(lines: list[str], looked: int) -> Sampled:
    main, committer = Counter[str](), 0
    for line in lines:
        stack, _, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        if thread.endswith(MAIN):
            main[stage_of(map(_frame, reversed(frames)))] += int(count)
        elif thread.endswith(COMMITTER):
            committer += int(count)
    return Sampled(max(looked, main.total()), main, committer)


def _frame(written: str) -> Frame:
    """``name (path:line)`` as path and name; a qualified name says in which function another one was made."""
    found = _FRAME.fullmatch(written)
    return (found["path"], found["name"]) if found else ("", written)
