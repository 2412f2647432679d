"""Rows of a log as lines of DSJSON, by the writer of our own exports."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.archive.dsjson_line import Lines, Settled
from engine.archive.labels import Label
from simulator.logs.schema import LoggedBatch


def written(batch: LoggedBatch, low: float, high: float) -> Iterator[bytes]:
    """See ``dsjson_lines``."""
    wanted = batch.filter((batch.chosen >= 0) & ~np.isnan(batch.reward))
    lines = Lines()
    pmfs = wanted.column("pmf").to_pylist()
    ids, groups, policies = (wanted.column(name).to_pylist() for name in ("id", "group", "policy"))
    for row, example in enumerate(wanted.decisions(low, high)):
        settled = Settled(
            id=ids[row],
            decided_us=max(0, int(wanted.time_us[row])),
            pmf=pmfs[row] or (),
            example=example,
            label=Label(example.propensity, skip=not wanted.learnable[row]),
            reward=float(wanted.reward[row]),
            facts={"group": groups[row]} if groups[row] else {},
            model_version=policies[row] or "",
        )
        yield lines.written(settled)
