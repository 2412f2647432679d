"""Results by setting, policy and seed, and what leaves their means to chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.experiments.measured import Curve, Kind, Measured, Weighing
from simulator.experiments.results import Results
from simulator.logs.schema import Array
from simulator.replay.spread import Spread


@dataclass(frozen=True, slots=True)
class Measurements:
    """Every cell by its place; settings, policies and seeds in the order of the results.

    A world's chance is that of its seeds. A log's is that of its rows, which all seeds share, and, for policies that
    learn what they would have seen, that of their seeds.
    """

    cells: Mapping[tuple[str, str, int], Measured]
    settings: Sequence[str]
    policies: Sequence[str]
    seeds: Sequence[int]

    @classmethod
    def of(cls, results: Results) -> Measurements:
        """Of results."""
        cells = {(each.setting, each.policy, each.seed): each.measured for each in results.cells}
        settings = tuple(dict.fromkeys(each.setting for each in results.cells))
        policies = tuple(dict.fromkeys(each.policy for each in results.cells))
        return cls(cells, settings, policies, tuple(dict.fromkeys(each.seed for each in results.cells)))

    def kind(self, setting: str) -> Kind:
        """World or log."""
        return self.of_policy(setting, self.policies[0])[0].kind

    def of_policy(self, setting: str, policy: str) -> list[Measured]:
        """Seed by seed."""
        return [self.cells[setting, policy, seed] for seed in self.seeds]

    def units(self, setting: str) -> int:
        """How many independent things an interval is made of: seeds, or a log's blocks of units."""
        if self.kind(setting) == "world":
            return len(self.seeds)
        return max(len(cell.whole.influence) for key, cell in self.cells.items() if key[0] == setting)

    def value(self, setting: str, policy: str) -> float:
        """Mean reward a decision over all seeds, every one of which is evaluable."""
        return float(self._values(setting, policy).mean())

    def spread(self, setting: str, policy: str) -> Spread | None:
        """Of the value; ``None`` where one seed says nothing of chance."""
        return self._spread(setting, self._values(setting, policy), self._influences(setting, policy))

    def difference(self, setting: str, policy: str, reference: str) -> tuple[float, Spread | None]:
        """How much more a policy earns a decision than another one; what both have in common cancels out."""
        values = self._values(setting, policy) - self._values(setting, reference)
        influences = self._influences(setting, policy) - self._influences(setting, reference)
        return float(values.mean()), self._spread(setting, values, influences)

    def parts(self, setting: str, policy: str) -> dict[str, tuple[int, float]]:
        """Some of the decisions by themselves: name → how many, and the mean reward of one, over all seeds."""
        cells = self.of_policy(setting, policy)
        found: dict[str, tuple[int, float]] = {}
        for name in dict.fromkeys(part.name for cell in cells for part in cell.parts):
            known = [part for cell in cells if (part := cell.part(name)) is not None]
            values = [part.value for part in known if part.value is not None]
            if values:
                found[name] = round(float(np.mean([part.decisions for part in known]))), float(np.mean(values))
        return found

    def curve(self, setting: str, policy: str) -> Curve:
        """Regret summed over the rounds, mean over the seeds; empty on a log."""
        curves = [cell.curve for cell in self.of_policy(setting, policy)]
        regret = np.mean([curve.regret for curve in curves], axis=0)
        return Curve(rounds=curves[0].rounds, regret=tuple(regret.tolist()))

    def shares(self, setting: str, policy: str) -> dict[str, float]:
        """How often each action is shown, mean over the seeds."""
        cells = self.of_policy(setting, policy)
        names = sorted({each.action for cell in cells for each in cell.shares})
        return {name: sum(e.share for c in cells for e in c.shares if e.action == name) / len(cells) for name in names}

    def weights(self, setting: str, policy: str) -> Weighing | None:
        """What importance weights leave of a log, with the first seed."""
        return self.of_policy(setting, policy)[0].weights

    def _values(self, setting: str, policy: str) -> Array:
        return np.array([cell.whole.value for cell in self.of_policy(setting, policy)], dtype=np.float64)

    def _influences(self, setting: str, policy: str) -> Array:
        """By block, of the mean over seeds; empty in a world."""
        return np.asarray(np.mean([cell.whole.influence for cell in self.of_policy(setting, policy)], axis=0))

    def _spread(self, setting: str, values: Array, influences: Array) -> Spread | None:
        seeds, blocks = len(values), len(influences)
        apart = float(values.var(ddof=1)) / seeds if seeds > 1 else 0.0
        if self.kind(setting) == "world":
            return Spread(0.0, 1.0, apart, seeds - 1.0) if seeds > 1 else None
        rows = float(influences.var(ddof=1)) / blocks
        return Spread(rows, blocks - 1.0, apart, max(seeds - 1.0, 1.0))
