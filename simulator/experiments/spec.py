"""An experiment as a YAML file, and from the file to the experiment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from engine.config import Identifier, Spec
from engine.config_shape import shape_faults
from engine.errors import ConfigError
from engine.marked_yaml import Fault
from engine.policies import registry as policies
from engine.stats.weighted import Range
from engine.yaml_problems import problems, read, refuse
from simulator.experiments.entrant import Entrant
from simulator.experiments.experiment import SEEDS, Experiment
from simulator.experiments.in_world import InWorld
from simulator.experiments.on_log import How, OnLog
from simulator.experiments.setting import Setting
from simulator.worlds import registry as worlds

ROUNDS = 2_000
_FILES = ("path", "config", "mapping")
"""Parameters of worlds that name files; as those of logs, relative ones are beside the YAML."""

Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class EntrantSpec(Spec, frozen=True, kw_only=True):
    """A policy's registered name, and its constructor's parameters."""

    name: Identifier
    params: dict[str, Any] = msgspec.field(default_factory=dict)


class WorldSpec(Spec, frozen=True, kw_only=True):
    """A world's registered name, its constructor's parameters, and how many rounds of it are played."""

    name: Identifier
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    rounds: Count | None = None


class LogSpec(Spec, frozen=True, kw_only=True):
    """A log in a file. See ``OnLog``."""

    path: str
    rewards: tuple[float, float] | None = None
    learns_from: How = "own"
    by: str = ""


class ExperimentSpec(Spec, frozen=True, kw_only=True):
    """The whole YAML.

    Attributes:
        seeds: how many runs of each policy in each world, or replays on each log.
        rounds: of worlds that do not say.
        reference: label of the policy that others are compared with; the first one if left out.
    """

    schema_version: Literal[1]
    name: Identifier
    policies: Annotated[dict[Identifier, EntrantSpec], msgspec.Meta(min_length=1)]
    worlds: dict[Identifier, WorldSpec] = msgspec.field(default_factory=dict)
    logs: dict[Identifier, LogSpec] = msgspec.field(default_factory=dict)
    seeds: Count = SEEDS
    rounds: Count = ROUNDS
    reference: Identifier | None = None


def load(path: Path) -> Experiment:
    """The experiment in a file. Raises ``ConfigError`` that lists every problem."""
    marked = read(path)
    faults = list(shape_faults(marked.value, ExperimentSpec))
    if not faults:
        faults += _meaning_faults(msgspec.convert(marked.value, ExperimentSpec), path.parent)
    refuse(path, problems(marked, faults))
    return _experiment(msgspec.convert(marked.value, ExperimentSpec), path.parent)


def _meaning_faults(spec: ExperimentSpec, folder: Path) -> Iterator[Fault]:
    if not spec.worlds and not spec.logs:
        yield Fault(("worlds",), "a world or a log to measure policies in", "none")
    if spec.reference is not None and spec.reference not in spec.policies:
        yield Fault(("reference",), "one of the policies", repr(spec.reference))
    for label, entrant in spec.policies.items():
        yield from _fault(("policies", label), partial(policies.build, entrant.name, entrant.params))
    for label, world in spec.worlds.items():
        yield from _fault(("worlds", label), partial(worlds.build, world.name, _placed(world.params, folder)))
    for label, log in spec.logs.items():
        if label in spec.worlds:
            yield Fault(("logs", label), "a name that no world has", repr(label))
        if not _place(log.path, folder).exists():
            yield Fault(("logs", label, "path"), "a file, or a folder of Parquet files", log.path)
        if log.rewards is not None and not log.rewards[0] < log.rewards[1]:
            yield Fault(("logs", label, "rewards"), "two numbers, the smaller first", str(list(log.rewards)))


def _fault(path: tuple[str, ...], build: partial[Any]) -> Iterator[Fault]:
    try:
        build()
    except ConfigError as error:
        yield Fault(path, "what can be built", str(error))


def _experiment(spec: ExperimentSpec, folder: Path) -> Experiment:
    return Experiment(
        spec.name,
        [Entrant.of(label, partial(policies.build, each.name, each.params)) for label, each in spec.policies.items()],
        [*_worlds(spec, folder), *_logs(spec, folder)],
        range(1, spec.seeds + 1),
        spec.reference or "",
    )


def _worlds(spec: ExperimentSpec, folder: Path) -> Iterator[Setting]:
    for label, each in spec.worlds.items():
        make = partial(worlds.build, each.name, _placed(each.params, folder))
        yield InWorld(label, make, each.rounds or spec.rounds)


def _logs(spec: ExperimentSpec, folder: Path) -> Iterator[Setting]:
    for label, each in spec.logs.items():
        rewards = None if each.rewards is None else Range(*each.rewards)
        yield OnLog(label, _place(each.path, folder), rewards, each.learns_from, each.by)


def _placed(params: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    files = {name: str(_place(params[name], folder)) for name in _FILES if isinstance(params.get(name), str)}
    return {**params, **{name: file for name, file in files.items() if params[name]}}


def _place(path: str, folder: Path) -> Path:
    return folder / Path(os.path.expandvars(path)).expanduser()
