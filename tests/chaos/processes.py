"""Processes and those they started, as Linux shows them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """Children of a process, their children, and so on."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children += [int(child) for child in task.read_text().split()]
    return children + [descendant for child in children for descendant in descendants(child)]


def verb_of(pid: int) -> str:
    """Which ``maitred`` verb a process runs; empty if it is none, or gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return ""
    after = (words[place + 1] for place, word in enumerate(words[:-1]) if word == "api.cli")
    return next(after, "")


def kill(*pids: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to all that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)


def free_port() -> int:
    """A port on the loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
