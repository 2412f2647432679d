"""Archive and journal read as one; whatever is damaged is named, and read from the journal where it still is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engine.archive.files import LocalFiles
from engine.archive.history import History
from engine.archive.manifest import MANIFEST, folder_of, read_manifest, write_manifest
from engine.archive.write import Archiver
from engine.errors import ArchiveError, CorruptRecord, Incomplete, VerificationFailed
from engine.journal.memory import MemoryJournal
from engine.rebuild import rebuild
from engine.records.codec import encode, kind_of
from engine.records.schema import DecisionRecord, TickRecord
from engine.snapshots import SnapshotStore
from engine.verify import verify

Damage = Callable[[Path], object]


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def swap(path: Path) -> None:
    other = sorted(path.parent.glob("*.parquet"))[-1]
    kept = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(kept)


DAMAGES = {"truncated": cut_off, "a flipped bit": flip, "missing": Path.unlink, "swapped": swap}


def parts(files: LocalFiles) -> list[Path]:
    return sorted(Path(str(files), folder_of(0)).glob("*.parquet"))


def alike(found, expected) -> bool:
    return [(s.position, s.time_us, encode(s.record)) for s in found] == [
        (s.position, s.time_us, encode(s.record)) for s in expected
    ]


@pytest.mark.parametrize("limit", [1, 7, 10, 11, 1_000])
@pytest.mark.parametrize("with_journal", [True, False])
def test_it_reads_in_order_from_anywhere_across_files_and_journal(lived, files, archive, limit, with_journal):
    archived = archive().position
    lived.journal.append([TickRecord()] * 12)
    history = History(files, 0, lived.journal if with_journal else None)
    last = lived.journal.last_position() if with_journal else archived
    assert history.last_position() == last
    for after in range(last + 1):
        expected = lived.journal.read(after, min(limit, last - after))
        assert alike(history.read(after, limit), expected)


def test_it_finds_what_only_the_archive_has_and_what_only_the_journal_has(lived, files, archive):
    archive()
    new = lived.ask()
    alone, both = History(files, 0, None), History(files, 0, lived.journal)
    for stored in lived.journal.read(0, 1_000):
        key = stored.record.idempotency_key
        assert both.at(stored.position).position == stored.position
        if key is not None:
            found = [history.find(kind_of(stored.record), key) for history in (alone, both)]
            assert alike([found[1]], [stored])
            assert (found[0] is None) == (stored.position > alone.archived)
            for one, history in zip(found, (alone, both), strict=True):
                assert history.find_all(kind_of(stored.record), [key]) == ({} if one is None else {key: one})
    assert alone.find("decision", new.id) is None
    assert both.find("outcome", new.id) is None


def test_everything_about_a_decision_is_found_wherever_it_is(lived, files, archive):
    archive()
    decision = lived.records(DecisionRecord)[3]
    lived.tell(decision.id, 1.0, outcome_id="late")
    history = History(files, 0, lived.journal)
    assert alike(history.about(decision.id), lived.journal.about(decision.id))
    assert len(history.about(decision.id)) == len(History(files, 0, None).about(decision.id)) + 1
    assert history.about("nobody's") == []


def test_an_empty_archive_is_the_journal_and_an_empty_journal_is_the_archive(lived, files, archive):
    assert alike(History(files, 0, lived.journal).read(0, 1_000), lived.journal.read(0, 1_000))
    assert History(files, 0, None).read(0, 10) == []
    archive()
    assert alike(History(files, 0, MemoryJournal()).read(0, 1_000), lived.journal.read(0, 1_000))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_damaged_file_is_named_unless_the_journal_has_its_records(lived, files, archive, damage, which):
    archive()
    part = parts(files)[which]
    if damage is swap and which == -1:
        part = parts(files)[1]
    damage(part)
    assert alike(History(files, 0, lived.journal).read(0, 1_000), lived.journal.read(0, 1_000))
    with pytest.raises(CorruptRecord, match=f"{part.name} is .*no longer has positions"):
        History(files, 0, None).read(0, 1_000)
    with pytest.raises(CorruptRecord, match=part.name):
        History(files, 0, None).find("decision", "anything")


def test_files_before_a_damaged_one_are_still_read(lived, files, archive):
    archive()
    cut_off(parts(files)[2])
    assert alike(History(files, 0, None).read(0, 20), lived.journal.read(0, 20))


@pytest.mark.parametrize(
    ("old", "new"), [(b'"rows":10', b'"rows":11'), (b'"shard":0', b'"shard":1'), (b"manifest", b"nothing!")]
)
def test_an_edited_manifest_is_refused(files, archive, old, new):
    archive()
    path = Path(str(files), folder_of(0), MANIFEST)
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(ArchiveError, match=r"_manifest\.json is not"):
        History(files, 0, None)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\x00"])
def test_a_manifest_that_is_none_is_refused(files, archive, content):
    archive()
    Path(str(files), folder_of(0), MANIFEST).write_bytes(content)
    with pytest.raises(ArchiveError, match="is not a manifest"):
        History(files, 0, None)


def test_a_manifest_of_newer_software_or_of_another_shard_is_refused(files, archive):
    archive()
    manifest = read_manifest(files, 0)
    write_manifest(files, msgspec.structs.replace(manifest, schema_version=2))
    with pytest.raises(ArchiveError, match="version 2"):
        History(files, 0, None)
    write_manifest(files, manifest)
    shutil.copytree(Path(str(files), folder_of(0)), Path(str(files), folder_of(1)))
    with pytest.raises(ArchiveError, match="shard 0"):
        History(files, 1, None)


def test_the_archive_alone_gives_the_published_models_byte_for_byte(lived, files, archive, tmp_path):
    archive()
    anew = SnapshotStore(tmp_path / "anew")
    rebuilt = rebuild(History(files, 0, None), lived.sealer, anew, lived.snapshots)
    assert {each.manifest.placement for each in rebuilt if each.current} == {"greeting", "offer"}
    for placement in ("greeting", "offer"):
        published = lived.snapshots.current(placement)
        again = anew.path(anew.current(placement))
        assert again.read_bytes() == lived.snapshots.path(published).read_bytes()


def test_archive_and_journal_together_prove_everything_after_a_cut(lived, files, archive):
    before = verify(lived.journal, lived.vault, lived.snapshots)
    archive()
    lived.journal.cut(lived.journal.last_position())
    lived.settle(lived.learner())
    archive()
    with pytest.raises((Incomplete, VerificationFailed, CorruptRecord)):
        verify(lived.journal, lived.vault, lived.snapshots)
    for history in (History(files, 0, lived.journal), History(files, 0, None)):
        after = verify(history, lived.vault, lived.snapshots)
        assert (after.decisions, after.settlements) == (before.decisions, before.settlements)
        assert after.records > before.records


def test_an_archive_of_a_shard_leaves_those_of_others_alone(lived, make_bot, files, archive):
    archive()
    before = files.names("")
    other = make_bot()
    other.ask()
    Archiver(other.journal, files, 1).archive()
    Archiver(lived.journal, files, 0)
    assert set(before) < set(files.names(""))
    assert alike(History(files, 1, None).read(0, 1_000), other.journal.read(0, 1_000))
