"""Running a command under strace, and reading what it wrote down."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.02
PATIENCE_SECONDS = 30.0
_CHANGES = "openat,write,pwrite64,writev,pwritev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat"
_WHOLE = re.compile(r"(\d+) +(\w+)\((.*)\)\s+= (-?\d+)")
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*?),? <unfinished \.\.\.>")
_ENDED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)\)\s+= (-?\d+)")


def counting_syncs(to: Path) -> tuple[str, ...]:
    """Before a command: count its syncs; strace writes the table when the command has ended."""
    return ("strace", "-D", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(to))


def recording_changes(to: Path) -> tuple[str, ...]:
    """Before a command: write down every change of a file and every sync, as they happen."""
    options = ("-f", "-y", "-s", "0", "--seccomp-bpf", "-e", "signal=none", "-e", f"trace={_CHANGES}")
    return ("strace", "-D", *options, "-o", str(to))


def syncs_counted(table: Path) -> int:
    """What ``counting_syncs`` counted. Waits until it is written."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (table.exists() and "total" in (text := table.read_text())):
        if time.monotonic() > end:
            raise TimeoutError(f"strace has not written {table}")
        time.sleep(POLL_SECONDS)
    rows = (line.split() for line in text.splitlines())
    return sum(int(row[3]) for row in rows if row and row[-1] in ("fsync", "fdatasync"))


@dataclass(frozen=True, slots=True)
class Call:
    """A system call. ``begun`` and ``ended`` are lines of the record; ``result`` is ``None`` if it had no end yet."""

    name: str
    arguments: str
    begun: int
    ended: int
    result: int | None


def calls(lines: list[str]) -> Iterator[Call]:
    """The calls of a record by their ends; those without one come last."""
    under_way: dict[str, Call] = {}
    for number, line in enumerate(lines):
        if whole := _WHOLE.match(line):
            _, name, arguments, result = whole.groups()
            yield Call(name, arguments, number, number, int(result))
        elif begun := _BEGUN.match(line):
            process, name, arguments = begun.groups()
            under_way[process] = Call(name, arguments, number, len(lines), None)
        elif (ended := _ENDED.match(line)) and ended[1] in under_way:
            process, name, rest, result = ended.groups()
            start = under_way.pop(process)
            yield Call(name, start.arguments + rest, start.begun, number, int(result))
    yield from under_way.values()
