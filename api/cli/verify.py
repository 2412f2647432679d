"""``maitred verify``: fold the journal anew and compare bytes with everything that was published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.failure import reported
from api.cli.progress import Progress
from api.settings import Settings
from api.wiring import open_keys, open_snapshots
from engine import verify as verification
from engine.privacy import Vault
from engine.verified import Verified

if TYPE_CHECKING:
    from engine.archive.history import History


def verify(
    archive: Annotated[str | None, typer.Option(help="where it is archived; MAITRED_ARCHIVE by default")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Prove that the journal, and its archive, explain every settlement and every published snapshot, byte for byte."""
    # It brings pyarrow, which serving processes need not have in memory.
    from api.past import open_past

    with reported():
        settings = Settings()
        histories = open_past(settings, archive)
        vault = Vault(open_keys(settings))
        verified = [_verified(f"shard {shard}", history, vault, settings) for shard, history in enumerate(histories)]
    if json_output:
        snapshots, records = sum(len(each.snapshots) for each in verified), sum(each.records for each in verified)
        print(json.dumps({"identical": True, "snapshots": snapshots, "records": records}))
        return
    for shard, each in enumerate(verified):
        _say(each, f"shard {shard}: " if len(verified) > 1 else "")


def _verified(what: str, history: History, vault: Vault, settings: Settings) -> Verified:
    progress = Progress(what, history.last_position())
    verified = verification.verify(history, vault, open_snapshots(settings), progress)
    progress.end()
    return verified


def _say(verified: Verified, which: str) -> None:
    print(f"{which}{verified.records} records: {verified.decisions} decisions, {verified.settlements} settlements")
    for placement, version in verified.snapshots:
        print(f"  {placement} {version}: byte-identical")
    for placement, version in verified.imported:
        print(f"  {placement} {version}: imported, byte-identical to what is kept of it")
    for placement, version in verified.foreign:
        print(f"  {placement} {version}: not compared, its encoder is not this software's")
    print(f"{len(verified.snapshots)} published snapshots, all byte-identical ({verified.files} of them still on disk)")
