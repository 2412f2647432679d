"""``maitred propensity …``: how likely users are to buy or to leave, as a feature."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from api.cli.failure import FAILED, reported
from api.cli.pairs import UNKNOWN, pairs
from api.cli.progress import Progress
from api.cli.written import say_written
from api.settings import Settings
from features import plan as plans
from features.clock import wall_clock
from features.errors import PredictionError

if TYPE_CHECKING:
    from features.files.load import Loaded
    from features.predictions.from_outcomes import Known
    from features.predictions.propensity import Propensity
    from features.predictions.table import Floats
    from features.predictions.write_back import Destination

# What learns brings pyarrow and scikit-learn, which serving processes need not have in memory.

PLOT = "calibration.svg"
NAMED_COLUMNS = 5

app = typer.Typer(help="How likely users are to buy or to leave, as a feature.", no_args_is_help=True)


class Of(StrEnum):
    """What users may do."""

    conversion = "conversion"
    churn = "churn"


Kind = Annotated[Of, typer.Option("--of", help="what they may do")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object")]
Svg = Annotated[Path | None, typer.Option(help="where to put the calibration plot, too")]


@app.command()
def fit(  # noqa: PLR0913 (one parameter an option)
    data: Annotated[Path, typer.Option(help="CSV or Parquet: what was known of users, and whether it happened then")],
    target: Annotated[str, typer.Option(help="column that says whether it happened; empty: not known yet")],
    of: Kind = Of.conversion,
    positive: Annotated[str | None, typer.Option(help="what the target says where it happened; yes by default")] = None,
    time: Annotated[str | None, typer.Option(help="column with the rows' times; by default they are in order")] = None,
    key: Annotated[str | None, typer.Option(help="column with the users' ids; user_id by default")] = None,
    without: Annotated[list[str] | None, typer.Option(help="do not learn from this column; again for more")] = None,
    unknown: Annotated[
        list[str] | None, typer.Option(help="column=value: what a column says where nothing is known")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="where chance begins")] = 0,
    into: Annotated[
        str | None, typer.Option(help="the feature; user_predictions.conversion_propensity, or churn")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="keep nothing and write nothing")] = False,
    svg: Svg = None,
    json_output: Json = False,
) -> None:
    """Learn from past outcomes, judge it on later ones, and tell every user's online. Exit code 1 if it is no use."""
    from features.predictions.from_outcomes import Asking, known_from
    from features.predictions.propensity import Asked, fit_propensity, propensity_shelf
    from features.predictions.users import user_column

    with reported():
        settings, at_us, written = Settings(), wall_clock(), None
        into = into or f"user_predictions.{of.value}_propensity"
        to = None if dry_run else _destination(settings, into)
        unknowns = pairs("--unknown", unknown, UNKNOWN)
        whose = user_column(data, key, needed=not dry_run)
        known = known_from(data, Asking(target, positive, time, whose, without or [], unknowns))
        asked = Asked(of.value, target, into, data.name, at_us, seed)
        found = fit_propensity(known.table, known.happened, known.times, asked)
        if svg is not None:
            svg.write_text(found.plot)
        if to is not None:
            propensity_shelf(settings.home, of.value).put(asked.version, found.propensity, {PLOT: found.plot})
            if found.propensity.ranks:
                written = _write(to, known, found.predicted, at_us)
    _say(found.propensity, written, json_output=json_output)
    if not found.propensity.ranks:
        raise typer.Exit(FAILED)


@app.command()
def show(of: Kind = Of.conversion, svg: Svg = None, json_output: Json = False) -> None:
    """Print what was learned last, and how good it is."""
    from features.predictions.propensity import propensity_shelf

    with reported():
        newest = propensity_shelf(Settings().home, of.value).newest()
        if newest is None:
            raise PredictionError(f"nothing was learned of {of.value} yet: run `maitred propensity fit`")
        found, folder = newest
        if svg is not None:
            svg.write_bytes((folder / PLOT).read_bytes())
    _say(found, None, json_output=json_output)


def _destination(settings: Settings, into: str) -> Destination:
    from features.predictions.write_back import Destination

    return Destination.named(plans.load(settings.plan_path), into, "float")


def _write(to: Destination, known: Known, predicted: Floats, at_us: int) -> Loaded:
    keys, newest = known.newest()
    progress = Progress("written", len(keys))
    written = to.write(keys, predicted[newest], at_us, progress)
    progress.end()
    return written


def _say(found: Propensity, written: Loaded | None, *, json_output: bool) -> None:
    if json_output:
        print(msgspec.json.encode({"propensity": found, "verdict": found.verdict, "written": written}).decode())
        return
    for line in _summary(found):
        print(line)
    if written is not None:
        say_written(written, found.target)


def _summary(found: Propensity) -> Iterator[str]:
    yield f"{found.version}: {found.of} ({found.outcome}), from {found.source}"
    for name, part in found.parts.items():
        yield f"  {name}: {part.rows:,} rows, it happened in {part.rate:.1%}"
    if found.unknown_outcomes:
        yield f"  {found.unknown_outcomes:,} rows whose outcome is not known yet"
    both = ", ".join(f"{kind} {auc:.3f}" for kind, auc in found.aucs.items())
    yield f"model: {found.kind}, {found.method} calibration (AUC on the rows to calibrate on: {both})"
    test = found.reliability
    yield f"test: AUC {found.auc.value:.3f} (95 %: {found.auc.low:.3f} to {found.auc.high:.3f}, DeLong)"
    yield f"  Brier {test.brier:.4f}; always {test.constant:.1%}: {test.brier_constant:.4f}"
    yield f"  calibration error {test.ece:.3f}; chance alone up to {test.ece_by_chance:.3f}"
    goes_by = ", ".join(f"{name} {loss:.3f}" for name, loss in list(found.goes_by.items())[:NAMED_COLUMNS])
    yield f"  goes by (AUC lost without): {goes_by}"
    if found.dominant is not None:
        yield f"is {found.dominant} known before it happens? If not: --without {found.dominant}"
    yield found.verdict
    yield from (f"not used: {name}: {why}" for name, why in found.left_out.items())
