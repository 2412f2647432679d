"""An experiment as data: policies × settings × seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.errors import ConfigError
from simulator.experiments.cell import Cell
from simulator.experiments.entrant import Entrant
from simulator.experiments.setting import Setting

SEEDS = 5


@dataclass(frozen=True, slots=True)
class Experiment:
    """A grid. Whoever has the same seed meets the same rounds with the same luck.

    Attributes:
        reference: label of the policy that others are compared with; the first one, if empty.

    Raises:
        ConfigError: nothing to measure, a label or a seed given twice, a reference that is none of the policies.
    """

    name: str
    entrants: Sequence[Entrant]
    settings: Sequence[Setting]
    seeds: Sequence[int] = tuple(range(1, SEEDS + 1))
    reference: str = ""

    def __post_init__(self) -> None:
        labels = [each.label for each in self.entrants]
        places = [each.label for each in self.settings]
        for what, names in (("policies", labels), ("worlds and logs", places), ("seeds", list(map(str, self.seeds)))):
            if not names:
                raise ConfigError(f"experiment {self.name}: there are no {what}")
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ConfigError(f"experiment {self.name}: {what}: {twice[0]!r} is there twice")
        if self.reference and self.reference not in labels:
            raise ConfigError(f"experiment {self.name}: reference {self.reference!r} is none of {', '.join(labels)}")

    @property
    def compared_with(self) -> str:
        """Label of the policy that others are compared with."""
        return self.reference or self.entrants[0].label

    def cells(self) -> Iterator[Cell]:
        """Setting by setting, policy by policy. Raises ``OSError`` where a log is not there."""
        for setting in self.settings:
            data = setting.data()
            for entrant in self.entrants:
                yield from (Cell(setting, entrant, seed, data) for seed in self.seeds)
