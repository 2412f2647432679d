"""Propensities for logs that have none: estimated from who was shown what, and labelled as estimated ever after.

Multinomial logistic regression on hashed context features, cross-fitted, so that no row is priced by a model that has
seen it; one temperature, fitted on those prices, makes them as certain as they are right (C. Guo et al., "On
calibration of modern neural networks", ICML (2017)). What the logger knew and the log does not say stays uncorrected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.errors import NotEvaluable
from simulator.logs.schema import Array, Indices, LoggedBatch

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FOLDS = 5
HASHED = 1 << 12
LEAST_A_FOLD = 30
LEAST_SHARE = 1e-4
"""Below it an estimated propensity is put up to it: a logistic model's smallest probabilities are not measured."""

_TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True, slots=True)
class EstimatedPropensities:
    """What was estimated.

    Attributes:
        batches: the rows that were given, with ``propensity`` and without a pmf, labelled ``estimated``.
        temperature: by which log-odds were divided; far from 1 says that the model was too sure (above) or too vague.
        log_loss: mean of -log of what was chosen, on rows that the pricing model had not seen.
        chance: the same, were all candidates equally probable.
    """

    batches: tuple[LoggedBatch, ...]
    temperature: float
    log_loss: float
    chance: float


def estimated(batches: Sequence[LoggedBatch], *, folds: int = FOLDS, seed: int = 0) -> EstimatedPropensities:
    """Price what was chosen in each row. All rows are held in memory.

    Args:
        batches: with candidates, chosen and context; rows in which nothing was chosen keep no propensity.

    Raises:
        NotEvaluable: too few rows to fit and calibrate on others than those that are priced.
    """
    rows = _Rows.of(batches)
    if len(rows.chosen) < LEAST_A_FOLD * folds:
        raise NotEvaluable(f"{len(rows.chosen)} rows, and {LEAST_A_FOLD * folds} are needed to estimate propensities")
    fold = np.random.default_rng(seed).permutation(len(rows.chosen)) % folds
    scores = _scores(rows, fold, folds)
    temperature = _temperature(rows, scores)
    loss = -_chosen_log(rows, scores, temperature)
    prices = np.clip(np.exp(-loss), LEAST_SHARE, 1.0)
    chance = float(np.log(rows.candidates.sum(axis=1)).mean())
    return EstimatedPropensities(tuple(_priced(batches, prices)), temperature, float(loss.mean()), chance)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in which something was chosen: hashed contexts (n × columns), candidates (n × actions), index chosen (n)."""

    contexts: csr_array
    candidates: NDArray[np.bool_]
    chosen: Indices

    @classmethod
    def of(cls, batches: Sequence[LoggedBatch]) -> _Rows:
        names = pa.array(sorted({id for batch in batches for id in pc.unique(batch.actions).to_pylist()}), pa.string())
        shown = [batch.filter(batch.chosen >= 0) for batch in batches]
        if not shown or not len(names):
            raise NotEvaluable("there are no rows in which anything was chosen")
        return cls(
            _stacked(shown),
            np.concatenate([_could(batch, names) for batch in shown]),
            np.concatenate([pc.index_in(batch.chosen_action, names).to_numpy(zero_copy_only=False) for batch in shown]),
        )


def _stacked(batches: Sequence[LoggedBatch]) -> csr_array:
    """Hashed contexts of all rows; columns that are nowhere used are left out."""
    from scipy.sparse import vstack

    stacked = vstack([_hashed(batch) for batch in batches], format="csr")
    used = np.unique(stacked.indices)
    return stacked[:, used if len(used) else [0]]


def _hashed(batch: LoggedBatch) -> csr_array:
    from scipy.sparse import csr_array
    from sklearn.feature_extraction import FeatureHasher

    contexts = batch.column("context").to_pylist() if batch.has("context") else [()] * len(batch)
    hasher = FeatureHasher(HASHED, input_type="pair")
    return csr_array(hasher.transform([context or () for context in contexts]))


def _could(batch: LoggedBatch, names: pa.Array) -> NDArray[np.bool_]:
    could = np.zeros((len(batch), len(names)), np.bool_)
    rows = np.repeat(np.arange(len(batch)), np.diff(batch.offsets))
    could[rows, pc.index_in(batch.actions, names).to_numpy(zero_copy_only=False)] = True
    return could


def _scores(rows: _Rows, fold: Indices, folds: int) -> Array:
    """Log-odds of each action, by models that have not seen the row; actions a model has not seen have its least."""
    from sklearn.linear_model import LogisticRegression

    scores: Array = np.zeros(rows.candidates.shape)
    for number in range(folds):
        seen, mine = fold != number, np.flatnonzero(fold == number)
        counts = np.bincount(rows.chosen[seen], minlength=scores.shape[1])
        if np.count_nonzero(counts) < 2:
            raise NotEvaluable("the logger always chose the same: there are no propensities to estimate")
        model = LogisticRegression(max_iter=200).fit(rows.contexts[seen], rows.chosen[seen])
        found: Any = model.decision_function(rows.contexts[mine])
        found = np.stack([-found / 2.0, found / 2.0], axis=1) if found.ndim == 1 else found
        scores[mine] = found.min(axis=1, keepdims=True)
        scores[np.ix_(mine, model.classes_)] = found
    return scores


def _temperature(rows: _Rows, scores: Array) -> float:
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return -float(_chosen_log(rows, scores, float(np.exp(log_temperature))).mean())

    return float(np.exp(minimize_scalar(loss, bounds=np.log(_TEMPERATURES), method="bounded").x))


def _chosen_log(rows: _Rows, scores: Array, temperature: float) -> Array:
    """Log-probability of what was chosen, among the row's candidates."""
    from scipy.special import log_softmax

    logs = log_softmax(np.where(rows.candidates, scores / temperature, -np.inf), axis=1)
    return np.asarray(logs[np.arange(len(logs)), rows.chosen], np.float64)


def _priced(batches: Sequence[LoggedBatch], prices: Array) -> list[LoggedBatch]:
    priced, start = [], 0
    for batch in batches:
        shown = batch.chosen >= 0
        column = np.full(len(batch), np.nan)
        column[shown] = prices[start : start + int(shown.sum())]
        start += int(shown.sum())
        priced.append(_with(batch, pa.array(column, from_pandas=True)))
    return priced


def _with(batch: LoggedBatch, propensity: pa.Array) -> LoggedBatch:
    names = [name for name in batch.rows.schema.names if name not in ("propensity", "pmf")]
    arrays = [batch.rows.column(name) for name in names]
    rows = pa.RecordBatch.from_arrays([*arrays, propensity], [*names, "propensity"])
    return LoggedBatch(rows, batch.numbers, "estimated")
