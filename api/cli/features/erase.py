"""``maitred features erase USER``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from api.cli.failure import reported
from api.settings import Settings
from api.wiring import open_keys
from engine.records.keys import KeyTable
from features import plan as plans
from features.clock import wall_clock
from features.open import open_store

if TYPE_CHECKING:
    from features.erase import Erased

REMAINS = """\
What this does not do: models stay as they are until they are learned anew, backups and copies of files (a refused row's
among them) stay where they are, and a running service may have the last known rows in memory, for an hour. Redis keeps
what was deleted in its append-only file until that is rewritten (BGREWRITEAOF)."""


def erase(
    user: Annotated[str, typer.Argument(help="the user's id")],
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Forget a user and their sessions: online rows, history, and the keys of what the journal has sealed."""
    with reported():
        settings = Settings()
        keys, erased = asyncio.run(_erased(settings, user))
    if json_output:
        print(msgspec.json.encode({"keys": keys, **msgspec.structs.asdict(erased)}).decode())
        return
    for line in _summary(keys, erased):
        print(line)
    print(REMAINS)


async def _erased(settings: Settings, user: str) -> tuple[int, Erased]:
    """How many keys there were, and what else."""
    # It brings pyarrow, which serving processes need not have in memory.
    from features.erase import erase as erase_rows
    from features.erase import sessions_of

    plan = plans.load(settings.plan_path)
    store = open_store(plan, "direct", settings.features_repo)
    try:
        at_us = wall_clock()
        sessions = await sessions_of(store, user)
        keys = _forget(open_keys(settings), user, sessions)
        return keys, await erase_rows(plan, store, user, sessions, at_us)
    finally:
        await store.close()


def _forget(table: KeyTable, user: str, sessions: list[str]) -> int:
    try:
        return table.forget("user", user) + sum(table.forget("session", session) for session in sessions)
    finally:
        table.close()


def _summary(keys: int, erased: Erased) -> Iterator[str]:
    yield f"online: {erased.online_rows} rows of the user, {erased.session_rows} of {erased.sessions} sessions"
    yield f"history: {erased.history_rows} rows in {erased.history_files} files"
    yield f"journal: {keys} keys, without which nobody can read what is sealed"
