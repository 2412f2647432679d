"""``maitred export``: settled decisions in a format that other tools read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.failure import reported
from api.cli.progress import Progress
from api.settings import Settings
from api.wiring import open_keys
from engine.errors import ConfigError
from engine.records.sealing import Sealer
from engine.skip import skipped
from engine.snapshots import MODEL

if TYPE_CHECKING:
    from engine.archive.history import History
    from engine.archive.labels import Labels, Learned
    from engine.archive.line_file import Exported, LineFile


def export(
    to: Annotated[Path, typer.Option(help="the file to write; it appears when it is complete")],
    format: Annotated[Literal["dsjson"], typer.Option(help="Vowpal Wabbit's decision-service JSON")] = "dsjson",
    placement: Annotated[str | None, typer.Option(help="of this placement only")] = None,
    labels: Annotated[
        Literal["logged", "learned"],
        typer.Option(help="what happened, with logged propensities; or what the placement's model learned, as it did"),
    ] = "logged",
    archive: Annotated[str | None, typer.Option(help="where it is archived, if not in MAITRED_ARCHIVE")] = None,
) -> None:
    """Export decisions from the journal and its archive. Whoever was forgotten is left out, and counted."""
    # These bring pyarrow, which serving processes need not have in memory.
    from api.past import open_past
    from engine.archive.labels import Learned, Logged
    from engine.archive.line_file import appearing

    with reported():
        if labels == "learned" and placement is None:
            raise ConfigError("--labels learned needs --placement: a model learns one placement")
        settings = Settings()
        histories, sealer = open_past(settings, archive), Sealer(open_keys(settings))
        skips = frozenset[int]().union(*(skipped(history, placement) for history in histories))
        chosen = Learned(skips) if labels == "learned" else Logged()
        with appearing(to) as file:
            known = {
                name for history in histories for name in _export(format, history, sealer, chosen, file, placement)
            }
            _check_known(placement, known)
    for line in _summary(file.done):
        print(line)
    if isinstance(chosen, Learned):
        print(_driver(chosen, to, settings.snapshots_path / str(placement)))


def _export(
    format: str, history: History, sealer: Sealer, labels: Labels, file: LineFile, placement: str | None
) -> set[str]:
    """Which placements there are."""
    from engine.archive.dsjson import DsjsonExport

    exports = {"dsjson": DsjsonExport}
    progress = Progress("export", history.last_position())
    exporting = exports[format](history, sealer, labels, file, placement)
    exporting.run(progress)
    progress.end()
    return exporting.known


def _check_known(placement: str | None, known: set[str]) -> None:
    if placement is not None and placement not in known:
        raise ConfigError(f"no placement {placement!r} was ever announced: there are {', '.join(sorted(known))}")


def _driver(learned: Learned, lines: Path, snapshots: Path) -> str:
    """How to let Vowpal Wabbit's own driver learn the same."""
    start = f"-i {snapshots / learned.imported}{MODEL} " if learned.imported else ""
    return f"vw --dsjson -d {lines} {start}{learned.flags}"


def _summary(done: Exported) -> Iterator[str]:
    yield f"{done.lines:,} lines, {done.skipped:,} of them marked _skipLearn"
    left_out = {
        "of people who were forgotten": done.forgotten,
        "without an action": done.without_action,
        "unsafe for Vowpal Wabbit": done.unsafe,
        "of an encoder that this software does not have": done.foreign,
    }
    yield from (f"left out: {count:,} {why}" for why, count in left_out.items() if count)
