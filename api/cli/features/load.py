"""``maitred features load FILE --view VIEW``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from api.cli.failure import FAILED, reported
from api.cli.pairs import pairs
from api.cli.progress import Progress
from api.settings import Settings
from features import plan as plans

if TYPE_CHECKING:
    from features.files.load import Loaded

REFUSED = ".refused.csv"
NO_HISTORY = "none is kept: Feast's source for this view is not a pattern of Parquet files"


def load(
    file: Annotated[
        Path, typer.Argument(help="CSV with a header (any separator, also .csv.gz), or Parquet", exists=True)
    ],
    view: Annotated[str, typer.Option(help="the feature view whose rows these are")],
    map: Annotated[
        list[str] | None, typer.Option(help="column=feature, where they have different names; give it again for more")
    ] = None,
    key: Annotated[str | None, typer.Option(help="column with the user's or session's id; its name by default")] = None,
    time: Annotated[
        str | None, typer.Option(help="column with the rows' times; event_timestamp, or now if there is none")
    ] = None,
    decimal: Annotated[str, typer.Option(help="what is before the fraction of a number, in text")] = ".",
    refused: Annotated[Path | None, typer.Option(help="where rows go that cannot be loaded")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Load a file into the online store, while it is served from. Exit code 1 if a row could not be loaded."""
    # These bring pyarrow, which serving processes need not have in memory.
    from features.files.bulk_open import open_bulk
    from features.files.columns import columns_of, view_to_load
    from features.files.load import Load
    from features.files.parts import parts_of
    from features.files.refusals import RefusedRows
    from features.files.tabular import Tabular

    with reported():
        plan = plans.load(Settings().plan_path)
        planned, table = view_to_load(plan, view), Tabular(file)
        columns = columns_of(table.columns, planned, pairs("--map", map, "column=feature"), key, time)
        parts = parts_of(plan, planned)
        rows = RefusedRows(refused or file.with_name(file.name + REFUSED), table.columns)
        progress = Progress("load", table.rows)
        with closing(open_bulk(plan, planned)) as store:
            loaded = Load(table, columns, parts=parts, refused=rows, decimal=decimal).into(store, progress)
        progress.end()
    for line in [msgspec.json.encode(loaded).decode()] if json_output else _summary(loaded):
        print(line)
    if loaded.refused:
        print(f"maitred: rows that could not be loaded are in {rows.path}", file=sys.stderr)
        raise typer.Exit(FAILED)


def _summary(loaded: Loaded) -> Iterator[str]:
    yield f"{loaded.rows:,} rows, {loaded.written:,} of them written"
    left = {
        "older than what is stored: kept as history only": loaded.older,
        "of people who were erased since: kept nowhere": loaded.erased,
        "repeated": loaded.repeated,
    }
    yield from (f"  {count:,} {why}" for why, count in left.items() if count)
    yield from (f"  {count:,} refused: {why}" for why, count in loaded.refused.items())
    for fill in loaded.fills:
        odd = f", {fill.unexpected:,} outside what is declared" if fill.unexpected else ""
        stands = f": {fill.instead} stands in" if fill.missing else ""
        yield f"{fill.feature}: {fill.present:,} present{odd}, {fill.missing:,} missing{stands}"
    if loaded.absent:
        yield f"not in the file, left as stored: {', '.join(loaded.absent)}"
    if loaded.unused:
        yield f"columns that are no feature: {', '.join(loaded.unused)}"
    yield f"history: {loaded.history or NO_HISTORY}"
