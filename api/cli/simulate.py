"""``maitred simulate``: what policies earn in worlds whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.experiments import Policies, Processes, Reference, Seeds, To, conducted, entrants, say
from api.cli.failure import reported
from api.cli.log_options import Json
from engine.errors import ConfigError

if TYPE_CHECKING:
    from simulator.experiments.experiment import Experiment

FILES = (".yaml", ".yml", ".json")


def simulate(
    what: Annotated[str, typer.Argument(help="an experiment's YAML file, or a world's name", metavar="EXPERIMENT")],
    policy: Policies = None,
    rounds: Annotated[int, typer.Option(min=1, help="of the world, where its name is given")] = 2_000,
    seeds: Seeds = 5,
    reference: Reference = None,
    processes: Processes = 1,
    to: To = None,
    as_json: Json = False,
) -> None:
    """Run policies in worlds, and replay them on logs. The exit code is the worst verdict's: 0, 3 or 4."""
    with reported():
        if what.endswith(FILES):
            experiment = _of_file(Path(what), policy)
        else:
            experiment = _of_world(what, policy or [], rounds, seeds, reference or "")
        found = conducted(experiment, to, processes)
    say(found, to, as_json=as_json)


def _of_file(path: Path, policies: list[str] | None) -> Experiment:
    # It brings pyarrow, which serving processes need not have in memory; so do those below.
    from simulator.experiments.spec import load

    if policies:
        raise ConfigError("--policy: an experiment's file has its own policies")
    return load(path)


def _of_world(name: str, policies: list[str], rounds: int, seeds: int, reference: str) -> Experiment:
    from functools import partial

    from simulator.experiments.experiment import Experiment
    from simulator.experiments.in_world import InWorld
    from simulator.worlds.registry import build

    make = partial(build, name, {})
    make()
    setting = InWorld(name, make, rounds)
    return Experiment(name, entrants(policies), [setting], range(1, seeds + 1), reference)
