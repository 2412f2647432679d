"""Does the learner's memory stay the same, however much there is to learn?"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import closing
from itertools import count
from pathlib import Path

import msgspec

from benchmarks.learnable_journal import write_journal
from benchmarks.question import Answer
from benchmarks.size import Size
from engine.join import Joiner
from engine.journal.sqlite import SqliteJournal
from engine.learn import Learner
from engine.records.keys import KeyTable
from engine.records.sealing import Sealer
from engine.snapshots import SnapshotStore
from engine.sqlite_parking import SqliteParking
from engine.tenure import Tenure, own_name
from features.clock import wall_clock

PROMISE = 1.25
LOOKS = 10
"""How often a learner's memory is looked at while it learns."""
MIB = 1 << 20


def measure(home: Path, size: Size) -> list[Answer]:
    """One line: memory of a learner at the end, by that after a tenth, over a journal of which nothing was settled."""
    with tempfile.TemporaryDirectory(dir=home) as name:
        folder = Path(name)
        write_journal(folder, home, size.memory_decisions)
        command = [sys.executable, "-m", "benchmarks.learn_memory", name, str(size.memory_decisions)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [_answer(msgspec.json.decode(done.stdout.splitlines()[-1], type=list[int]), size.memory_decisions)]


def _answer(resident: list[int], decisions: int) -> Answer:
    first, last = resident[0], resident[-1]
    return Answer(
        f"memory of the learner after {decisions:,} decisions with an outcome each, by that after a tenth of them",
        f"≤ {PROMISE:g} ×",
        f"{last / first:.2f} ×",
        last <= PROMISE * first,
        f"{last / MIB:,.0f} by {first / MIB:,.0f} MiB, {max(resident) / MIB:,.0f} at most",
        {"first_bytes": first, "last_bytes": last, "most_bytes": max(resident)},
    )


def main(folder: Path, decisions: int) -> None:
    """Learn the journal in a folder, as a child process; prints resident bytes after each tenth."""
    resident: list[int] = []
    with closing(SqliteJournal(folder / "journal.db", "power")) as journal:
        tenure = Tenure(journal, own_name())
        tenure.take()
        learner = Learner(
            journal=journal,
            snapshots=SnapshotStore(folder / "snapshots"),
            sealer=Sealer(KeyTable(folder / "keys.db")),
            clock=wall_clock,
            tenure=tenure,
            make_joiner=lambda: Joiner(parking=SqliteParking(folder)),
        )
        learner.restore()
        marks = (decisions * tenth // LOOKS for tenth in count(1))
        mark = next(marks)
        while learner.step() or mark <= decisions:
            learned = sum(lineage.learned for lineage in learner.fold.lineages.values())
            while mark <= learned:
                resident.append(_resident())
                mark = next(marks)
    print(msgspec.json.encode(resident).decode())


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4_096


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
