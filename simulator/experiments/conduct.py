"""Carrying out an experiment: in any number of processes, and going on after a kill."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from simulator.experiments.cell import Cell
from simulator.experiments.digest import digest, software
from simulator.experiments.experiment import Experiment
from simulator.experiments.measured import Measured
from simulator.experiments.results import Origin, Result, Results
from simulator.experiments.store import Store
from simulator.runs.processes import in_processes
from simulator.watch import Watch, unwatched


@dataclass(frozen=True, slots=True)
class Planned:
    """A cell and its key, which is costly."""

    cell: Cell
    key: str


def conduct(experiment: Experiment, store: Store, *, processes: int = 1, watch: Watch = unwatched) -> Results:
    """Measure every cell that is not in the store yet. The result does not depend on what was, or on ``processes``.

    Args:
        watch: is told how many cells are measured.

    Raises:
        PolicyError, ConfigError: a policy does not get along with a setting; what was measured before is kept.
        OSError: a log is not there, or the store cannot be written.
    """
    planned = [Planned(cell, cell.key) for cell in experiment.cells()]
    missing = [each for each in planned if store.get(each.key) is None]
    done = len(planned) - len(missing)
    watch(done)
    for _ in in_processes(partial(_measured, store), missing, processes):
        done += 1
        watch(done)
    cells = [_result(each.cell, _kept(store, each.key)) for each in planned]
    return Results(_origin(experiment, planned), tuple(cells))


def _measured(store: Store, planned: Planned) -> None:
    store.put(planned.key, planned.cell.measure())


def _kept(store: Store, key: str) -> Measured:
    found = store.get(key)
    if found is None:
        raise OSError(f"{store.folder}: a measurement is gone")
    return found


def _result(cell: Cell, measured: Measured) -> Result:
    return Result(setting=cell.setting.label, policy=cell.entrant.label, seed=cell.seed, measured=measured)


def _origin(experiment: Experiment, planned: list[Planned]) -> Origin:
    entrants = {each.label: each.described for each in experiment.entrants}
    settings = {each.label: each.described for each in experiment.settings}
    config: dict[str, Any] = msgspec.to_builtins(
        {"policies": entrants, "settings": settings, "seeds": list(experiment.seeds)}, order="deterministic"
    )
    data = {each.cell.setting.label: each.cell.data for each in planned}
    return Origin(
        experiment=experiment.name,
        reference=experiment.compared_with,
        config=digest(config),
        data=digest(data),
        software=software(),
        described=config,
    )
