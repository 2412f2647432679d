"""From a log to rows that can be replayed."""

from __future__ import annotations

from collections.abc import Iterator

from engine.stats.weighted import Range
from simulator.logs.faults import Faults
from simulator.logs.log import Log
from simulator.logs.schema import LoggedBatch
from simulator.replay.replayable import COLUMNS, Replayable, replayable
from simulator.watch import Watch, unwatched


def read_for_replay(log: Log, rewards: Range | None = None, *, watch: Watch = unwatched) -> tuple[Replayable, Faults]:
    """All usable rows of a log, in memory, and what was wrong with the others.

    Raises:
        UnreadableLog: nothing of it may be believed.
        NotEvaluable: no row can be used, propensities are missing, or no reward differs from another.
    """
    faults = Faults()
    return replayable(_watched(log, faults, watch), None if rewards is None else (rewards.low, rewards.high)), faults


def _watched(log: Log, faults: Faults, watch: Watch) -> Iterator[LoggedBatch]:
    for batch in log.batches(faults, COLUMNS):
        yield batch
        watch(faults.good)
