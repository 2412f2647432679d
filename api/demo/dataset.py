"""The seam between a demo and what it is about: one file a data set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import msgspec
from rich.console import Console

from api.demo.home import DemoHome
from api.demo.pace import Pace
from api.demo.tally import Tally
from simulator.worlds.visits import Visit


@dataclass(frozen=True, slots=True)
class Example:
    """How to go on asking by hand: a question in JSON, and a metric that can follow."""

    question: str
    metric: str


@dataclass(frozen=True, slots=True)
class Ran:
    """All visits are over; the service still runs."""

    home: DemoHome
    url: str
    tally: Tally
    seed: int


class DataSet(Protocol):
    """Who visits, what the bot can say to them, what Feast knows about them, and what shall be told in the end."""

    @property
    def pace(self) -> Pace:
        """How fast the visits go."""
        ...

    @property
    def decisions(self) -> int:
        """About how many decisions there will be."""
        ...

    def prepare(self, home: DemoHome) -> str:
        """Write the bot's YAML, the rows for Feast and, if it needs one, a repository; says what there is to load.

        Raises:
            DemoFailed, MaitredError: the data are not usable.
        """
        ...

    def visits(self) -> Iterable[Visit]:
        """Everybody who comes. Only after ``prepare``."""
        ...

    def conclude(self, ran: Ran, console: Console) -> msgspec.Struct:
        """Wait until all is settled, print what came of it, and return it for ``--json``."""
        ...

    @property
    def example(self) -> Example:
        """A question that the running service can answer."""
        ...
