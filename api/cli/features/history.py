"""``maitred features history``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from api.cli.failure import FAILED, reported
from api.cli.progress import Progress
from api.opened import Opened, Opening
from api.settings import Settings
from api.wiring import open_keys
from engine.errors import ConfigError
from engine.records.sealing import Sealer
from features import plan as plans
from features.plan import Plan
from features.registry import control_plane

if TYPE_CHECKING:
    from engine.archive.history import History
    from features.offline.past import Past
    from features.offline.skew import Skew

READ_RECORDS = 2_000
UNREAD = "features:"
"""What a decision's ``degraded`` says of a view that was not read begins with this."""


def history(
    to: Annotated[Path, typer.Option(help="the Parquet file to write: a row for each decision")],
    placement: Annotated[str | None, typer.Option(help="of this placement only")] = None,
    archive: Annotated[str | None, typer.Option(help="where it is archived, if not in MAITRED_ARCHIVE")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Ask Feast's offline store what was known at each decision, and compare. Exit code 1 if a skew is unexplained."""
    # These bring pyarrow, which serving processes need not have in memory.
    from api.past import open_past
    from features.offline.past import write_asked

    with reported():
        settings = Settings()
        plan = plans.load(settings.plan_path)
        opening = Opening(Sealer(open_keys(settings)), placement)
        with tempfile.TemporaryDirectory(dir=settings.home, prefix=".history-") as folder:
            asked = Path(folder) / "asked.parquet"
            histories = open_past(settings, archive)
            join_keys = sorted({str(view.join_key) for view in plan.stored_views})
            if not write_asked((past for one in histories for past in _decided(one, opening)), join_keys, asked):
                raise ConfigError("no decision that can be read was recorded")
            skew = _compared(plan, asked, to, settings)
    for line in [msgspec.json.encode(skew).decode()] if json_output else _summary(skew, opening.forgotten):
        print(line)
    if "unexplained" in skew.causes:
        raise typer.Exit(FAILED)


def _decided(history: History, opening: Opening) -> Iterator[Past]:
    position, progress = 0, Progress("read", history.last_position())
    while records := history.read(position, READ_RECORDS):
        yield from map(_past, opening.of(records))
        position = records[-1].position
        progress(position)
    progress.end()


def _past(opened: Opened) -> Past:
    from features.offline.past import Logged, Past

    record, part = opened.record, opened.part
    keys = {"session_id": part.session_id} | ({"user_id": part.user_id} if part.user_id is not None else {})
    unread = tuple(mark.removeprefix(UNREAD) for mark in record.degraded if mark.startswith(UNREAD))
    logged = Logged(features=part.features, freshness=part.freshness, unread=unread)
    return Past(record.id, record.unit, record.placement, opened.time_us, keys, logged)


def _compared(plan: Plan, asked: Path, to: Path, settings: Settings) -> Skew:
    from features.offline.past import asked_chunks
    from features.offline.skew import Comparison

    arguments = ("--asked", str(asked), "--frame", str(to.absolute()), "--repository", plan.repository)
    control_plane.run_leaf("features.offline.history", *arguments, home=settings.home)
    comparison = Comparison(plan)
    for chunk, frame in zip(asked_chunks(asked), asked_chunks(to), strict=True):
        comparison.add(chunk, frame)
    return comparison.told()


def _summary(skew: Skew, forgotten: int) -> Iterator[str]:
    from features.offline.skew import WHY

    yield f"{skew.decisions:,} decisions, {skew.compared:,} rows of views compared: {skew.equal:,} equal"
    yield f"  {skew.available:,} of them were loaded for certain before the decision"
    for cause, views in skew.causes.items():
        named = ", ".join(f"{view} {times:,}" for view, times in views.items())
        yield f"{cause}: {sum(views.values()):,} ({named}): {WHY[cause]}"
    if skew.features:
        yield f"features that differed: {', '.join(f'{name} {times:,}' for name, times in skew.features.items())}"
    if forgotten:
        yield f"{forgotten:,} decisions are of people who were forgotten, and left out"
