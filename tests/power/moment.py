"""A moment under load: everything stands still, the files are copied, and what was acknowledged by then is known."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.chaos.ledger import Ledger
from tests.chaos.processes import kill
from tests.power.disk import Disk

POLL_SECONDS = 0.01
PATIENCE_SECONDS = 30.0
ON_THEIR_WAY_SECONDS = 0.05
"""For answers that had left before everything stood still."""
STOPPED = ("T", "t")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A folder, and the file to which every change in it is written down."""

    folder: Path
    changes: Path


@dataclass(frozen=True, slots=True)
class Moment:
    """Copies of the folders in their order, what is safe on the disk of each, and the claims of that moment."""

    copies: tuple[Path, ...]
    disks: tuple[Disk, ...]
    ledger: Ledger

    def cut(self, luck: random.Random, lost: float) -> int:
        """Take from the copies what a loss of power may take; how many writes that was."""
        return sum(disk.cut(copy, luck, lost=lost) for copy, disk in zip(self.copies, self.disks, strict=True))

    def in_the_end(self, final: Ledger) -> Ledger:
        """The claims of this moment, with all that was ever sent: some of it was on its way."""
        return replace(
            self.ledger,
            asked=final.asked,
            reported=final.reported,
            shown={id: self.ledger.shown.get(id, False) for id in final.shown},
        )


async def capture(
    folder: Path, pids: Callable[[], Sequence[int]], recorded: Sequence[Recorded], ledger: Ledger
) -> Moment:
    """Stop the processes, copy, and let them go on."""
    stopped = await asyncio.to_thread(freeze, pids)
    try:
        await asyncio.sleep(ON_THEIR_WAY_SECONDS)
        claims = replace(
            ledger,
            claims=dict(ledger.claims),
            provisional=dict(ledger.provisional),
            acknowledged=set(ledger.acknowledged),
            shown=dict(ledger.shown),
            faults=[],
        )
        return await asyncio.to_thread(_copied, folder, recorded, claims)
    finally:
        kill(*stopped, how=signal.SIGCONT)


def freeze(pids: Callable[[], Sequence[int]]) -> list[int]:
    """SIGSTOP to all, until all of their threads stand still; returns who was stopped."""
    stopped: set[int] = set()
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        now = set(pids())
        kill(*(now - stopped), how=signal.SIGSTOP)
        stopped |= now
        if all(map(_stands_still, now)):
            return sorted(stopped)
        time.sleep(POLL_SECONDS)
    kill(*stopped, how=signal.SIGCONT)
    raise TimeoutError(f"processes {sorted(stopped)} do not stop")


def _copied(folder: Path, recorded: Sequence[Recorded], ledger: Ledger) -> Moment:
    copies = [folder / each.folder.name for each in recorded]
    for each, copy in zip(recorded, copies, strict=True):
        shutil.copytree(each.folder, copy)
    disks = [Disk.recorded(each.folder, _written(each.changes)) for each in recorded]
    return Moment(tuple(copies), tuple(disks), ledger)


def _written(changes: Path) -> list[str]:
    """The record, once its writer has come to rest."""
    size = -1
    while size != (size := changes.stat().st_size):
        time.sleep(POLL_SECONDS)
    return changes.read_text(errors="replace").splitlines()


def _stands_still(pid: int) -> bool:
    """Two looks: under strace a thread also stops for an instant at every call that is written down."""
    if not _all_stopped(pid):
        return False
    time.sleep(POLL_SECONDS)
    return _all_stopped(pid)


def _all_stopped(pid: int) -> bool:
    try:
        states = [stat.read_text().rpartition(")")[2].split()[0] for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:
        return False
    return all(state in STOPPED for state in states)
