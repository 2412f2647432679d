"""From a log and a policy to an evaluation. Read it from top to bottom:

1. ``read_for``   usable rows, what the policy would have done in each, and the audit's verdict, before any number
2. ``_modelled``  a reward model's forecasts, where an estimator wants them
3. ``_estimate``  values with intervals, unless the verdict is *not evaluable*
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.errors import NotEvaluable
from engine.policies.base import Policy
from simulator.evaluate.evaluation import Evaluation
from simulator.evaluate.question import Question
from simulator.evaluate.read import read_for
from simulator.logs.log import Log
from simulator.logs.schema import Array, LoggedBatch
from simulator.ope import registry
from simulator.ope.cross_fit import Forecasts, blocks_in_time, cross_fitted, folds_by_unit, progressively_fitted
from simulator.ope.estimate import Asked, Estimate, estimate
from simulator.ope.evaluated import Evaluated, concatenated
from simulator.ope.gather import Gathered, gathered
from simulator.watch import Watch, unwatched


def evaluate(log: Log, policy: Policy, question: Question | None = None, *, watch: Watch = unwatched) -> Evaluation:
    """What the policy would have earned, by each estimator that was asked for.

    Rows are held in memory. Where several snapshots decided, the logger learned from the rows: a reward model is then
    fitted on the past of each row only.

    Raises:
        UnreadableLog: nothing of the log may be believed.
        NotEvaluable: the policy learns.
        ConfigError: the policy names actions that no row offers.
    """
    asked, read = question or Question(), read_for(log, policy, watch)
    found = read.evaluation()
    if not found.evaluable:
        return found
    weighed = concatenated(read.parts)
    modelled = _modelled(read.batches, read.pmfs) if asked.needs_model else None
    estimates = tuple(_estimate(name, weighed, modelled, asked) for name in asked.estimators)
    return replace(found, estimates=estimates)


def _modelled(batches: list[LoggedBatch], pmfs: list[Array]) -> Evaluated:
    rows = gathered(batches)
    forecasts = _forecasts(rows, np.concatenate([batch.position for batch in batches]))
    keep = None if float(rows.keep.min()) == 1.0 else rows.keep
    return forecasts.evaluated(rows.reward, rows.propensity, rows.arranged(np.concatenate(pmfs)), keep)


def _forecasts(rows: Gathered, positions: np.ndarray) -> Forecasts:
    adapted = len(np.unique(positions)) > 1
    if adapted:
        return progressively_fitted(rows.choices, rows.reward, blocks_in_time(rows.time))
    return cross_fitted(rows.choices, rows.reward, folds_by_unit(rows.unit.astype(np.uint64)))


def _estimate(name: str, weighed: Evaluated, modelled: Evaluated | None, question: Question) -> Estimate:
    estimator = registry.build(name)
    rows = modelled if estimator.needs_model and modelled is not None else weighed
    asked = Asked(rows, estimator, question.rewards, confidence=question.confidence, seed=question.seed)
    try:
        return estimate(asked, question.kind_for(name))
    except NotEvaluable as why:
        return Estimate(name, float("nan"), len(rows), 0.0, reason=str(why))
