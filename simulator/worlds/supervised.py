"""Classification as a bandit problem: who names the right class earns 1; nobody says which it would have been."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from engine.encode.standard import StandardEncoder, StandardSpec
from engine.errors import ConfigError
from engine.types import Candidate
from simulator.worlds.labelled import Labelled
from simulator.worlds.labelled_table import read_labelled_table
from simulator.worlds.labelled_text import read_labelled_text
from simulator.worlds.running_scale import RunningScale
from simulator.worlds.stamp import Stamp, stamp_of
from simulator.worlds.world import Round

SECOND_US = 1_000_000
TEXTS = (".vw", ".vw.gz")
FILES_REMEMBERED = 4
_ORDER, _NOISE, _MEANING = 9, 10, 11
"""Streams of random numbers under one seed; other worlds have those before."""


class SupervisedWorld:
    """Every row of a file once, in an order that the run's seed shuffles; candidates are the classes.

    Bietti, Agarwal and Langford, "A Contextual Bandit Bake-off" (2021), made bandit problems of such sets. Numbers are
    standardised by the rows that came before them in the run.

    Args:
        path: a CSV with a header, or Vowpal Wabbit's text (``.vw``), each perhaps gzipped.
        target: the CSV's column with the class; its last, if empty.
        noise: with which probability each reward is the other one of 0 and 1.
        drift: from this part of the run on, classes mean something else, each another class; never, if 0.

    Raises:
        ConfigError: a noise or a drift that is no such part, or a target in a text, which has no columns.
        LogRefused: the file is no such table; the message names line and column.
        UnreadableLog: the text cannot be read to its end.
    """

    name = "supervised"
    reward_range = (0.0, 1.0)
    check_params: ClassVar[Sequence[Mapping[str, Any]]] = ()

    def __init__(self, path: str, target: str = "", noise: float = 0.0, drift: float = 0.0) -> None:
        if not 0.0 <= noise <= 0.5:
            raise ConfigError(f"noise: expected a probability from 0 to 0.5, found {noise}")
        if not 0.0 <= drift < 1.0:
            raise ConfigError(f"drift: expected a part of the run, from 0 to less than 1, found {drift}")
        if target and path.endswith(TEXTS):
            raise ConfigError(f"target: {path} is Vowpal Wabbit's text: expected none, found {target!r}")
        self.path = path
        self.target = target
        self.noise = noise
        self.drift = drift
        self.table = _read(stamp_of(path), target)
        classes, encoder = self.table.classes, StandardEncoder(StandardSpec())
        self.candidates = tuple(Candidate(each, each, encoder.action(each, {})) for each in classes)

    def __reduce__(self) -> tuple[type[SupervisedWorld], tuple[Any, ...]]:
        """Other processes read the file themselves."""
        return SupervisedWorld, (self.path, self.target, self.noise, self.drift)

    @property
    def depends_on_count(self) -> bool:
        """Whether a longer run is another one: classes change their meaning at a part of it."""
        return self.drift > 0.0

    def play(self, count: int, seed: int) -> SupervisedPlay:
        """See ``World.play``."""
        return SupervisedPlay(self, count, seed)


class SupervisedPlay:
    """One run; nobody remembers."""

    def __init__(self, world: SupervisedWorld, count: int, seed: int) -> None:
        self._world = world
        self._count = count
        self._seed = seed

    def __iter__(self) -> Iterator[Round]:
        """See ``Play.__iter__``."""
        world, table = self._world, self._world.table
        order, noise, meanings = (np.random.default_rng([self._seed, part]) for part in (_ORDER, _NOISE, _MEANING))
        rows = order.permutation(len(table))[: self._count].tolist()
        changes = math.ceil(world.drift * len(rows)) if world.drift else len(rows)
        meaning, scale = deranged(len(table.classes), meanings), RunningScale(len(table.names))
        for number, row in enumerate(rows):
            right = table.right[row] if number < changes else meaning[table.right[row]]
            truth = np.zeros(len(table.classes))
            truth[right] = 1.0
            rewards = tuple(np.abs(truth - (noise.random(len(truth)) < world.noise)).tolist())
            yield Round(
                number=number,
                time_us=number * SECOND_US,
                unit=f"row-{row + 1}",
                shared=_shared(table, row, scale),
                candidates=world.candidates,
                expected=tuple(np.abs(truth - world.noise).tolist()),
                rewards=rewards,
                told=rewards,
            )

    def shown(self, round: Round, index: int) -> None:
        """See ``Play.shown``."""


def deranged(count: int, rng: np.random.Generator) -> list[int]:
    """A permutation, drawn uniformly from those that leave nothing in its place. ``count`` is 2 at least."""
    while True:
        order: list[int] = rng.permutation(count).tolist()
        if all(place != other for place, other in enumerate(order)):
            return order


def _shared(table: Labelled, row: int, scale: RunningScale) -> dict[str, float]:
    values = scale.scaled(table.numbers[row]).tolist()
    numbers = {name: value for name, value in zip(table.names, values, strict=True) if value}
    return {**table.others[row], **numbers}


@lru_cache(FILES_REMEMBERED)
def _read(stamp: Stamp, target: str) -> Labelled:
    if stamp.path.name.endswith(TEXTS):
        return read_labelled_text(stamp.path)
    return read_labelled_table(stamp.path, target)
