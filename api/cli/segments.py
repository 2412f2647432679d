"""``maitred segments …``: groups of users who are alike, as a feature."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from api.cli.failure import reported
from api.cli.pairs import UNKNOWN, pairs
from api.cli.progress import Progress
from api.cli.written import say_written
from api.settings import Settings
from features import plan as plans
from features.clock import wall_clock
from features.errors import PredictionError

if TYPE_CHECKING:
    from pyarrow import Array

    from features.files.load import Loaded
    from features.predictions.segmentation import Segmentation
    from features.predictions.table import Table
    from features.predictions.users import Users
    from features.predictions.write_back import Destination

# What reads users and finds segments brings pyarrow and scikit-learn, which serving processes need not have in memory.

SEGMENT = "user_predictions.segment"
PICTURE = "picture.svg"
MOST_SEGMENTS = 20

app = typer.Typer(help="Groups of users who are alike, as a feature: find them, look at them.", no_args_is_help=True)
Data = Annotated[Path | None, typer.Option(help="CSV or Parquet with a row a user, instead of Feast's history")]
Key = Annotated[str | None, typer.Option(help="the file's column with the users' ids; user_id by default")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object")]
Svg = Annotated[Path | None, typer.Option(help="where to put the picture, too")]


@app.command()
def fit(  # noqa: PLR0913 (one parameter an option)
    data: Data = None,
    key: Key = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="use this one (view.feature, or a column of --data); again for more")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="do not use this one; again for more")] = None,
    unknown: Annotated[
        list[str] | None, typer.Option(help="column=value: what a column of --data says where nothing is known")
    ] = None,
    k: Annotated[str, typer.Option(help="how many segments: 4, or the best of 2..8")] = "2..8",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="where chance begins")] = 0,
    into: Annotated[str, typer.Option(help="the feature that holds a user's segment")] = SEGMENT,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="keep nothing and write nothing")] = False,
    svg: Svg = None,
    json_output: Json = False,
) -> None:
    """Find groups of users who are alike, and tell everybody's online. A group that stays keeps its name."""
    from features.predictions.segment_fit import Asked, fit_segments, named
    from features.predictions.segmentation import segments_shelf

    with reported():
        settings, at_us, written = Settings(), wall_clock(), None
        unknowns = pairs("--unknown", unknown, UNKNOWN)
        to = None if dry_run and data is not None else _destination(settings, into)
        users = _users(to, data, key, feature or [], without or [], unknowns, keyed=not dry_run)
        shelf = segments_shelf(settings.home)
        before = shelf.newest()
        asked = Asked(_numbers(k), seed, into, users.name, at_us, unknowns)
        progress = Progress("numbers of segments tried", len(asked.ks))
        table = users.table()
        found = fit_segments(table, asked, before[0] if before else None, progress)
        progress.end()
        if svg is not None:
            svg.write_text(found.picture)
        if to is not None and not dry_run:
            shelf.put(found.segmentation.version, found.segmentation, {PICTURE: found.picture})
            written = _write(to, table, named(found.segmentation, found.labels), at_us)
    _say(found.segmentation, written, json_output=json_output)


@app.command()
def assign(data: Data = None, key: Key = None, json_output: Json = False) -> None:
    """Tell everybody the segment that they are in by now, of those that were found last."""
    from features.predictions.segment_fit import segments_of
    from features.predictions.segmentation import segments_shelf
    from features.predictions.users import users_of

    with reported():
        settings, at_us = Settings(), wall_clock()
        known, _ = _last(segments_shelf(settings.home).newest())
        only, to = [axis.name for axis in known.axes], _destination(settings, known.target)
        users = users_of(known.source, _users(to, data, key, only, [], known.unknown, keyed=True))
        table = users.table()
        written = _write(to, table, segments_of(known, table), at_us)
    if json_output:
        print(msgspec.json.encode({"version": known.version, "written": written}).decode())
    else:
        say_written(written, known.target)


@app.command()
def show(svg: Svg = None, json_output: Json = False) -> None:
    """Print the segments that were found last."""
    from features.predictions.segmentation import segments_shelf

    with reported():
        known, folder = _last(segments_shelf(Settings().home).newest())
        if svg is not None:
            svg.write_bytes((folder / PICTURE).read_bytes())
    _say(known, None, json_output=json_output)


def _destination(settings: Settings, into: str) -> Destination:
    from features.predictions.write_back import Destination

    return Destination.named(plans.load(settings.plan_path), into, "string")


def _users(
    to: Destination | None,
    data: Path | None,
    key: str | None,
    only: list[str],
    without: list[str],
    unknown: dict[str, str],
    *,
    keyed: bool,
) -> Users:
    from features.predictions.users import FromFile, FromHistory, user_column

    if data is not None:
        return FromFile(data, user_column(data, key, needed=keyed), only, without, unknown)
    assert to is not None
    return FromHistory(to.plan, to.target, only, without)


def _write(to: Destination, table: Table, names: Array, at_us: int) -> Loaded:
    progress = Progress("written", table.rows)
    written = to.write(table.keys, names, at_us, progress)
    progress.end()
    return written


def _last(newest: tuple[Segmentation, Path] | None) -> tuple[Segmentation, Path]:
    if newest is None:
        raise PredictionError("no segments were found yet: run `maitred segments fit`")
    return newest


def _numbers(k: str) -> range:
    """``4`` or ``2..8``."""
    found = re.fullmatch(r"(\d{1,3})(?:\.\.(\d{1,3}))?", k)
    least, greatest = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 2 <= least <= greatest <= MOST_SEGMENTS:
        raise PredictionError(f"--k takes a number from 2 to {MOST_SEGMENTS}, or a range as 2..8, not {k!r}")
    return range(least, greatest + 1)


def _say(known: Segmentation, written: Loaded | None, *, json_output: bool) -> None:
    if json_output:
        print(msgspec.json.encode({"segmentation": known, "verdict": known.verdict, "written": written}).decode())
        return
    for line in _summary(known):
        print(line)
    if written is not None:
        say_written(written, known.target)


def _summary(known: Segmentation) -> Iterator[str]:
    yield f"{known.version}: {len(known.segments)} segments of {known.users:,} users, from {known.source}"
    for segment in known.segments:
        yield f"{segment.name}: {segment.users:,} users ({segment.share:.1%}): {segment.title}"
        yield from (f"  {t.feature}: {t.here}, all {t.all} ({t.difference:+.1f} deviations)" for t in segment.traits)
    tried = ", ".join(f"{k}: {value:.3f}" for k, value in known.silhouettes.items())
    yield known.verdict
    yield f"  tried with {known.starts} starts on {known.fitted:,} users, judged on {known.judged:,}: {tried}"
    yield from (f"not used: {name}: {why}" for name, why in known.left_out.items())
    if known.retired:
        yield f"gone since earlier fits: {', '.join(known.retired)}: rules that name them hold for nobody"
