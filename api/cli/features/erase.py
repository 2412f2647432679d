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
from engine.known_sessions import known_sessions
from engine.privacy import Vault
from engine.records.keys import KeyTable
from features import plan as plans
from features.clock import wall_clock
from features.freshness import kept_us
from features.open import open_store
from features.plan import Plan
from features.session import SESSION_KEY

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
    """How many keys there were, and what else. The keys go last: without them the journal tells no session."""
    # It brings pyarrow, which serving processes need not have in memory.
    from features.erase import erase as erase_rows
    from features.erase import sessions_of

    plan, keys = plans.load(settings.plan_path), open_keys(settings)
    store = open_store(plan, "direct", settings.features_repo)
    try:
        at_us = wall_clock()
        sessions = sorted({*await sessions_of(store, user), *_journaled(settings, plan, keys, user, at_us)})
        erased = await erase_rows(plan, store, user, sessions, at_us)
        return keys.forget("user", user) + sum(keys.forget("session", session) for session in sessions), erased
    finally:
        keys.close()
        await store.close()


def _journaled(settings: Settings, plan: Plan, keys: KeyTable, user: str, now_us: int) -> set[str]:
    """Sessions whose rows may still be there."""
    from api.past import open_shards_of

    kept = kept_us(plan.stored_views, SESSION_KEY)
    journals = open_shards_of(settings)
    try:
        return known_sessions(journals, Vault(keys), user, now_us - 2 * kept if kept else 0)
    finally:
        for journal in journals:
            journal.close()


def _summary(keys: int, erased: Erased) -> Iterator[str]:
    yield f"online: {erased.online_rows} rows of the user, {erased.session_rows} of {erased.sessions} sessions"
    yield f"history: {erased.history_rows} rows in {erased.history_files} files"
    yield f"journal: {keys} keys, without which nobody can read what is sealed"
