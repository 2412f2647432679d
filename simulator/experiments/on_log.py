"""A policy measured on a log, by replay: from what another policy decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import NotEvaluable
from engine.stats.weighted import Range
from simulator.audit.audit import Audit
from simulator.audit.verdict import Level, Verdict
from simulator.experiments.blocks import by_block
from simulator.experiments.digest import file_digest
from simulator.experiments.entrant import Entrant
from simulator.experiments.logged import Logged, logged
from simulator.experiments.measured import ActionShare, Kind, Measured, Part, Trust, Weighing
from simulator.experiments.segments import segments_of
from simulator.logs.open import Format
from simulator.logs.schema import Mask
from simulator.ope import registry
from simulator.replay.doubly_robust import DoublyRobust
from simulator.replay.method import Method
from simulator.replay.progressive import Progressive
from simulator.replay.replay import judged_ways
from simulator.replay.way import Planned, Walk, walk

How = Literal["own", "log"]
"""From what a policy learns: what it would have seen itself, or all that the logger saw."""

_DAY_US = 86_400_000_000
_TRUST: Mapping[Level, Trust] = {
    Level.TRUST: "trust",
    Level.CAUTION: "caution",
    Level.NOT_EVALUABLE: "not evaluable",
}


@dataclass(frozen=True, slots=True)
class OnLog:
    """A log in a file.

    Attributes:
        path: of a file in any format that ``open_log`` knows.
        rewards: least and greatest reward there can be; that of the rows, if ``None``.
        learns_from: for policies that learn; those that do not are asked about every row.
        by: name of a category in the context, by whose values the rows are looked at, too.
        format: of the file, see ``open_log``; what it looks like, if ``None``.
    """

    label: str
    path: Path
    rewards: Range | None = None
    learns_from: How = "own"
    by: str = ""
    format: Format | None = None

    @property
    def kind(self) -> Kind:
        """See ``Setting``."""
        return "log"

    @property
    def described(self) -> Mapping[str, Any]:
        """See ``Setting``. Where the file is does not matter, what is in it does."""
        rewards = None if self.rewards is None else list(self.rewards)
        return {"rewards": rewards, "learns_from": self.learns_from, "by": self.by, "format": self.format}

    def data(self) -> str:
        """See ``Setting``."""
        return file_digest(self.path)

    def measure(self, entrant: Entrant, seed: int) -> Measured:
        """See ``Setting``. What the log cannot carry is *not evaluable*, with the reason, and no error."""
        method = self._method(entrant)
        try:
            log = logged(self.path, self.rewards, self.format, self.data())
            method.check(log.rows)
            forecasts = log.forecasts if method.needs_model else None
            found = walk(Planned(entrant.make, log.rows, method, forecasts, seed, 0))
            return of_walk(found, log, method, self.by)
        except NotEvaluable as why:
            nothing = Part(name="", decisions=0, value=None)
            return Measured(kind="log", whole=nothing, verdict="not evaluable", reasons=(str(why),))

    def _method(self, entrant: Entrant) -> Method:
        own = self.learns_from == "own" and entrant.make().learns
        return DoublyRobust() if own else Progressive()


def of_walk(found: Walk, log: Logged, method: Method, by: str = "") -> Measured:
    """What is kept of a replay; ``by`` as in ``OnLog``."""
    verdict = _verdict(found, log, method)
    bad = verdict.level is Level.NOT_EVALUABLE
    whole = np.ones(len(found.influence), np.bool_)
    return Measured(
        kind="log",
        whole=_part("", whole, found, log, method, hidden=bad),
        parts=() if bad else (*_days(found, log, method), *_segments(found, log, method, by)),
        shares=tuple(_shares(found.way.audit)),
        weights=_weighing(found),
        verdict=_TRUST[verdict.level],
        reasons=tuple(f"{reason.level}: {reason.words}" for reason in verdict.reasons),
        own_history=method.own_history,
    )


def _verdict(found: Walk, log: Logged, method: Method) -> Verdict:
    """Without the caution that there is but one replay: an experiment has one for each seed."""
    twice = (replace(found.way, audit=replace(found.way.audit, bad=log.bad)),) * 2
    return judged_ways(twice, method)


def _days(found: Walk, log: Logged, method: Method) -> Iterator[Part]:
    times = log.rows.batch.time_us[found.replayed.first :]
    days = np.where(times < 0, -1, times // _DAY_US)
    known = np.unique(days[days >= 0]).tolist()
    for day in known if len(known) > 1 else ():
        name = str(pc.strftime(pa.scalar(day * _DAY_US, pa.timestamp("us")), "%Y-%m-%d"))
        yield _part(name, days == day, found, log, method)


def _segments(found: Walk, log: Logged, method: Method, by: str) -> Iterator[Part]:
    segments = segments_of(log.rows.batch, by)[found.replayed.first :] if by else np.zeros(0)
    for name in sorted(set(segments.tolist())):
        yield _part(f"{by}={name}", segments == name, found, log, method)


def _part(name: str, rows: Mask, found: Walk, log: Logged, method: Method, *, hidden: bool = False) -> Part:
    if hidden:
        return Part(name=name, decisions=int(rows.sum()), value=None)
    estimator = registry.build(method.estimator)
    some = found.rows[rows]
    sums = estimator.sums(some)
    blocks = log.blocks[found.replayed.first :][rows]
    influence = by_block(estimator.influence(some, sums), blocks, int(log.blocks.max()) + 1)
    return Part(name=name, decisions=len(some), value=estimator.point(sums), influence=tuple(influence.tolist()))


def _shares(audit: Audit) -> Iterator[ActionShare]:
    for action, tally in sorted(audit.actions.tallies.items()):
        yield ActionShare(action=action, share=tally.target / audit.actions.rows)


def _weighing(found: Walk) -> Weighing:
    audit = found.way.audit
    weights = audit.weights
    return Weighing(
        rows=weights.moments.n,
        learned=found.way.learned,
        effective=weights.effective,
        largest=weights.largest,
        top_share=weights.top_share,
        mean_weight=weights.overall.mean_weight,
        unsupported=audit.actions.unsupported,
    )
