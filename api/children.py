"""Which processes a deployment consists of besides the one that was started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from api.supervise import Child

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable by which ``prometheus_client`` is told where the processes of one service keep their counts."""

_MAITRED = (sys.executable, "-m", "api.cli")


def worker(number: int, listener: int, shared: Path) -> Child:
    """One of several processes that answer requests: ``maitred work``; ``number`` counts from 1."""
    which = ("--worker", f"{number}", "--listener", f"{listener}")
    return Child(
        name=f"worker {number}",
        command=(*_MAITRED, "work", *which, "--parent", f"{os.getpid()}"),
        environment={METRICS_FOLDER: str(shared)},
        descriptors=(listener,),
    )


def learners(shards: int) -> list[Child]:
    """The process that learns, one for each shard of the journal: ``maitred learn``; none for no shards."""
    command = (*_MAITRED, "learn", "--parent", f"{os.getpid()}")
    if shards == 1:
        return [Child("learner", command)]
    return [Child(f"learner {shard}", (*command, "--shard", f"{shard}")) for shard in range(shards)]
