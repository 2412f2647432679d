"""What a deployment's journal and its archive hold together."""

from __future__ import annotations

from pathlib import Path

from api.settings import Settings
from engine.archive.files import Files
from engine.archive.history import History
from engine.archive.manifest import MANIFEST, folder_of
from engine.archive.open import open_files
from engine.errors import ConfigError
from engine.journal.base import Journal
from engine.journal.open import SQLITE, open_shards


def archive_files(settings: Settings, where: str | None) -> Files:
    """The archive at a path or URL; by default where the settings say."""
    return open_files(where or settings.archive_place)


def open_shards_of(settings: Settings) -> tuple[Journal, ...]:
    """The journal of every shard. A missing SQLite file is not made: there is none then."""
    if settings.journal_url.startswith(SQLITE) and not Path(settings.journal_url.removeprefix(SQLITE)).exists():
        return ()
    return open_shards(settings.journal_url, durability=settings.durability).journals


def open_past(settings: Settings, archive: str | None = None, *, with_journal: bool = True) -> list[History]:
    """Every shard's history: its archive, followed by what its journal still has.

    Args:
        archive: path or URL; by default where the settings say, if there is anything.
        with_journal: ``False`` reads the archive alone.

    Raises:
        ConfigError: there is nothing to read.
        ArchiveError: the archive is another journal's.
    """
    files = archive_files(settings, archive)
    journals = open_shards_of(settings) if with_journal else ()
    archived = [
        shard for shard in range(_most_shards(files)) if files.get(f"{folder_of(shard)}/{MANIFEST}") is not None
    ]
    if archive is not None and not archived:
        raise ConfigError(f"nothing is archived in {files}")
    shards = max(len(journals), max(archived, default=-1) + 1)
    histories = [History(files, n, journals[n] if n < len(journals) else None) for n in range(shards)]
    if not any(history.last_position() for history in histories):
        raise ConfigError(f"nothing is recorded: neither in the journal {settings.journal_url} nor in {files}")
    return histories


def is_recorded(settings: Settings) -> bool:
    """Whether there is anything to read, in the journal or where the settings say that it is archived."""
    journals = open_shards_of(settings)
    held = any(journal.last_position() for journal in journals)
    for journal in journals:
        journal.close()
    return held or bool(archive_files(settings, None).names("records"))


def _most_shards(files: Files) -> int:
    folders = {name.split("/")[1] for name in files.names("records")}
    return 1 + max((int(folder.removeprefix("shard=")) for folder in folders), default=-1)
