"""A Redis Cluster loses masters under load: nothing acknowledged is lost, nothing that was read was never there."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from subprocess import PIPE, Popen

import pytest

from engine.errors import JournalError
from engine.journal.base import Journal, Stored
from engine.journal.cluster import shard_tag
from engine.journal.open import open_journal, open_shards
from engine.records.codec import kind_of
from engine.records.schema import OutcomeRecord
from tests.cluster import Cluster, until

PROJECT = Path(__file__).parents[2]
SHARDS = 3
PROGRESS = 20
LOST = 20
"""Records of 1 MB: more than two sockets hold."""


@pytest.fixture(scope="module")
def mortal(run_cluster: Callable[[], AbstractContextManager[Cluster]]) -> Iterator[Cluster]:
    with run_cluster() as cluster:
        yield cluster


@dataclass
class Writer:
    """A writer's process and what it was told: (shard, kind, key) → position."""

    process: Popen[str]
    told: dict[tuple[int, str, str], int] = field(default_factory=dict)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            shard, kind, key, position = json.loads(line)
            self.told[shard, kind, key] = position


@contextmanager
def writing(url: str, names: str) -> Iterator[list[Writer]]:
    """Writers in processes of their own, until the end of the block."""
    command = [sys.executable, "-m", "tests.e2e.shard_writer", url]
    writers = [Writer(Popen([*command, name], cwd=PROJECT, stdin=PIPE, stdout=PIPE, text=True)) for name in names]
    listeners = [threading.Thread(target=writer.listen) for writer in writers]
    for listener in listeners:
        listener.start()
    try:
        yield writers
    finally:
        for writer, listener in zip(writers, listeners, strict=True):
            assert writer.process.stdin is not None
            writer.process.stdin.close()
            try:
                assert writer.process.wait(60) == 0
            finally:
                writer.process.kill()
            listener.join()
            assert writer.process.stdout is not None
            writer.process.stdout.close()


@contextmanager
def following(journals: tuple[Journal, ...]) -> Iterator[list[list[Stored]]]:
    """Readers of every shard, as learners are, until the end of the block."""
    seen: list[list[Stored]] = [[] for _ in journals]
    done = threading.Event()

    def follow(journal: Journal, own: list[Stored]) -> None:
        while not done.wait(0.01):
            with suppress(JournalError):
                own += journal.read(own[-1].position if own else 0, 100)

    readers = [threading.Thread(target=follow, args=pair) for pair in zip(journals, seen, strict=True)]
    for reader in readers:
        reader.start()
    try:
        yield seen
    finally:
        done.set()
        for reader in readers:
            reader.join()


def test_masters_killed_under_load_lose_nothing_acknowledged_and_show_nothing_that_vanishes(mortal: Cluster) -> None:
    url = mortal.url("load", shards=SHARDS)
    with closing(open_shards(url)) as shards, closing(open_shards(url)) as readers:
        with following(readers.journals) as seen, writing(url, "abc") as writers:
            for shard in range(SHARDS):
                _wait_for_progress(writers)
                key = f"{{{shard_tag('load', shard, SHARDS)}}}"
                victim = mortal.master(key)
                victim.kill()
                mortal.wait_for_another_master(key, than=victim)
                victim.start()
                mortal.settle()
            _wait_for_progress(writers)
        there = [_all_of(journal) for journal in shards.journals]

    acknowledged = {key: position for writer in writers for key, position in writer.told.items()}
    for shard, stored in enumerate(there):
        assert [each.position for each in stored] == list(range(1, len(stored) + 1))
        keys = [(shard, kind_of(each.record), each.record.idempotency_key) for each in stored]
        assert len(set(keys)) == len(keys), "nothing is there twice"
        assert seen[shard] == stored[: len(seen[shard])], "what was read is what is there"
        assert len(seen[shard]) >= PROGRESS
    positions = {
        (shard, kind_of(each.record), each.record.idempotency_key): each.position
        for shard, stored in enumerate(there)
        for each in stored
    }
    assert {key: positions.get(key) for key in acknowledged} == acknowledged


def test_what_no_replica_has_is_neither_acknowledged_nor_shown_and_is_lost_with_its_master(mortal: Cluster) -> None:
    trusting, careful = (mortal.url("barrier", shards=1, confirm=confirm) for confirm in (0, 1))
    key = f"{{{shard_tag('barrier', 0, 1)}}}"
    with ExitStack() as stack:
        without, journal = (stack.enter_context(closing(open_journal(url))) for url in (trusting, careful))
        kept = journal.append([_outcome("kept")])[0]
        master = mortal.master(key)
        (replica,) = mortal.replicas(master)
        replica.signal(SIGSTOP)
        without.append([_outcome(f"doomed-{n}", size=1_000_000) for n in range(LOST)])
        for asked in (lambda: journal.append([_outcome("new")]), lambda: journal.read(kept.position, 1)):
            with pytest.raises(JournalError, match="0 of 1 replicas confirmed"):
                asked()
        assert without.read(kept.position, 1)[0].record.id == "doomed-0"
        master.kill()
        replica.signal(SIGCONT)
        mortal.wait_for_another_master(key, than=master)
        master.start()
        mortal.settle()
        until(lambda: _answers(journal), "the journal answers")

        assert journal.find("outcome", f"d/doomed-{LOST - 1}") is None
        assert next(stored.record.id for stored in _all_of(journal)) == "kept"
        assert not journal.append([_outcome(f"doomed-{LOST - 1}")])[0].duplicate
        assert [each.position for each in _all_of(journal)] == list(range(1, journal.last_position() + 1))


def _outcome(id: str, size: int = 0) -> OutcomeRecord:
    return OutcomeRecord(id=id, decision_id="d", metric="m" * (size or 1), value=1.0)


def _answers(journal: Journal) -> bool:
    with suppress(JournalError):
        return bool(journal.read(0, 1))
    return False


def _all_of(journal: Journal) -> list[Stored]:
    found: list[Stored] = []
    while batch := journal.read(found[-1].position if found else 0, 1_000):
        found += batch
    return found


def _wait_for_progress(writers: list[Writer]) -> None:
    """Each of them in every shard."""
    before = [_counts(writer) for writer in writers]
    until(
        lambda: all(
            now >= then + PROGRESS
            for writer, counts in zip(writers, before, strict=True)
            for now, then in zip(_counts(writer), counts, strict=True)
        ),
        "every writer wrote to every shard",
    )


def _counts(writer: Writer) -> list[int]:
    told = list(writer.told)
    return [sum(key[0] == shard for key in told) for shard in range(SHARDS)]
