"""Damaged files are found by their checksums and made anew, from the journal or from other files."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.archive.manifest import read_manifest
from engine.archive.mend import mend
from engine.errors import CorruptRecord


def contents(files) -> dict[str, bytes]:
    return {name: files.get(name) for name in files.names("")}


def damage(files, name: str, how: str) -> None:
    path = Path(str(files), name)
    if how == "lost":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-9] + b"999999999")


def test_a_sound_archive_is_left_as_it_is(lived, files, archive):
    archive()
    before = contents(files)
    done = mend(files, 0, lived.journal)
    manifest = read_manifest(files, 0)
    assert (done.checked, done.names) == (len(manifest.records) + len(manifest.decisions), [])
    assert contents(files) == before


@pytest.mark.parametrize("how", ["lost", "damaged"])
def test_whatever_is_damaged_is_made_anew_just_as_it_was(lived, files, archive, how):
    archive()
    before, manifest = contents(files), read_manifest(files, 0)
    doomed = [manifest.records[1].name, *(part.name for part in manifest.decisions)]
    for name in doomed:
        damage(files, name, how)
    assert mend(files, 0, lived.journal).names == doomed
    assert contents(files) == before
    assert mend(files, 0, None).names == []


def test_decisions_are_made_anew_from_the_archive_alone(lived, files, archive):
    archive()
    before = contents(files)
    damage(files, read_manifest(files, 0).decisions[-1].name, "lost")
    assert len(mend(files, 0, None).names) == 1
    assert contents(files) == before


def test_records_that_are_nowhere_else_are_named_and_nothing_is_changed(lived, files, archive):
    archive()
    part = read_manifest(files, 0).records[0]
    damage(files, part.name, "damaged")
    before = contents(files)
    with pytest.raises(CorruptRecord, match=part.name):
        mend(files, 0, None)
    assert contents(files) == before


def test_where_nothing_is_archived_there_is_nothing_to_mend(lived, files):
    assert mend(files, 0, lived.journal).checked == 0


def test_an_archiver_goes_on_after_mending(lived, files, archive):
    archiver = archive()
    damage(files, read_manifest(files, 0).records[0].name, "lost")
    assert len(archiver.mend().names) == 1
    lived.ask()
    assert archiver.archive() == 1
    assert mend(files, 0, None).names == []
