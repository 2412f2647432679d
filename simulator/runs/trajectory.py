"""What became of one policy in one world, in columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from operator import mul

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulator.runs.steps import Step

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """One run, one entry a round in the order in which it went.

    Attributes:
        policy, world, seed: what was run.
        number, time_us: of the round.
        unit, action, segment: codes; ``units``, ``actions`` and ``segments`` have their names.
        chosen: index of the shown candidate among the round's.
        propensity: with which it was shown.
        expected: its exact mean reward, in the world's units.
        value: exact mean reward of the policy's pmf in this round, before anything was drawn.
        best: the greatest exact mean reward of any candidate.
        reward: what it really earned.
        told: what was heard of it; NaN if nothing ever was.
    """

    policy: str
    world: str
    seed: int
    number: Codes
    time_us: Codes
    unit: Codes
    action: Codes
    segment: Codes
    chosen: Codes
    propensity: Floats
    expected: Floats
    value: Floats
    best: Floats
    reward: Floats
    told: Floats
    units: tuple[str, ...]
    actions: tuple[str, ...]
    segments: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.number)

    @property
    def regret(self) -> Floats:
        """By how much each round's best candidate exceeds the policy on average."""
        return self.best - self.value

    def equals(self, other: Trajectory) -> bool:
        """Whether both went the same way, to the last digit."""
        return self.table().equals(other.table()) and self._named() == other._named()

    def table(self) -> pa.Table:
        """All columns, with names in place of codes; ``told`` is null where nothing was heard."""
        columns: dict[str, pa.Array] = {}
        for each in fields(self):
            values = getattr(self, each.name)
            if isinstance(values, np.ndarray):
                columns[each.name] = pa.array(values, from_pandas=each.name == "told")
        for code, names in (("unit", self.units), ("action", self.actions), ("segment", self.segments)):
            columns[code] = pa.array(names, pa.string()).take(columns[code])
        return pa.table(columns)

    def _named(self) -> tuple[str, str, int]:
        return self.policy, self.world, self.seed


@dataclass(slots=True)
class _Names:
    """A code for each name, in the order in which they come."""

    codes: dict[str, int] = field(default_factory=dict)

    def code(self, name: str) -> int:
        return self.codes.setdefault(name, len(self.codes))


def recorded(steps: Iterable[Step], *, policy: str, world: str, seed: int) -> Trajectory:
    """The columns of a run, which is run to its end by this."""
    integers, numbers = array("q"), array("d")
    units, actions, segments = _Names(), _Names(), _Names()
    for round, pmf, chosen in steps:
        action = actions.code(round.candidates[chosen].id)
        unit, segment = units.code(round.unit), segments.code(round.segment)
        integers.extend((round.number, round.time_us, unit, action, segment, chosen))
        expected, told = round.expected, round.told[chosen]
        numbers.extend(
            (
                pmf[chosen],
                expected[chosen],
                sum(map(mul, pmf, expected)),
                max(expected),
                round.rewards[chosen],
                np.nan if told is None else told,
            )
        )
    number, time_us, unit_of, action_of, segment_of, index = np.frombuffer(integers, np.int64).reshape(-1, 6).T.copy()
    propensity, of_chosen, value, best, reward, heard = np.frombuffer(numbers, np.float64).reshape(-1, 6).T.copy()
    return Trajectory(
        policy=policy,
        world=world,
        seed=seed,
        number=number,
        time_us=time_us,
        unit=unit_of,
        action=action_of,
        segment=segment_of,
        chosen=index,
        propensity=propensity,
        expected=of_chosen,
        value=value,
        best=best,
        reward=reward,
        told=heard,
        units=tuple(units.codes),
        actions=tuple(actions.codes),
        segments=tuple(segments.codes),
    )
