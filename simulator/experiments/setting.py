"""Where a policy can be measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from simulator.experiments.entrant import Entrant
from simulator.experiments.measured import Kind, Measured


class Setting(Protocol):
    """A world or a log; picklable."""

    @property
    def label(self) -> str:
        """What tables call it."""
        ...

    @property
    def kind(self) -> Kind:
        """Which of both it is."""
        ...

    @property
    def described(self) -> Mapping[str, Any]:
        """What it is, in plain values; data excepted."""
        ...

    def data(self) -> str:
        """Digest of the data behind it; empty where it has none. Raises ``OSError``."""
        ...

    def measure(self, entrant: Entrant, seed: int) -> Measured:
        """Run or replay a policy. The same policy and seed give the same digits anywhere.

        Raises:
            PolicyError, ConfigError: the policy cannot be made, or does not get along with this.
        """
        ...
