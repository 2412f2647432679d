"""What the verbs that carry out experiments have in common: options, progress, and what is said in the end."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.log_options import ended
from api.cli.progress import Progress

if TYPE_CHECKING:
    from simulator.experiments.entrant import Entrant
    from simulator.experiments.experiment import Experiment
    from simulator.experiments.summary import Summary

TRUST = ("trust", "caution", "not evaluable")
EXIT_CODES = (0, 3, 4)

Policies = Annotated[list[str] | None, typer.Option("--policy", help="as in maitred evaluate; again for more")]
Reference = Annotated[
    str | None, typer.Option(help="the policy that others are compared with; the first one by default")
]
Seeds = Annotated[int, typer.Option(min=1, help="runs of each policy, with other luck each")]
Processes = Annotated[int, typer.Option(min=1, help="at work at once; the numbers do not depend on it")]
To = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="results.parquet, report.html, and what it needs to go on after a kill"),
]


def entrants(policies: list[str]) -> list[Entrant]:
    """Policies as the command line names them. Raises ``ConfigError``."""
    from functools import partial

    from simulator.experiments.entrant import Entrant
    from simulator.policies.spec import policy_of

    return [Entrant.of(text, partial(policy_of, text)) for text in policies]


def conducted(experiment: Experiment, to: Path | None, processes: int) -> Summary:
    """Carry it out, with what was measured before if there is a folder, and leave the files there."""
    from simulator.experiments.conduct import conduct
    from simulator.experiments.summary import summary
    from simulator.report.files import Files

    with ExitStack() as stack:
        folder = to or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files, progress = Files(folder), Progress("measured", sum(1 for _ in experiment.cells()))
        results = conduct(experiment, files.store, processes=processes, watch=progress)
        progress.end()
        found = summary(results)
        if to is not None:
            files.write(results, found)
    return found


def say(found: Summary, to: Path | None, *, as_json: bool) -> None:
    """Print it, and leave with the worst verdict's exit code."""
    from simulator.report import terminal
    from simulator.report.files import Files

    if as_json:
        print(json.dumps(terminal.as_json(found)))
    else:
        print("\n".join(terminal.lines(found)).rstrip())
        if to is not None:
            print(f"\n{Files(to).page}: the same with pictures; {Files(to).results}: every run")
    ended(EXIT_CODES[TRUST.index(found.verdict)])
