"""``maitred compare``: which policy would have earned more on a log, and whether the log can tell."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.experiments import Policies, Processes, Reference, Seeds, To, conducted, entrants, say
from api.cli.failure import reported
from api.cli.log_options import Format, Json, LogPath, Rewards, declared


def compare(  # noqa: PLR0913 (one parameter an option)
    log: LogPath,
    policy: Policies = None,
    reference: Reference = None,
    by: Annotated[str, typer.Option(help="a category of the context, by whose values to look, too")] = "",
    seeds: Seeds = 3,
    processes: Processes = 1,
    rewards: Rewards = None,
    format: Format = None,
    to: To = None,
    as_json: Json = False,
) -> None:
    """Compare policies row by row. Those that learn are replayed. The exit code is the worst verdict's: 0, 3 or 4."""
    with reported():
        # These bring pyarrow, which serving processes need not have in memory.
        from simulator.experiments.experiment import Experiment
        from simulator.experiments.on_log import OnLog

        setting = OnLog(log.name, log, declared(rewards), by=by, format=format)
        experiment = Experiment(log.name, entrants(policy or []), [setting], range(1, seeds + 1), reference or "")
        found = conducted(experiment, to, processes)
    say(found, to, as_json=as_json)
