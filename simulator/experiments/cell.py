"""One cell of a grid: a policy, where it is measured, and a seed."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.experiments.digest import digest, software
from simulator.experiments.entrant import Entrant
from simulator.experiments.measured import Measured
from simulator.experiments.setting import Setting


@dataclass(frozen=True, slots=True)
class Cell:
    """To be measured, or to be found where it has been.

    Attributes:
        data: digest of the setting's data.
    """

    setting: Setting
    entrant: Entrant
    seed: int
    data: str

    @property
    def key(self) -> str:
        """What it is, labels excepted: equal keys have equal measurements."""
        setting = {"kind": self.setting.kind, **self.setting.described}
        return digest([setting, self.data, self.entrant.described, self.seed, software()])[:32]

    def measure(self) -> Measured:
        """Run or replay. Raises like ``Setting.measure``."""
        return self.setting.measure(self.entrant, self.seed)
