"""Which bytes a loss of power may take, by the record of what was written and what was synced."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.power.disk import Disk
from tests.power.strace import calls

LUCK = random.Random(1)


def record(root: Path, *lines: str) -> list[str]:
    """Lines as strace writes them: ``@`` stands for the folder, before each line the process that called."""
    return [f"{line.replace('@', str(root))}" for line in lines]


@pytest.fixture
def roots(tmp_path) -> tuple[Path, Path]:
    """A folder with a file of 12 bytes, and its copy."""
    for name in ("root", "copy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_bytes(b"abcdefghijkl")
    return tmp_path / "root", tmp_path / "copy"


def left(roots: tuple[Path, Path], *lines: str) -> bytes:
    """What of the file is left after a loss of power."""
    root, copy = roots
    Disk.recorded(root, record(root, *lines)).cut(copy, LUCK)
    return (copy / "f").read_bytes()


WRITE = '1 pwrite64(3<@/f>, ""..., 4, 8) = 4'
SYNC = "1 fdatasync(3<@/f>) = 0"


def test_what_no_sync_followed_is_gone(roots):
    assert left(roots, WRITE) == b"abcdefgh"


def test_what_a_sync_followed_stays(roots):
    assert left(roots, WRITE, SYNC) == b"abcdefghijkl"


def test_in_the_middle_zeros_are_left(roots):
    assert left(roots, '1 pwrite64(3<@/f>, ""..., 4, 4) = 4') == b"abcd\0\0\0\0ijkl"


def test_a_length_that_was_safe_stays(roots):
    whole = '1 pwrite64(3<@/f>, ""..., 12, 0) = 12'
    assert left(roots, whole, SYNC, WRITE) == b"abcdefgh\0\0\0\0"
    assert left(roots, whole, SYNC, whole) == bytes(12)
    assert left(roots, whole, SYNC, "1 ftruncate(3<@/f>, 10) = 0", WRITE) == bytes(10)


def test_the_sync_of_another_file_does_not_help(roots):
    assert left(roots, WRITE, "1 fdatasync(4<@/g>) = 0") == b"abcdefgh"


def test_a_sync_that_failed_or_has_not_ended_does_not_help(roots):
    assert left(roots, WRITE, "1 fdatasync(3<@/f>) = -1 EIO (Input/output error)") == b"abcdefgh"
    assert left(roots, WRITE, "1 fdatasync(3<@/f> <unfinished ...>") == b"abcdefgh"


def test_a_sync_covers_what_had_ended_when_it_began(roots):
    begun = "2 fdatasync(5<@/f> <unfinished ...>"
    ended = "2 <... fdatasync resumed>) = 0"
    assert left(roots, WRITE, begun, ended) == b"abcdefghijkl"
    assert left(roots, begun, WRITE, ended) == b"abcdefgh"


def test_a_write_that_has_not_ended_may_be_gone(roots):
    assert left(roots, '1 pwrite64(3<@/f>, ""..., 4, 8 <unfinished ...>') == b"abcdefgh"


def test_appended_bytes_are_counted_from_where_the_file_ended(roots):
    grown = [f'1 write(3<@/f>, ""..., {length}) = {length}' for length in (5, 3)]
    assert left(roots, *grown, "1 fsync(3<@/f>) = 0", '1 write(3<@/f>, ""..., 4) = 4') == b"abcdefgh"


def test_a_renamed_file_takes_along_what_was_not_synced(roots):
    lines = ('1 write(3<@/g>, ""..., 12) = 12', '1 rename("@/g", "@/f") = 0')
    assert left(roots, *lines) == b""


def test_other_files_are_left_alone(roots):
    assert left(roots, '1 write(1</elsewhere/f>, ""..., 12) = 12') == b"abcdefghijkl"


def test_calls_are_told_by_their_ends():
    lines = [
        "1 fsync(3</f> <unfinished ...>",
        '2 write(4</g>, ""..., 1) = 1',
        "1 <... fsync resumed>) = 0",
        "+++ exited",
    ]
    assert [(call.name, call.begun, call.ended, call.result) for call in calls(lines)] == [
        ("write", 1, 1, 1),
        ("fsync", 0, 2, 0),
    ]


def test_short_process_numbers_are_padded():
    lines = ['52   write(4</g>, ""..., 1) = 1', "52   fsync(3</f> <unfinished ...>", "52   <... fsync resumed>) = 0"]
    assert [call.name for call in calls(lines)] == ["write", "fsync"]
