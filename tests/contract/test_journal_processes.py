"""Many threads and processes at one journal, some of them killed: nothing is lost, torn, skipped or there twice."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from subprocess import PIPE, Popen

from engine.journal.base import Journal, Stored
from engine.journal.open import open_journal
from tests.contract.backends import ids, outcome

WRITER = Path(__file__).parent / "journal_writer.py"


def test_threads_append_and_read_at_once_and_nothing_is_lost(journal: Journal) -> None:
    done = threading.Event()

    def write(name: str) -> None:
        for i in range(50):
            journal.append([outcome(f"{name}-{i}"), outcome(f"shared-{i}")])

    with ThreadPoolExecutor(5) as pool:
        following = pool.submit(_follow, journal, done.is_set)
        for writer in [pool.submit(write, name) for name in "abc"]:
            writer.result()
        done.set()
        seen = following.result()

    assert seen == journal.read(0, 10_000)
    assert Counter(ids(seen)) == Counter(
        [f"{name}-{i}" for name in "abc" for i in range(50)] + [f"shared-{i}" for i in range(50)]
    )


def test_processes_append_at_once_and_none_is_lost_torn_or_skipped(url: str) -> None:
    batches = 150
    with closing(open_journal(url)) as journal:
        writers = [_start_writer(url, name, batches) for name in ("left", "right")]
        seen = _follow(journal, lambda: all(writer.poll() is not None for writer in writers))
        assert [_acknowledged(writer) for writer in writers] == [list(range(batches))] * 2
        assert seen == journal.read(0, 10_000)
    for name in ("left", "right"):
        own = [id for id in ids(seen) if id.startswith(name)]
        assert own == [f"{name}-{i}-{half}" for i in range(batches) for half in "ab"]
    assert ids(seen)[::2] == [id[:-1] + "a" for id in ids(seen)[1::2]]
    assert all(before.time_us <= after.time_us for before, after in pairwise(seen))


def test_a_writer_killed_anywhere_leaves_every_acknowledged_record_and_no_torn_batch(url: str) -> None:
    for attempt in range(6):
        name = f"victim{attempt}"
        writer = _start_writer(url, name, 1_000_000)
        assert writer.stdout is not None
        seen = [int(writer.stdout.readline()) for _ in range(1 + 17 * attempt)]
        writer.kill()
        seen += _acknowledged(writer)
        with closing(open_journal(url)) as journal:
            kept = ids(journal.about(name))
        assert len(kept) in (2 * len(seen), 2 * len(seen) + 2), "at most the one batch that was not acknowledged yet"
        assert kept == [f"{name}-{i}-{half}" for i in range(len(kept) // 2) for half in "ab"]


def _follow(journal: Journal, finished: Callable[[], bool]) -> list[Stored]:
    """Read like a learner: again and again from the last position, to the end."""
    seen: list[Stored] = []
    last_look = False
    while True:
        batch = journal.read(seen[-1].position if seen else 0, 7)
        seen += batch
        if not batch and last_look:
            return seen
        last_look = finished()


def _start_writer(url: str, name: str, batches: int) -> Popen[str]:
    return Popen([sys.executable, str(WRITER), url, name, str(batches)], stdout=PIPE, text=True)


def _acknowledged(writer: Popen[str]) -> list[int]:
    """What the writer said and was not read yet; a last line cut off by the kill was not said."""
    output, _ = writer.communicate()
    return [int(line) for line in output.splitlines(keepends=True) if line.endswith("\n")]
