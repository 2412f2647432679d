"""``maitred features push FILE --view VIEW``."""

from __future__ import annotations

import io
import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from api.cli.failure import FAILED, reported
from api.settings import Settings
from features import plan as plans
from features.errors import LoadError

STDIN = "-"


def push(
    file: Annotated[str, typer.Argument(help="one JSON object a line; - reads standard input, until it ends")],
    view: Annotated[str, typer.Option(help="the push view whose rows these are")],
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Write a stream of rows into the online store as they come. Exit code 1 if a row could not be written."""
    # These bring pyarrow, which serving processes need not have in memory.
    from features.files.bulk_open import open_bulk
    from features.files.columns import view_to_load
    from features.files.push import Push

    with reported():
        plan = plans.load(Settings().plan_path)
        planned = view_to_load(plan, view)
        if planned.kind != "push":
            raise LoadError(f"{view} is a {planned.kind} view: load its rows with `maitred features load`")
        with closing(open_bulk(plan, planned)) as store, _opened(file) as stream:
            pushed = Push(planned, store, _refuse).all_of(stream)
    if json_output:
        print(msgspec.json.encode(pushed).decode())
    else:
        print(f"{pushed.rows:,} lines, {pushed.written:,} rows written, {pushed.older:,} older than what is stored,")
        print(f"{pushed.erased:,} of people who were erased since, {pushed.refused:,} refused")
    if pushed.refused:
        raise typer.Exit(FAILED)


def _opened(file: str) -> io.BufferedReader:
    """What is opened can be closed: of standard input, only this view of it."""
    return os.fdopen(0, "rb", closefd=False) if file == STDIN else Path(file).open("rb")


def _refuse(line: int, reason: str) -> None:
    print(f"maitred: line {line}: {reason}", file=sys.stderr)
