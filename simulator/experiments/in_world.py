"""A policy measured in a world whose truth is known."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.experiments.digest import digest
from simulator.experiments.entrant import Entrant
from simulator.experiments.measured import ActionShare, Curve, Kind, Measured, Part
from simulator.runs.run import run
from simulator.runs.trajectory import Trajectory
from simulator.worlds.world import Round, World

MARKS = 50
"""Points of a curve."""
LATE = 0.2
PROBED = 64
"""Rounds by which a world's data are told apart."""


@dataclass(frozen=True, slots=True)
class InWorld:
    """So many rounds of a world.

    Attributes:
        make: makes the world; picklable, as ``LogisticWorld`` is or ``partial(LogisticWorld, actions=3)``.
        description: what it is, in plain values; by its name and its constructor's parameters if empty.
    """

    label: str
    make: Callable[[], World]
    rounds: int
    description: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """See ``Setting``."""
        return "world"

    @property
    def described(self) -> Mapping[str, Any]:
        """See ``Setting``."""
        return {"rounds": self.rounds, **(self.description or _parameters(self.make()))}

    def data(self) -> str:
        """Of the first rounds: whatever a world is made of, other data give others."""
        rounds = zip(range(PROBED), self.make().play(PROBED, 0), strict=False)
        return digest([_plain(round) for _, round in rounds])

    def measure(self, entrant: Entrant, seed: int) -> Measured:
        """See ``Setting``."""
        return of_trajectory(run(entrant.make(), self.make(), self.rounds, seed))


def of_trajectory(found: Trajectory) -> Measured:
    """What is kept of a run."""
    return Measured(
        kind="world",
        whole=_part("", found.value),
        parts=tuple(_segments(found)),
        earned=float(found.reward.mean()) if len(found) else None,
        best=float(found.best.mean()) if len(found) else None,
        curve=_curve(found),
        shares=tuple(_shares(found)),
    )


def _part(name: str, values: Any) -> Part:
    return Part(name=name, decisions=len(values), value=float(values.mean()) if len(values) else None)


def _segments(found: Trajectory) -> Iterator[Part]:
    if len(found.segments) > 1:
        for code, name in sorted(enumerate(found.segments), key=lambda each: each[1]):
            yield _part(name or "(none)", found.value[found.segment == code])


def _curve(found: Trajectory) -> Curve:
    marks = sorted({round(len(found) * mark / MARKS) for mark in range(1, MARKS + 1)} - {0})
    summed = np.cumsum(found.regret)
    return Curve(rounds=tuple(marks), regret=tuple(float(summed[mark - 1]) for mark in marks))


def _shares(found: Trajectory) -> Iterator[ActionShare]:
    late = found.action[len(found) - round(len(found) * LATE) :]
    of_all, of_late = (np.bincount(codes, minlength=len(found.actions)) for codes in (found.action, late))
    for code in np.argsort(np.array(found.actions, dtype=object), kind="stable").tolist():
        of_late_share = float(of_late[code] / len(late)) if len(late) else None
        yield ActionShare(action=found.actions[code], share=float(of_all[code] / len(found)), late=of_late_share)


def _parameters(world: World) -> dict[str, Any]:
    names = inspect.signature(type(world)).parameters
    return {"world": world.name, "params": {name: getattr(world, name) for name in names if hasattr(world, name)}}


def _plain(round: Round) -> list[Any]:
    candidates = [[each.id, dict(each.features)] for each in round.candidates]
    return [round.time_us, round.unit, dict(round.shared), candidates, round.expected, round.rewards]
