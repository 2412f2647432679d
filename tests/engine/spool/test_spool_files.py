"""A spool file after any accident: whole frames are read in order, the rest is set aside and never drained."""

from __future__ import annotations

import os
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.records.codec import encode
from engine.records.schema import AnyRecord, OutcomeRecord, ShownRecord
from engine.spool.file import SpoolFile
from engine.spool.folder import DAMAGED, damaged_in, look
from engine.spool.frame import HEADER, Waiting, framed, scan
from tests.engine.spool.records import decision, outcome

RECORDS: tuple[AnyRecord, ...] = (decision("d-1"), outcome("o-1"), ShownRecord(decision_id="d-1"), decision("d-2"))
WAITING = tuple(Waiting(1_000 + n, record) for n, record in enumerate(RECORDS))
FRAMES = tuple(map(framed, WAITING))
CONTENT = HEADER + b"".join(FRAMES)
ENDS = tuple(len(HEADER) + sum(map(len, FRAMES[:n])) for n in range(len(FRAMES) + 1))


def whole_before(size: int) -> int:
    """How many frames are whole in so many bytes."""
    return sum(end <= size for end in ENDS[1:])


def written(folder: Path, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "left.spool"
    path.write_bytes(content)
    return path


def adopted(path: Path) -> SpoolFile:
    file = SpoolFile.adopt(path)
    assert file is not None
    return file


def set_aside(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob(f"*{DAMAGED}"))


def test_a_file_that_ends_anywhere_gives_its_whole_frames_and_keeps_the_rest_aside(tmp_path: Path) -> None:
    for size in range(len(CONTENT) + 1):
        path = written(tmp_path / str(size), CONTENT[:size])
        whole = whole_before(size)
        with closing(adopted(path)) as file:
            assert tuple(file.found) == WAITING[:whole]
            assert tuple(file.first(100).waiting) == WAITING[:whole]
        kept = ENDS[whole] if size >= len(HEADER) else 0
        assert path.read_bytes() == CONTENT[:kept]
        assert set_aside(path.parent) == CONTENT[kept:size]


def test_a_changed_byte_ends_what_is_read(tmp_path: Path) -> None:
    for at in range(len(HEADER), len(CONTENT)):
        content = bytearray(CONTENT)
        content[at] ^= 0x55
        path = written(tmp_path / str(at), bytes(content))
        with closing(adopted(path)) as file:
            assert tuple(file.found) == WAITING[: whole_before(at)]
        assert path.read_bytes() + set_aside(path.parent) == bytes(content)


def test_a_file_of_something_else_is_set_aside_as_a_whole(tmp_path: Path) -> None:
    path = written(tmp_path, b"not a spool at all" * 10)
    with closing(adopted(path)) as file:
        assert file.found == []
        assert file.first(100).waiting == []
    assert set_aside(tmp_path) == b"not a spool at all" * 10


@given(st.binary(max_size=200), st.lists(st.tuples(st.text(max_size=20), st.floats(allow_nan=False)), max_size=5))
def test_whatever_follows_whole_frames_they_are_read_and_nothing_is_made_up(
    tail: bytes, outcomes: list[tuple[str, float]]
) -> None:
    records = [OutcomeRecord(id=id, decision_id="d", metric=id, value=value) for id, value in outcomes]
    waiting = [Waiting(n, record) for n, record in enumerate(records)]
    content = b"".join(map(framed, waiting))
    scanned = scan(content + tail, 0)
    assert scanned.waiting == waiting
    assert scanned.end == len(content)


def test_a_record_of_a_later_schema_is_not_taken_for_one_of_this() -> None:
    """Its checksum is right: only the version says that nobody here can read it."""
    payload = (7).to_bytes(8, "big") + b"\xff" + encode(RECORDS[0])[1:]
    length = len(payload).to_bytes(4, "big")
    frame = length + zlib.crc32(payload, zlib.crc32(length)).to_bytes(4, "big") + payload
    assert scan(frame, 0).waiting == []
    assert scan(frame.replace(b"\xff", b"\x01", 1), 0).waiting == [], "and the checksum covers the version"


def test_what_was_drained_is_not_given_again_and_a_file_with_nothing_left_can_go(tmp_path: Path) -> None:
    file = SpoolFile.create(tmp_path, 7)
    file.append(FRAMES)
    first = file.first(3)
    assert tuple(first.waiting) == WAITING[:3]
    file.drained(first)
    rest = file.first(3)
    assert tuple(rest.waiting) == WAITING[3:]
    file.drained(rest)
    assert file.records == 0
    file.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_somebody_keeps_is_not_adopted_until_they_are_gone(tmp_path: Path) -> None:
    keeper = SpoolFile.create(tmp_path, 7)
    keeper.append(FRAMES)
    assert SpoolFile.adopt(keeper.path) is None
    keeper.close()
    with closing(adopted(keeper.path)) as file:
        assert tuple(file.found) == WAITING
        assert SpoolFile.adopt(keeper.path) is None
    assert SpoolFile.adopt(tmp_path / "gone.spool") is None


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = SpoolFile.create(tmp_path, 7)
    file.append(FRAMES[:1])

    def full(descriptor: int) -> None:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as patched, closing(file):
        patched.setattr(os, "fdatasync", full)
        with pytest.raises(OSError, match="no space"):
            file.append(FRAMES[1:])
        assert file.path.read_bytes() == CONTENT[: ENDS[1]]
        assert tuple(file.first(10).waiting) == WAITING[:1]


def test_damage_on_the_disk_of_a_running_process_is_set_aside_too(tmp_path: Path) -> None:
    with closing(SpoolFile.create(tmp_path, 7)) as file:
        file.append(FRAMES)
        file.drained(file.first(1))
        content = bytearray(file.path.read_bytes())
        content[ENDS[1] + 20] ^= 1
        file.path.write_bytes(content)
        assert file.first(10).waiting == []
        assert (file.records, file.end) == (0, ENDS[1])
        file.append(FRAMES[3:])
        assert tuple(file.first(10).waiting) == WAITING[3:]
    assert set_aside(tmp_path) == bytes(content[ENDS[1] :])


def test_a_looker_counts_without_touching(tmp_path: Path) -> None:
    folder = tmp_path / "spool" / "0"
    folder.mkdir(parents=True)
    with closing(SpoolFile.create(folder, 7)) as file:
        file.append(FRAMES)
        (seen,) = look(tmp_path / "spool")
        assert (seen.path, seen.size, seen.records) == (file.path, len(CONTENT), len(FRAMES))
    assert damaged_in(tmp_path / "spool") == []
