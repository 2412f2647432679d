"""``maitred verify``: fold the journal anew and compare bytes with everything that was published."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from api.cli.failure import reported
from api.settings import Settings
from api.wiring import open_history, open_keys
from engine import verify as verification
from engine.errors import ConfigError
from engine.privacy import Vault
from engine.snapshots import SnapshotStore


def verify(json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False) -> None:
    """Prove that the journal explains every settlement and every published snapshot, byte for byte."""
    with reported():
        settings = Settings()
        journal = open_history(settings)
        if not journal.last_position():
            raise ConfigError(f"nothing to verify: the journal {settings.journal_url} is empty")
        verified = verification.verify(
            journal,
            Vault(open_keys(settings)),
            SnapshotStore(settings.snapshots_path),
        )
    if json_output:
        print(json.dumps({"identical": True, "snapshots": len(verified.snapshots), "records": verified.records}))
        return
    print(f"{verified.records} records: {verified.decisions} decisions, {verified.settlements} settlements")
    for placement, version in verified.snapshots:
        print(f"  {placement} {version}: byte-identical")
    for placement, version in verified.foreign:
        print(f"  {placement} {version}: not compared, its encoder is not this software's")
    print(f"{len(verified.snapshots)} published snapshots, all byte-identical ({verified.files} of them still on disk)")
