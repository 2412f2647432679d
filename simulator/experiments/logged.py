"""A log, made ready for the replay of any number of policies in this process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from engine.stats.weighted import Range
from simulator.experiments.blocks import blocks_of
from simulator.logs.open import Format, open_log
from simulator.logs.schema import Array, Indices
from simulator.replay.forecasts import forecasts
from simulator.replay.read import read_for_replay
from simulator.replay.replayable import Replayable


@dataclass(frozen=True)
class Logged:
    """What all replays of a log share.

    Attributes:
        data: digest of its file.
        bad: rows that were split off when it was read.
        blocks: of its rows, see ``experiments.blocks``.
    """

    data: str
    rows: Replayable
    bad: int
    blocks: Indices

    @cached_property
    def forecasts(self) -> Array:
        """Flat, of all candidates."""
        return forecasts(self.rows)


@lru_cache(maxsize=1)
def logged(path: Path, rewards: Range | None, format: Format | None, data: str) -> Logged:
    """The log in a file, held in memory.

    Args:
        format: see ``open_log``.
        data: digest of the file: another one is read anew.

    Raises:
        UnreadableLog: nothing of it may be believed.
        NotEvaluable: no row can be used, or none differs.
    """
    rows, faults = read_for_replay(open_log(path, format), rewards)
    return Logged(data, rows, faults.count, blocks_of(rows.batch))
