"""``maitred rebuild``: make the published snapshots anew from the journal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli.failure import reported
from api.cli.progress import Progress
from api.settings import Settings
from api.wiring import open_keys, open_snapshots
from engine import rebuild as rebuilding
from engine.errors import ConfigError
from engine.rebuild import Rebuilt
from engine.records.sealing import Sealer
from engine.snapshots import SnapshotStore

FOLDER = "rebuilt"


def rebuild(
    into: Annotated[Path | None, typer.Option(help="an empty folder; `rebuilt` in the home by default")] = None,
    archive: Annotated[str | None, typer.Option(help="where it is archived; MAITRED_ARCHIVE by default")] = None,
) -> None:
    """Learn everything anew from the journal and its archive; byte-identical to what was published, or an error."""
    # It brings pyarrow, which serving processes need not have in memory.
    from api.past import open_past

    with reported():
        settings = Settings()
        folder = into or settings.home / FOLDER
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError(f"{folder} is not empty: --into names another folder")
        histories = open_past(settings, archive)
        made, sealer = SnapshotStore(folder, sys.maxsize), Sealer(open_keys(settings))
        for shard, history in enumerate(histories):
            progress = Progress(f"shard {shard}", history.last_position())
            rebuilt = rebuilding.rebuild(history, sealer, made, open_snapshots(settings), progress)
            progress.end()
            for each in rebuilt:
                _say(each)
    print(f"The snapshots are in {folder}; to use them, stop the learner and let them take the place of")
    print(f"{settings.snapshots_path}")


def _say(each: Rebuilt) -> None:
    manifest = each.manifest
    state = "current" if each.current else "of a lineage that ended"
    print(f"  {manifest.placement} {manifest.version}: byte-identical, {manifest.learned:,} learned, {state}")
