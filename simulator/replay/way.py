"""One replay of one policy: its way through the log, and what it earned on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.policies.base import Policy
from simulator.audit.audit import Audit
from simulator.logs.schema import Array, LoggedBatch
from simulator.ope import registry
from simulator.ope.base import standard_error
from simulator.ope.evaluated import Evaluated
from simulator.replay.method import Method, weighed
from simulator.replay.pace import Prices
from simulator.replay.replayable import Replayable
from simulator.replay.replayed import Replayed
from simulator.runs.streams import salt


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A replay that is to be made.

    Attributes:
        policy: makes a policy that has learned nothing; picklable, such as ``partial(registry.build, "vw", {})``.
        forecasts: flat, of all candidates of the log; for methods that need a model.
        seed, repeat: of the draws that accept rows.
    """

    policy: Callable[[], Policy]
    log: Replayable
    method: Method
    forecasts: Array | None
    seed: int
    repeat: int


@dataclass(frozen=True, slots=True)
class Way:
    """What came of it.

    Attributes:
        policy: its name.
        value: reward a decision, in the log's units.
        standard_error: of the value, for a policy that learned just this.
        learned: from how many decisions it learned.
        met: how many rows it was asked about.
        pace: mean of ``Replayed.pace``.
        lost: the part of its probability that the pace could not give.
        audit: of its weights on the rows that it was asked about.
    """

    policy: str
    value: float
    standard_error: float
    learned: int
    met: int
    pace: float
    lost: float
    audit: Audit


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A way, and how its rows went into it.

    Attributes:
        rows: of the log, for methods that use every row from ``replayed.first`` on.
        influence: of each of these rows on the value.
    """

    way: Way
    replayed: Replayed
    rows: Evaluated
    influence: Array


def way(planned: Planned) -> Way:
    """Replay. Raises ``NotEvaluable`` where nothing is left of the log."""
    return walk(planned).way


def walk(planned: Planned) -> Walk:
    """Replay, and keep what each row says. Raises ``NotEvaluable`` where nothing is left of the log."""
    log, method, policy = planned.log, planned.method, planned.policy()
    replayed = method.replay(policy, log, salt("replay", planned.seed, planned.repeat))
    rows = method.evaluated(log, replayed, planned.forecasts)
    estimator = registry.build(method.estimator)
    sums = estimator.sums(rows)
    influence = estimator.influence(rows, sums)
    found = Way(
        policy.name,
        estimator.point(sums),
        standard_error(influence),
        int(replayed.learned.sum()),
        len(replayed.learned),
        float(replayed.pace.mean()),
        _lost(log, replayed) if method.own_history else 0.0,
        _audit(log, replayed),
    )
    return Walk(found, replayed, rows, influence)


def _lost(log: Replayable, replayed: Replayed) -> float:
    rows = slice(replayed.first, len(log))
    return float(np.mean(Prices.of(log).lost(rows, replayed.pmf, replayed.pace)))


def _audit(log: Replayable, replayed: Replayed) -> Audit:
    first = replayed.first
    rows = LoggedBatch(log.batch.rows.slice(first), log.batch.numbers[first:], log.batch.propensities)
    evaluated = weighed(log, replayed, log.batch.keep[first:])
    return Audit.of(rows, evaluated, log.rows, target_pmf=replayed.pmf)
