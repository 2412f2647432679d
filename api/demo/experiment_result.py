"""What a logged experiment earned under our policy, beside what its own arms earned."""

from __future__ import annotations

import msgspec
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from api.demo.count import JournalCount
from api.demo.rate import favourite, rate
from simulator.logged.experiment import Experiment


class ExperimentResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal says, beside what the file says about every arm.

    Attributes:
        last_third_rate: mean of the metric over the matched decisions among the last third, with its 95 % interval;
            ``None`` if it is not evaluable.
        matched: decisions that chose what was really shown; ``late`` ones were reported too late to count, and
            ``unsettled`` ones are not final.
        uniform_rate, arm_rates: had arms been drawn uniformly, or had one always been shown.
        favourite: the action chosen most often in the last third, and ``favourite_share`` how often.
        line: the rate with its interval, or why it is not evaluable.
        bad_rows: rows of the file that could not be used.
    """

    metric: str
    decisions: int
    matched: int
    last_third_matched: int
    last_third_rate: float | None
    interval: tuple[float, float] | None
    uniform_rate: float
    arm_rates: dict[str, float]
    favourite: str
    favourite_share: float
    line: str
    late: int
    unsettled: int
    bad_rows: int


def result_of(count: JournalCount, experiment: Experiment, metric: str) -> ExperimentResult:
    """What a count of the journal says about the last third of its decisions."""
    last_third = count.decisions[len(count.decisions) * 2 // 3 :]
    measured, (action, share) = rate(last_third), favourite(last_third)
    return ExperimentResult(
        metric=metric,
        decisions=len(count.decisions),
        matched=len(count.earned()),
        last_third_matched=measured.matched,
        last_third_rate=measured.mean,
        interval=measured.interval,
        uniform_rate=experiment.uniform_value(metric),
        arm_rates=experiment.arm_values(metric),
        favourite=action,
        favourite_share=share,
        line=measured.line,
        late=count.late,
        unsettled=count.unsettled,
        bad_rows=len(experiment.faults),
    )


def print_result(console: Console, result: ExperimentResult, seed: int) -> None:
    """The figure with its interval, the references, the learned favourite."""
    console.print(
        f"{result.decisions:,} decisions in the order of seed {seed}; {result.matched:,} chose what was really shown, "
        "and only those were learned",
        soft_wrap=True,
    )
    table = Table("", result.metric, box=SIMPLE, title_justify="left", title=f"mean {result.metric} per customer")
    table.add_row("last third, learned (from the journal)", result.line, style="bold green")
    table.add_row("arms drawn uniformly (from the file)", f"{result.uniform_rate:.4f}")
    for arm, value in result.arm_rates.items():
        table.add_row(f"always {arm}", f"{value:.4f}")
    console.print(table)
    console.print(f"learned favourite: {result.favourite}, in {result.favourite_share:.0%} of the last third")
    for number, what in ((result.late, "reported shown too late to count"), (result.unsettled, "not settled")):
        if number:
            console.print(f"{number:,} decisions were {what}", style="red")
