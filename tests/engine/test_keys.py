"""The key table: opaque, private, shared between processes, and final when it forgets."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import JournalError, SealError
from engine.records.keys import KeyTable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


@pytest.fixture
def keys(path: Path) -> Iterator[KeyTable]:
    table = KeyTable(path, recheck_s=0.0)
    yield table
    table.close()


@pytest.fixture
def other(path: Path, keys: KeyTable) -> Iterator[KeyTable]:
    """The same file, as another process has it open."""
    table = KeyTable(path, recheck_s=0.0)
    yield table
    table.close()


def _bytes_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_a_person_keeps_their_reference(keys: KeyTable) -> None:
    first = keys.ref_for("user", "ada")
    keys.flush()
    assert keys.ref_for("user", "ada") == first
    assert len(keys.key(first)) == 32


def test_users_and_sessions_of_the_same_name_are_different_persons(keys: KeyTable) -> None:
    refs = {keys.ref_for("user", "a"), keys.ref_for("session", "a"), keys.ref_for("user", "b")}
    assert len({keys.key(ref) for ref in refs}) == 3


def test_a_new_key_serves_before_it_is_flushed_and_after_a_restart(path: Path) -> None:
    table = KeyTable(path)
    ref = table.ref_for("user", "ada")
    key = table.key(ref)
    table.flush()
    table.close()

    restarted = KeyTable(path)
    assert restarted.ref_for("user", "ada") == ref
    assert restarted.key(ref) == key
    restarted.close()


def test_a_bounded_memory_forgets_no_key(path: Path) -> None:
    table = KeyTable(path, remembered=2)
    refs = {id: table.ref_for("user", id) for id in "abcdefgh"}
    table.flush()
    more = {id: table.ref_for("user", id) for id in "ijklmnop"}
    assert {id: table.ref_for("user", id) for id in "abcdefghijklmnop"} == refs | more
    assert len({table.key(ref) for ref in (refs | more).values()}) == 16
    table.close()


def test_no_raw_id_is_in_the_files_bytes(keys: KeyTable, path: Path) -> None:
    ids = ["ada.lovelace@example.org", "session-0123456789"]
    keys.ref_for("user", ids[0])
    keys.ref_for("session", ids[1])
    keys.flush()
    content = _bytes_on_disk(path)
    assert keys.ref_for("user", ids[0]).encode() in content
    assert not any(id.encode() in content for id in ids)


def test_only_the_owner_may_read_the_files(keys: KeyTable, path: Path) -> None:
    keys.ref_for("user", "ada")
    keys.flush()
    files = list(path.parent.glob(f"{path.name}*"))
    assert len(files) >= 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_keys_flushed_elsewhere_are_seen(keys: KeyTable, other: KeyTable) -> None:
    ref = keys.ref_for("user", "ada")
    with pytest.raises(SealError):
        other.key(ref)
    keys.flush()
    assert other.ref_for("user", "ada") == ref
    assert other.key(ref) == keys.key(ref)


def test_two_processes_may_make_a_key_each_and_both_serve(keys: KeyTable, other: KeyTable) -> None:
    refs = [keys.ref_for("user", "ada"), other.ref_for("user", "ada")]
    keys.flush()
    other.flush()
    assert refs[0] != refs[1]
    assert [keys.key(ref) for ref in refs] == [other.key(ref) for ref in refs]
    assert keys.forget("user", "ada") == 2


def test_forgetting_destroys_the_key_everywhere(keys: KeyTable, other: KeyTable, path: Path) -> None:
    ref, kept = keys.ref_for("user", "ada"), keys.ref_for("user", "grace")
    keys.flush()
    key = other.key(ref)
    other.ref_for("user", "ada")
    assert key in _bytes_on_disk(path)

    assert keys.forget("user", "ada") == 1

    assert key not in _bytes_on_disk(path)
    for table in (keys, other):
        with pytest.raises(SealError):
            table.key(ref)
        assert table.ref_for("user", "ada") != ref
        assert table.ref_for("user", "grace") == kept


@pytest.mark.parametrize("flushed", [True, False])
def test_whoever_destroys_a_key_never_uses_it_again_however_rarely_it_looks_at_the_file(
    path: Path, flushed: bool
) -> None:
    with closing(KeyTable(path, recheck_s=3600.0)) as table:
        ref = table.ref_for("user", "ada")
        if flushed:
            table.flush()
        table.key(ref)
        assert table.forget("user", "ada") == 1
        with pytest.raises(SealError):
            table.key(ref)
        assert table.ref_for("user", "ada") != ref


def test_forgetting_a_key_that_was_never_flushed_leaves_nothing_to_flush(keys: KeyTable, other: KeyTable) -> None:
    ref = keys.ref_for("user", "ada")
    assert keys.forget("user", "ada") == 1
    keys.flush()
    for table in (keys, other):
        with pytest.raises(SealError):
            table.key(ref)
    assert keys.forget("user", "nobody") == 0


def test_a_key_whose_bytes_may_still_be_in_the_log_is_not_called_destroyed(keys: KeyTable, path: Path) -> None:
    ref = keys.ref_for("user", "ada")
    keys.flush()
    key = keys.key(ref)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM keys").fetchall()
        with pytest.raises(JournalError, match="may still be in the log"):
            keys.forget("user", "ada")
        with pytest.raises(SealError):
            keys.key(ref)
    keys.forget("user", "ada")
    assert key not in _bytes_on_disk(path)


def test_a_secret_is_the_same_for_every_process_and_different_for_every_purpose(
    keys: KeyTable, other: KeyTable
) -> None:
    assert keys.secret("draw") == other.secret("draw") == keys.secret("draw")
    assert keys.secret("group") != keys.secret("draw")
    assert len(keys.secret("digest")) == 32


def test_threads_that_meet_the_same_persons_agree_while_others_flush(keys: KeyTable) -> None:
    ids = [f"user-{i}" for i in range(200)]
    done = threading.Event()

    def flush_until_done() -> None:
        while not done.is_set():
            keys.flush()

    flusher = threading.Thread(target=flush_until_done)
    flusher.start()
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: [keys.ref_for("user", id) for id in ids], range(4)))
    done.set()
    flusher.join()
    keys.flush()
    assert all(refs == seen[0] for refs in seen)
    assert len({keys.key(ref) for ref in seen[0]}) == len(ids)


def test_a_table_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "keys.db").write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(JournalError):
        KeyTable(tmp_path / "keys.db")


def test_a_flush_that_fails_keeps_the_keys_for_the_next_one(keys: KeyTable, other: KeyTable, path: Path) -> None:
    ref = keys.ref_for("user", "ada")
    with closing(sqlite3.connect(path, isolation_level=None)) as disk:
        disk.execute("CREATE TRIGGER full BEFORE INSERT ON keys BEGIN SELECT raise(ABORT, 'disk full'); END")
        with pytest.raises(JournalError, match="disk full"):
            keys.flush()
        disk.execute("DROP TRIGGER full")
    keys.flush()
    assert other.key(ref) == keys.key(ref)
