"""What uniform choices would have earned, from logs of the shop's Thompson sampler: a log that cannot always say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.research_tables.amounts import Amounts
from benchmarks.research_tables.impressions import file_of, impressions
from benchmarks.research_tables.table import Row, Table, last_digit
from engine.policies.registry import build
from simulator.audit.verdict import Level
from simulator.evaluate.read import Read, read_for
from simulator.logs.open import open_log
from simulator.ope.base import standard_error
from simulator.ope.evaluated import concatenated
from simulator.ope.ips import IPS
from simulator.ope.snips import SNIPS

TWO_SIDED_95 = 1.96


@dataclass(frozen=True, slots=True)
class Said:
    """Of one campaign. ``heaviest`` weight and ``half`` of the interval of ``ips`` where the source has them."""

    ips: float
    snips: float
    truth: float
    effective: float
    digits: int
    half: float | None = None
    heaviest: float | None = None


SOURCE: Mapping[str, Said] = {
    "all": Said(0.00236, 0.00233, 0.0038, 340, 0, half=0.00171, heaviest=278),
    "men": Said(0.00301, 0.00319, 0.0046, 656, 0),
    "women": Said(0.00744, 0.00237, 0.0046, 2.1, 1, heaviest=21_739),
}
UNBELIEVABLE = "women"
DIGITS = 5


def made(_amounts: Amounts) -> Table:
    """Values, weights and verdicts of each campaign."""
    rows = [row for campaign, said in SOURCE.items() for row in _of(campaign, said)]
    return Table(
        "open_bandit_uniform",
        "Open Bandit Dataset, small, bts → random: values measured with obp 0.5.7, 10,000 impressions a campaign",
        "half a unit of the source's last digit: same rows, same formulas",
        tuple(rows),
        (
            "`maitred evaluate` prints no value where the verdict is *not evaluable*; obp prints them all. The "
            "values here are those of the estimators, asked without an audit.",
        ),
    )


def _of(campaign: str, said: Said) -> list[Row]:
    read = read_for(open_log(file_of("bts", campaign)), build("uniform", {}))
    truth = float(impressions("random", campaign).click.mean())
    rows = concatenated(read.parts)
    ips, sums = IPS(), IPS().sums(rows)
    half = TWO_SIDED_95 * standard_error(ips.influence(rows, sums))
    weights = read.evaluation().audit.weights
    figures: list[tuple[str, float | None, float, int]] = [
        ("ips", said.ips, ips.point(sums), DIGITS),
        ("half of the interval of ips", said.half, half, DIGITS),
        ("snips", said.snips, SNIPS().estimate(rows), DIGITS),
        ("clicks of the uniform logger", said.truth, truth, 4),
        ("effective sample size", said.effective, weights.effective, said.digits),
        ("largest weight", said.heaviest, weights.largest, 0),
    ]
    return [
        *(
            Row(f"{campaign}: {figure}", source, ours, last_digit(digits), digits=digits)
            for figure, source, ours, digits in figures
            if source is not None
        ),
        _verdict(campaign, read),
    ]


def _verdict(campaign: str, read: Read) -> Row:
    verdict = read.evaluation().verdict
    if campaign == UNBELIEVABLE:
        return Row(f"{campaign}: verdict", str(Level.NOT_EVALUABLE), str(verdict.level))
    said = ": ".join([str(verdict.level), *(reason.words for reason in verdict.reasons[:1])])
    return Row(f"{campaign}: verdict", "", said, other=True)
