"""``maitred archive``: copy the journal into Parquet files."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.failure import reported
from api.cli.progress import Progress
from api.settings import Settings
from engine.errors import ConfigError
from features.clock import wall_clock

if TYPE_CHECKING:
    from engine.archive.write import Archiver

LOOK_EVERY_S = 1.0


def archive(
    to: Annotated[str | None, typer.Option(help="folder or fsspec URL, if not MAITRED_ARCHIVE")] = None,
    follow: Annotated[bool, typer.Option("--follow/--once", help="go on as the journal grows, or end with it")] = False,
    check: Annotated[bool, typer.Option(help="first check every file, and make anew what is damaged")] = False,
) -> None:
    """Archive every record, and settled decisions for analysts. Goes on where it ended before."""
    with reported(), _archivers(Settings(), to) as archivers:
        stop = _stop_on_signals()
        if check:
            _check(archivers)
        for archiver in archivers:
            _catch_up(archiver, stop)
        while follow and not stop.wait(LOOK_EVERY_S):
            for archiver in archivers:
                while archiver.is_due(wall_clock()):
                    archiver.archive()
    for archiver in archivers:
        print(f"{archiver}: {archiver.position:,} records archived")


@contextmanager
def _archivers(settings: Settings, to: str | None) -> Iterator[list[Archiver]]:
    """One for each shard, nobody else's at work meanwhile."""
    # These bring pyarrow, which serving processes need not have in memory.
    from api.past import archive_files, open_shards_of
    from engine.archive.manifest import folder_of
    from engine.archive.write import Archiver

    files, journals = archive_files(settings, to), open_shards_of(settings)
    if not journals:
        raise ConfigError(f"nothing to archive: there is no journal {settings.journal_url}")
    with ExitStack() as locks:
        for shard in range(len(journals)):
            locks.enter_context(files.locked(folder_of(shard)))
        yield [Archiver(journal, files, shard) for shard, journal in enumerate(journals)]


def _check(archivers: list[Archiver]) -> None:
    for archiver in archivers:
        mended = archiver.mend()
        print(f"{archiver}: {mended.checked:,} files checked, {len(mended.names):,} made anew")
        for name in mended.names:
            print(f"  {name}")


def _catch_up(archiver: Archiver, stop: threading.Event) -> None:
    last = archiver.last_position()
    progress = Progress(str(archiver), last, start=archiver.position)
    while archiver.position < last and not stop.is_set():
        archiver.archive()
        progress(archiver.position)
    progress.end()


def _stop_on_signals() -> threading.Event:
    """What is under way is finished first; whoever cannot wait may kill it."""
    stop = threading.Event()

    def handle(_: int, __: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop
