"""``maitred features show USER``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from api.cli.failure import FAILED, reported
from api.cli.tables import print_table
from api.settings import Settings
from features import plan as plans
from features.clock import wall_clock
from features.known import KnownFeature, KnownView, known_of, unread
from features.open import open_store
from features.page import duration, in_words
from features.plan import Plan
from features.session import SESSION_KEY
from features.vector import ViewRow

USER_KEY = "user_id"
COLUMNS = ("feature", "value", "owner", "policies see")
HIDDEN = "(hidden: --reveal)"
NOT_KNOWN = "(not known)"


def show(
    user: Annotated[str, typer.Argument(help="the user's id")],
    session: Annotated[str | None, typer.Option(help="the rows of this session, too")] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="what they agreed to, if not everything; give it again for more")
    ] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="print personal and sensitive values, and those for templates only")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Show what is known of a user, how old it is, and what policies see of it. Exit code 1 if a row is not read."""
    with reported():
        settings = Settings()
        plan = plans.load(settings.plan_path)
        keys = {USER_KEY: user} | ({SESSION_KEY: session} if session is not None else {})
        rows = asyncio.run(_rows(plan, settings, keys))
        views = known_of(plan, rows, wall_clock(), purposes=purpose, reveal=reveal)
    if json_output:
        print(msgspec.json.encode({"user": user, "session": session, "views": views}).decode())
    else:
        _print(views)
    if failed := unread(views):
        print(f"maitred: the online store did not give {', '.join(failed)}", file=sys.stderr)
        raise typer.Exit(FAILED)


async def _rows(plan: Plan, settings: Settings, keys: Mapping[str, str]) -> Mapping[str, ViewRow]:
    store = open_store(plan, settings.features_reader, settings.features_repo)
    try:
        return await store.read(keys)
    finally:
        await store.close()


def _print(views: Sequence[KnownView]) -> None:
    for view in views:
        print(f"{view.view}: {_age(view)}")
        print_table(COLUMNS, [_row(each) for each in view.features])
        print()


def _age(view: KnownView) -> str:
    if view.timestamp_us is None or view.age_us is None:
        return view.freshness or "computed now"
    at = datetime.fromtimestamp(view.timestamp_us / 1e6, UTC)
    return f"{view.freshness}, {duration(max(0, view.age_us))} old ({at:%Y-%m-%d %H:%M:%SZ})"


def _row(each: KnownFeature) -> tuple[str, ...]:
    value = HIDDEN if each.hidden else NOT_KNOWN if each.value is None else in_words(each.value)
    return (each.feature.partition(".")[2], value, each.owner, each.policies)
