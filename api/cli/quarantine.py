"""``maitred quarantine``: what was refused or made safe, by the service and by the learner."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from api.cli.failure import reported
from api.cli.tables import print_table
from api.settings import Settings
from engine.errors import ConfigError
from engine.quarantine_file import Quarantined, QuarantineFile

COLUMNS = ("where", "subject", "reason", "count", "first seen", "last seen", "last decision")


def quarantine(json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False) -> None:
    """List what was refused or made safe, newest first. Names and counts only: no values are kept."""
    with reported():
        rows = _rows(Settings())
    if json_output:
        print(msgspec.json.encode({"quarantined": rows}).decode())
    elif rows:
        print_table(COLUMNS, map(_cells, rows))
    else:
        print("Nothing was refused.")


def _rows(settings: Settings) -> list[Quarantined]:
    try:
        return QuarantineFile(settings.quarantine_path).rows()
    except sqlite3.Error as error:
        raise ConfigError(f"{settings.quarantine_path} cannot be read: {error}") from error


def _cells(row: Quarantined) -> tuple[str, ...]:
    times = (_time(row.first_us), _time(row.last_us))
    return (row.where, row.subject, row.reason, f"{row.count:,}", *times, row.decision_id or "")


def _time(us: int) -> str:
    return f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d %H:%M:%SZ}"
