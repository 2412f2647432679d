"""``maitred evaluate``: what another policy would have earned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.failure import reported
from api.cli.log_options import Format, Json, LogPath, Mapping, Rewards, declared, ended, opened, reading
from engine.errors import ConfigError

if TYPE_CHECKING:
    from engine.stats.weighted import Range
    from simulator.evaluate.question import Question


def evaluate(
    log: LogPath,
    policy: Annotated[str, typer.Option(help="a name, a name with parameters (baseline:action=a1), or a YAML file")],
    estimator: Annotated[list[str] | None, typer.Option(help="ips, snips, dr …; may be given several times")] = None,
    interval: Annotated[
        str | None,
        typer.Option(
            metavar="KIND[@CONFIDENCE]",
            help="delta, bootstrap, empirical_likelihood, bernstein or confidence_sequence; 0.95 by default",
        ),
    ] = None,
    rewards: Rewards = None,
    format: Format = None,
    mapping: Mapping = None,
    as_json: Json = False,
) -> None:
    """Estimate what a policy would have earned on a log. The exit code is the verdict's: 0 trust, 3 caution, 4 none."""
    with reported():
        # These bring pyarrow and scipy, which serving processes need not have in memory.
        from simulator.evaluate.evaluate import evaluate as evaluated
        from simulator.policies.spec import policy_of

        ends = declared(rewards)
        question, progress = _question(estimator, interval, ends), reading(log)
        found = evaluated(opened(log, format, mapping, ends), policy_of(policy), question, watch=progress)
        progress.end()
    print(json.dumps(found.as_json()) if as_json else "\n".join(found.lines()))
    ended(found.verdict.exit_code)


def _question(estimators: list[str] | None, interval: str | None, rewards: Range | None) -> Question:
    from engine.stats.interval import CONFIDENCE
    from simulator.evaluate.question import DEFAULT, Question

    kind, at, confidence = (interval or "").partition("@")
    try:
        sure = float(confidence) if at else CONFIDENCE
    except ValueError as error:
        raise ConfigError(f"--interval: expected KIND@CONFIDENCE, found {interval!r}") from error
    return Question(tuple(estimators or DEFAULT), kind or None, rewards, sure)
