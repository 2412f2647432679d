"""Group commit: shared transactions, every caller answered, nobody punished for another's record."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import CorruptRecord, JournalError
from engine.journal.base import Appended
from engine.journal.group_commit import MOST, GroupCommit
from engine.journal.memory import MemoryJournal
from engine.journal.sqlite import SqliteJournal
from engine.records.schema import AnyRecord, ControlRecord, OutcomeRecord, TickRecord


def outcome(id: str) -> OutcomeRecord:
    return OutcomeRecord(id=id, decision_id="d", metric="m", value=1.0)


POISON = ControlRecord(action="publish", placement="p", version="1", payload={"x": object()})


class GatedJournal(MemoryJournal):
    """Waits before each commit until it is let go, and remembers what came together; may be told to fail."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.batches: list[int] = []
        self.errors: list[Exception] = []

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        self.begun.release()
        self.gate.acquire()
        self.batches.append(len(records))
        if self.errors:
            raise self.errors.pop(0)
        if POISON in records:
            raise CorruptRecord("poison")
        return super().append(records)

    def open_gate(self) -> None:
        self.gate.release(1_000_000)

    async def first_commit_begun(self) -> None:
        await asyncio.to_thread(self.begun.acquire)


def run(journal: GatedJournal, scenario: Callable[[GroupCommit], Awaitable[None]]) -> None:
    async def started() -> None:
        commits = GroupCommit(journal)
        commits.start()
        await scenario(commits)
        journal.open_gate()
        await commits.close()

    asyncio.run(started())


async def _gathered(
    journal: GatedJournal, commits: GroupCommit, batches: Sequence[Sequence[AnyRecord]]
) -> list[list[Appended] | BaseException]:
    """Append one record; while its commit runs, append the batches; their results."""
    first = asyncio.ensure_future(commits.append([TickRecord()]))
    await journal.first_commit_begun()
    waiting = asyncio.gather(*(commits.append(batch) for batch in batches), return_exceptions=True)
    await asyncio.sleep(0)
    journal.open_gate()
    await first
    return await waiting


def test_what_gathers_during_a_commit_shares_the_next_one() -> None:
    journal = GatedJournal()

    async def scenario(commits: GroupCommit) -> None:
        results = await _gathered(journal, commits, [[outcome(f"{i}-a"), outcome(f"{i}-b")] for i in range(20)])
        expected = [[Appended(2 + 2 * i, 0, False), Appended(3 + 2 * i, 0, False)] for i in range(20)]
        assert [[place._replace(time_us=0) for place in places] for places in results if isinstance(places, list)] == (
            expected
        )

    run(journal, scenario)
    assert journal.batches == [1, 40]


def test_all_callers_of_a_batch_are_woken_by_one_call() -> None:
    journal = GatedJournal()
    woken: list[object] = []

    async def scenario(commits: GroupCommit) -> None:
        loop = asyncio.get_running_loop()
        original = loop.call_soon_threadsafe
        committers = {thread for thread in threading.enumerate() if thread.name == "journal-commit"}

        def counted(callback: Callable[..., object], *args: object, **kwargs: object) -> asyncio.Handle:
            if threading.current_thread() in committers:
                woken.append(callback)
            return original(callback, *args, **kwargs)  # type: ignore[arg-type]

        loop.call_soon_threadsafe = counted  # type: ignore[method-assign, assignment]
        await _gathered(journal, commits, [[outcome(str(i))] for i in range(30)])

    run(journal, scenario)
    assert len(woken) == len(journal.batches) == 2


def test_a_crowd_is_split_so_that_the_first_need_not_wait_for_the_last() -> None:
    journal = GatedJournal()

    async def scenario(commits: GroupCommit) -> None:
        await _gathered(journal, commits, [[outcome(str(i))] for i in range(2 * MOST + 5)])

    run(journal, scenario)
    assert journal.batches == [1, MOST, MOST, 5]


@pytest.mark.parametrize("error", [JournalError("disk full"), OSError("gone"), RuntimeError("bug")])
def test_an_error_reaches_every_caller_of_the_batch_once_and_the_next_batch_is_tried_anew(error: Exception) -> None:
    journal = GatedJournal()

    async def scenario(commits: GroupCommit) -> None:
        first = asyncio.ensure_future(commits.append([outcome("first")]))
        await journal.first_commit_begun()
        waiting = asyncio.gather(*(commits.append([outcome(str(i))]) for i in range(5)), return_exceptions=True)
        await asyncio.sleep(0)
        journal.gate.release()
        await first
        journal.errors.append(error)
        journal.open_gate()
        failures = await waiting
        assert all(isinstance(failure, JournalError) and str(error) in str(failure) for failure in failures)
        assert len({id(failure) for failure in failures}) == 5
        assert not (await commits.append([outcome("0")]))[0].duplicate

    run(journal, scenario)
    assert journal.batches == [1, 5, 1]


def test_one_poisonous_record_fails_its_caller_only() -> None:
    journal = GatedJournal()

    async def scenario(commits: GroupCommit) -> None:
        batches: list[list[AnyRecord]] = [[outcome("a")], [outcome("b"), POISON], [outcome("c")]]
        results = await _gathered(journal, commits, batches)
        assert [type(result) for result in results] == [list, CorruptRecord, list]
        assert [entry.record for entry in journal.read(1, 10)] == [outcome("a"), outcome("c")]

    run(journal, scenario)


def test_close_commits_everything_that_was_appended() -> None:
    journal = GatedJournal()

    async def scenario(commits: GroupCommit) -> None:
        waiting = [asyncio.ensure_future(commits.append([outcome(str(i))])) for i in range(1_000)]
        await asyncio.sleep(0)
        journal.open_gate()
        await commits.close()
        assert journal.last_position() == 1_000
        assert [place.position for task in waiting for place in await task] == list(range(1, 1_001))
        with pytest.raises(JournalError, match="not running"):
            await commits.append([TickRecord()])

    run(journal, scenario)


def test_a_cancelled_caller_harms_nobody() -> None:
    journal = GatedJournal()

    async def scenario(commits: GroupCommit) -> None:
        cancelled = asyncio.ensure_future(commits.append([outcome("cancelled")]))
        await journal.first_commit_begun()
        other = asyncio.ensure_future(commits.append([outcome("other")]))
        await asyncio.sleep(0)
        cancelled.cancel()
        journal.open_gate()
        assert not (await other)[0].duplicate
        assert [entry.record for entry in journal.read(0, 10)] == [outcome("cancelled"), outcome("other")]

    run(journal, scenario)


def test_before_start_nothing_can_be_appended() -> None:
    with pytest.raises(JournalError, match="not running"):
        asyncio.run(GroupCommit(MemoryJournal()).append([TickRecord()]))


def test_closing_without_starting_is_harmless() -> None:
    asyncio.run(GroupCommit(MemoryJournal()).close())


def test_over_sqlite_every_acknowledged_record_is_readable_at_once(tmp_path: Path) -> None:
    async def bot(commits: GroupCommit, journal: SqliteJournal, name: int) -> None:
        for i in range(20):
            (place,) = await commits.append([outcome(f"{name}-{i}")])
            (stored,) = journal.read(place.position - 1, 1)
            assert stored.record == outcome(f"{name}-{i}")

    async def scenario(journal: SqliteJournal) -> None:
        commits = GroupCommit(journal)
        commits.start()
        await asyncio.gather(*(bot(commits, journal, name) for name in range(16)))
        await commits.close()

    with closing(SqliteJournal(tmp_path / "j.db")) as journal:
        asyncio.run(scenario(journal))
        assert journal.last_position() == 320
