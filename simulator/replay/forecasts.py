"""What every candidate of a log's rows would have earned, by models that have not seen the row."""

from __future__ import annotations

import numpy as np

from simulator.logs.schema import Array
from simulator.ope.cross_fit import blocks_in_time, cross_fitted, folds_by_unit, progressively_fitted
from simulator.ope.gather import gathered
from simulator.replay.replayable import Replayable


def forecasts(log: Replayable) -> Array:
    """Flat, one a candidate, in the log's order.

    Where the logger is seen to have learned as it went models are fitted on the past only, elsewhere on other units.
    """
    rows = gathered([log.batch])
    if adaptive(log):
        found = progressively_fitted(rows.choices, rows.reward, blocks_in_time(rows.time))
    else:
        found = cross_fitted(rows.choices, rows.reward, folds_by_unit(rows.unit.astype(np.uint64)))
    return rows.as_given(found.values)


def adaptive(log: Replayable) -> bool:
    """Whether several snapshots of the logger made the decisions."""
    known = log.batch.position[log.batch.position >= 0] if log.batch.has("position") else np.zeros(0, np.int64)
    return len(known) > 0 and int(known.min()) < int(known.max())
