"""``maitred features stats``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from api.cli.failure import reported
from api.cli.progress import Progress
from api.cli.tables import print_table
from api.settings import Settings
from engine.errors import ConfigError
from features import plan as plans

if TYPE_CHECKING:
    from features.stats import FeatureStats

SAMPLE = 100_000
QUANTILES = "least 5% 25% 50% 75% 95% greatest"
COLUMNS = ("feature", "asked", "missing", "stale", "outside", "mean", "sd", QUANTILES, "values")


def stats(
    placement: Annotated[str | None, typer.Option(help="of this placement only")] = None,
    sample: Annotated[int, typer.Option(min=0, help="look at no more decisions than these; 0 for all")] = SAMPLE,
    archive: Annotated[str | None, typer.Option(help="where it is archived, if not in MAITRED_ARCHIVE")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="print values that are about persons, too")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """What values the features had in the decisions that were made."""
    # These bring pyarrow, which serving processes need not have in memory.
    from api.sampled import Decisions
    from features.listing import listing
    from features.stats import stats_of

    with reported():
        settings = Settings()
        listed = listing(plans.load(settings.plan_path))
        decisions = Decisions(settings, archive, placement)
        progress = Progress("read", decisions.records())
        told = stats_of(listed, decisions.sample(sample, progress), reveal=reveal)
        progress.end()
        if not told:
            raise ConfigError("no decision that can be read was recorded")
    if json_output:
        print(msgspec.json.encode({"placement": placement, "features": told}).decode())
    else:
        print_table(COLUMNS, [_row(each) for each in told])
    if decisions.forgotten:
        print(f"maitred: {decisions.forgotten:,} decisions are of people who were forgotten", file=sys.stderr)


def _row(each: FeatureStats) -> Sequence[str]:
    shares = (f"{share:.1%}" if share else "" for share in (each.missing, each.stale, each.outside))
    numbers = ("" if number is None else f"{number:.4g}" for number in (each.mean, each.sd))
    quantiles = " ".join(f"{number:.4g}" for number in each.quantiles)
    return (each.feature, f"{each.asked:,}", *shares, *numbers, quantiles, _values(each))


def _values(each: FeatureStats) -> str:
    if each.distinct is None:
        return ""
    count = f"{'at least ' if each.distinct_is_least else ''}{each.distinct:,}"
    return ": ".join([count, ", ".join(f"{value} {share:.0%}" for value, share in each.top)]) if each.top else count
