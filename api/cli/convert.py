"""``maitred convert``: a log from one format into another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.failure import reported
from api.cli.log_options import Format, Json, LogPath, Mapping, Rewards, declared, opened, reading

if TYPE_CHECKING:
    from api.cli.progress import Progress
    from simulator.logs.faults import Faults
    from simulator.logs.log import Log
    from simulator.logs.schema import LoggedBatch


def convert(
    log: LogPath,
    to: Annotated[Path, typer.Option(help="the file to write; it appears when it is complete")],
    into: Annotated[Literal["parquet", "dsjson"], typer.Option(help="the format to write")] = "parquet",
    rewards: Rewards = None,
    format: Format = None,
    mapping: Mapping = None,
    as_json: Json = False,
) -> None:
    """Write a log as Parquet, or as DSJSON with costs scaled from the range of rewards. Bad rows are counted."""
    with reported():
        # These bring pyarrow, which serving processes need not have in memory.
        from simulator.logs.faults import Faults

        ends, faults, progress = declared(rewards), Faults(), reading(log)
        source = opened(log, format, mapping, ends)
        rows = _written(_watched(source, faults, progress), to, into, rewards or (0.0, 1.0))
        progress.end()
    if as_json:
        print(json.dumps({"log": source.taken_for, "rows": rows, "bad": faults.count, "faults": list(faults.lines())}))
        return
    print(f"log: {source.taken_for}")
    print(f"{rows:,} rows written, {faults.count:,} left out")
    for line in faults.lines():
        print(f"  {line}")


def _watched(log: Log, faults: Faults, progress: Progress) -> Iterator[LoggedBatch]:
    for batch in log.batches(faults):
        yield batch
        progress(faults.good)


def _written(batches: Iterator[LoggedBatch], to: Path, into: str, ends: tuple[float, float]) -> int:
    from simulator.logs.dsjson import dsjson_lines
    from simulator.logs.parquet import write_parquet
    from simulator.logs.whole_file import write_lines

    return write_parquet(batches, to) if into == "parquet" else write_lines(dsjson_lines(batches, *ends), to)
