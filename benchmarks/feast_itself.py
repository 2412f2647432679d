"""Feast's own online read as a side of a comparison; ``benchmarks.feast_reads`` is the process that does it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.rounds import Round
from benchmarks.size import Size
from features.registry.control_plane import leaf_environment

FEAST_SHARE = 10
"""Feast makes this many times fewer calls a round than the others: it takes that much longer."""


@contextlib.contextmanager
def feast_reading(home: Path, size: Size, variables: Mapping[str, str]) -> Iterator[Round]:
    """Feast, started for a block; the round takes place over there."""
    command = [sys.executable, "-m", "benchmarks.feast_reads", str(home), str(size.users)]
    with subprocess.Popen(
        command,
        env={**leaf_environment(home), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        _reply(process)
        yield lambda: _timed(process, max(1, size.calls // FEAST_SHARE))
        assert process.stdin is not None
        process.stdin.close()


def _timed(process: subprocess.Popen[str], calls: int) -> float:
    assert process.stdin is not None
    process.stdin.write(f"{calls}\n")
    process.stdin.flush()
    return float(_reply(process))


def _reply(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("Feast's process ended: see standard error")
    return line
