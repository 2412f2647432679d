"""Whatever happens to the archiver, the archive has every record once, in order, as it was."""

from __future__ import annotations

import contextlib
import errno
import io
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from engine.archive.files import LocalFiles
from engine.archive.history import History
from engine.archive.manifest import folder_of, read_manifest
from engine.archive.remote_files import RemoteFiles
from engine.archive.write import Archiver
from engine.errors import ArchiveError, CorruptRecord
from engine.journal.memory import MemoryJournal
from engine.records.codec import encode
from engine.records.schema import SCHEMA_VERSION, DecisionRecord, SettlementRecord, TickRecord


class Killed(Exception):
    """The process ends here."""


class DyingFiles(LocalFiles):
    """The process ends after so many files, the manifests among them."""

    def __init__(self, folder: Path, after: int) -> None:
        super().__init__(folder)
        self._left = after

    def put(self, name: str, content: bytes) -> None:
        if self._left <= 0:
            raise Killed
        super().put(name, content)
        self._left -= 1


def run(archiver: Archiver) -> None:
    """Until nothing waits."""
    while archiver.archive():
        pass


def all_of(source) -> list[tuple[int, int, bytes]]:
    """Every record with its place and time, as bytes: a journal in memory keeps objects that no bytes give back."""
    return [(stored.position, stored.time_us, encode(stored.record)) for stored in source.read(0, 1_000_000)]


def rows(folder: Path) -> list[dict]:
    """What an analyst sees who reads the folder as a data set."""
    table = ds.dataset(folder / "decisions", partitioning="hive").to_table()
    return sorted(table.to_pylist(), key=lambda row: row["settled_position"])


def test_the_archive_alone_has_every_record_as_it_was(lived, files, archive):
    archive()
    assert all_of(History(files, 0, None)) == all_of(lived.journal)


def test_bodies_are_the_records_own_bytes_with_their_sealed_parts_still_sealed(lived, files, archive, tmp_path):
    archive()
    table = pq.ParquetDataset(tmp_path / "archive" / "records").read()
    assert [tuple(row.values()) for row in table.select(["position", "time_us", "body"]).to_pylist()] == all_of(
        lived.journal
    )
    assert set(table["schema_version"].to_pylist()) == {SCHEMA_VERSION}


def test_nothing_personal_is_in_clear(lived, files, archive, tmp_path):
    lived.ask(session_id="hidden-session", context={"note": "hidden-note"})
    lived.settle(lived.learner())
    archive()
    tables = [pq.ParquetFile(path).read() for path in (tmp_path / "archive").rglob("*.parquet")]
    values = [repr(list(row.values())) for table in tables for row in table.to_pylist()]
    assert len(values) > lived.journal.last_position()
    assert [value for value in values if "hidden" in value] == []


def test_files_are_zstd_and_name_their_schema_version(files, archive, tmp_path):
    archive()
    for path in (tmp_path / "archive").rglob("*.parquet"):
        file = pq.ParquetFile(path)
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        assert file.schema_arrow.metadata[b"maitred.schema_version"] == str(SCHEMA_VERSION).encode()


def test_settled_decisions_are_rows_by_day_and_placement(lived, files, archive, tmp_path):
    archive()
    found = rows(tmp_path / "archive")
    settlements = {record.decision_id: record for record in lived.records(SettlementRecord)}
    decisions = {s.record.id: s for s in lived.journal.read(0, 1_000) if isinstance(s.record, DecisionRecord)}
    assert [row["decision_id"] for row in found] == list(settlements)
    assert len({row["date"] for row in found}) == 2
    for row in found:
        decision, settlement = decisions[row["decision_id"]], settlements[row["decision_id"]]
        record = decision.record
        moment = datetime.fromtimestamp(decision.time_us / 1e6, UTC)
        assert (row["date"], row["placement"], row["time"]) == (f"{moment:%Y-%m-%d}", record.placement, moment)
        for name in msgspec.structs.asdict(record).keys() & row.keys() - {"placement", "candidates", "pmf", "degraded"}:
            assert row[name] == getattr(record, name), name
        assert (tuple(row["candidates"]), tuple(row["pmf"])) == (record.candidates, record.pmf)
        assert row["chosen_id"] == record.candidates[record.chosen]
        assert row["propensity"] == record.pmf[record.chosen]
        assert (row["reward"], row["outcomes"], row["learn"], row["why"]) == (
            settlement.reward,
            settlement.outcomes,
            settlement.learn,
            settlement.why,
        )
        assert row["settled_time"] > row["time"]


def test_an_early_settlement_is_a_record_but_no_row(bot, files, tmp_path):
    decision = bot.ask()
    position = bot.journal.last_position()
    early = SettlementRecord(
        decision_id=decision.id,
        decision_position=position,
        placement="greeting",
        reward=1.0,
        outcomes=1,
        learn=True,
        early=True,
    )
    final = msgspec.structs.replace(early, early=False, reward=0.25)
    bot.journal.append([early, final])
    Archiver(bot.journal, files).archive()
    assert [row["reward"] for row in rows(tmp_path / "archive")] == [0.25]
    assert History(files, 0, None).find("settlement", early.idempotency_key).record == early


def puts(lived, tmp_path) -> int:
    """How many files an archive of this journal takes."""
    counting = DyingFiles(tmp_path / "counted", 10**9)
    run(Archiver(lived.journal, counting, part_rows=10))
    return 10**9 - counting._left


def test_killed_at_any_file_it_goes_on_and_every_row_is_there_once(lived, tmp_path):
    for n in range(puts(lived, tmp_path) + 1):
        folder = tmp_path / f"killed{n}"
        with contextlib.suppress(Killed):
            run(Archiver(lived.journal, DyingFiles(folder, n), part_rows=10))
        seen = [row["decision_id"] for row in rows(folder)] if (folder / "decisions").exists() else []
        assert len(seen) == len(set(seen)), "a reader of the folder sees a row twice"
        run(Archiver(lived.journal, LocalFiles(folder), part_rows=10))
        assert all_of(History(LocalFiles(folder), 0, None)) == all_of(lived.journal)
        assert [row["decision_id"] for row in rows(folder)] == [r.decision_id for r in lived.records(SettlementRecord)]
        listed = read_manifest(LocalFiles(folder), 0)
        names = {part.name for part in (*listed.records, *listed.decisions)}
        assert {p.relative_to(folder).as_posix() for p in folder.rglob("*.parquet")} == names


def test_what_comes_later_is_archived_after_what_was(lived, files, archive):
    assert archive().position == lived.journal.last_position()
    lived.journal.append([TickRecord()] * 25)
    assert archive().position == lived.journal.last_position()
    assert archive().archive() == 0
    assert all_of(History(files, 0, None)) == all_of(lived.journal)


def test_a_full_disk_leaves_nothing_half_written_and_the_next_call_goes_on(lived, files, monkeypatch, tmp_path):
    archiver, flushed = Archiver(lived.journal, files, part_rows=10), []

    def full(path):
        flushed.append(path)
        if len(flushed) > 8:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("engine.archive.files.flush", full)
        with pytest.raises(ArchiveError, match="No space left"):
            run(archiver)
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".tmp-")]
    assert archiver.position == (read_manifest(files, 0).position if read_manifest(files, 0) else 0)
    run(archiver)
    assert all_of(History(files, 0, None)) == all_of(lived.journal)


def test_another_journal_is_not_mixed_in(lived, files, archive):
    archive()
    other = MemoryJournal(lived.clock)
    other.append([stored.record for stored in lived.journal.read(0, 1_000)])
    with pytest.raises(ArchiveError, match="another journal's"):
        Archiver(other, files)


def test_an_older_copy_of_the_journal_is_refused(lived, files, archive):
    archive()
    old = lived.copy(lambda stored: stored.record if stored.position < 9 else None)
    with pytest.raises(ArchiveError, match="only up to 8"):
        Archiver(old, files)


def test_two_archivers_of_one_shard_do_not_run_at_once(files):
    with files.locked(folder_of(0)), pytest.raises(ArchiveError, match="another process"), files.locked(folder_of(0)):
        pass
    with files.locked(folder_of(0)), files.locked(folder_of(1)):
        pass


def test_a_settlement_of_a_decision_that_is_nowhere_is_named(lived, files):
    position = lived.journal.last_position() + 1
    lost = SettlementRecord(
        decision_id="lost", decision_position=1, placement="offer", reward=0.0, outcomes=0, learn=False
    )
    lived.journal.append([lost])
    with pytest.raises(CorruptRecord, match=f"position {position}"):
        Archiver(lived.journal, files).archive()


def test_an_object_store_holds_the_same_archive(lived, files, archive):
    archive()
    remote = RemoteFiles("memory://bucket/deep/archive")
    archive(files=remote)
    assert all_of(History(remote, 0, None)) == all_of(lived.journal)
    assert remote.names("records") == files.names("records")
    assert [remote.get(name) for name in remote.names("")] == [files.get(name) for name in files.names("")]
    remote.drop(remote.names("decisions")[0])
    assert len(remote.names("")) == len(files.names("")) - 1
    assert io.BytesIO(remote.get("records/shard=0/_manifest.json") or b"").read(1) == b"{"
