"""What the verbs that read a log have in common: how it is opened, and what is seen while it is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.progress import Progress
from engine.errors import ConfigError

if TYPE_CHECKING:
    from engine.stats.weighted import Range
    from simulator.logs.log import Log

LogPath = Annotated[Path, typer.Argument(help="a file, or a folder of Parquet files", metavar="LOG")]
Format = Annotated[
    Literal["parquet", "csv", "open_bandit", "dsjson", "vw"] | None,
    typer.Option(help="what the log is; by default what it looks like"),
]
Mapping = Annotated[
    str | None,
    typer.Option(metavar="FILE[:METRIC]", help="YAML that says which columns of a CSV or Parquet file are what"),
]
Rewards = Annotated[
    tuple[float, float] | None, typer.Option(metavar="LOW HIGH", help="least and greatest reward there can be")
]
Json = Annotated[bool, typer.Option("--json", help="one JSON object instead of words")]


def opened(path: Path, format: Format, mapping: str | None, rewards: Range | None = None) -> Log:
    """The log. Raises ``UnreadableLog`` and ``ConfigError``."""
    # These bring pyarrow, which serving processes need not have in memory.
    from dataclasses import replace

    from simulator.logged.mapping_file import load
    from simulator.logs.mapping import Columns
    from simulator.logs.open import open_log

    columns = None
    if mapping is not None:
        file, _, metric = mapping.partition(":")
        columns = Columns.of_experiment(load(Path(file)), metric or None)
    log = open_log(path, format, columns=columns)
    return log if rewards is None else replace(log, rules=replace(log.rules, reward_range=(rewards.low, rewards.high)))


def declared(rewards: tuple[float, float] | None) -> Range | None:
    """The range of rewards. Raises ``ConfigError`` if its ends are the wrong way round."""
    from engine.stats.weighted import Range

    if rewards is None:
        return None
    if not rewards[0] < rewards[1]:
        raise ConfigError(f"--rewards: expected the least and the greatest one, found {rewards[0]:g} {rewards[1]:g}")
    return Range(*rewards)


def reading(path: Path) -> Progress:
    """Says how many rows have been read."""
    return Progress(f"reading {path.name}", None)


def ended(exit_code: int) -> None:
    """Leave with this code, if it says anything."""
    if exit_code:
        raise typer.Exit(exit_code)
