"""``maitred retain``: remove from the journal what is archived and old."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.failure import reported
from api.cli.progress import Progress
from api.settings import Settings
from engine.config import microseconds
from engine.errors import ConfigError
from engine.snapshots import SnapshotStore

if TYPE_CHECKING:
    from engine.archive.files import Files
    from engine.archive.manifest import Manifest
    from engine.journal.base import Journal

_DURATION = re.compile(r"[0-9]+(\.[0-9]+)?(s|m|h|d)")


def retain(
    older_than: Annotated[str, typer.Option(help="age of what may go, in journal time: 90d, 12h …")],
    archive: Annotated[str | None, typer.Option(help="where it is archived, if not in MAITRED_ARCHIVE")] = None,
    without_archive: Annotated[bool, typer.Option(help="remove what is nowhere else: for good")] = False,
) -> None:
    """Cut the journal: control records, and whatever is young or still needed, stay."""
    # These bring pyarrow, which serving processes need not have in memory.
    from api.past import archive_files, open_shards_of

    with reported():
        age_us = _age(older_than)
        settings = Settings()
        files = None if without_archive else archive_files(settings, archive)
        journals = open_shards_of(settings)
        if not journals:
            raise ConfigError(f"nothing to cut: there is no journal {settings.journal_url}")
        for shard, journal in enumerate(journals):
            _retain(journal, shard, files, age_us, SnapshotStore(settings.snapshots_path))


def _retain(journal: Journal, shard: int, files: Files | None, age_us: int, snapshots: SnapshotStore) -> None:
    from engine.archive.retention import checked_archive, cuttable

    manifest: Manifest | None = None if files is None else checked_archive(files, shard, journal)
    progress = Progress(f"shard {shard}", journal.last_position())
    found = cuttable(journal, snapshots, manifest, age_us, progress)
    progress.end()
    removed = journal.cut(found.position) if found.position > 0 else 0
    print(f"shard {shard}: {removed:,} records removed, up to position {found.position:,}; {found.because}")


def _age(text: str) -> int:
    if not _DURATION.fullmatch(text):
        raise ConfigError(f"--older-than {text!r}: expected a number and one of s, m, h, d")
    return microseconds(text)
