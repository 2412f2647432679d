"""What tells who will from who will not: two models, and which one to take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from features.predictions.auc import areas_of, standard_error_of_difference
from features.predictions.past_outcomes import Parts
from features.predictions.table import Column, Floats, Ints, Numbers, Table

Kind = Literal["logistic", "boosting"]
KINDS: tuple[Kind, Kind] = ("logistic", "boosting")
LEAST_FREQUENT = 20
"""Values of a category that fewer rows have are one."""
LOOKED_AT = 4_000
"""Rows by which it is told what a model goes by."""


FOLDS = 5


class Trained(NamedTuple):
    """A model that was taken, and has learned from the rows to train and to calibrate on.

    Attributes:
        aucs: of either model on the rows to calibrate on, having learned from those to train on only.
        held_out: scores of the rows to calibrate on, each by a model of the same kind that had not seen it.
    """

    kind: Kind
    model: Any
    aucs: dict[Kind, float]
    held_out: Floats

    def scores(self, matrix: Floats) -> Floats:
        """Log-odds, before calibration."""
        return np.asarray(self.model.decision_function(matrix))


def matrix_of(table: Table) -> Floats:
    """Rows × columns: numbers as they are, NaN where unknown, and the codes of categories."""
    return np.column_stack([c.values if isinstance(c, Numbers) else c.codes.astype(float) for c in table.columns])


def trained(table: Table, matrix: Floats, happened: Floats, parts: Parts, seed: int) -> Trained:
    """Take the simple model, unless the other one, both trained on the first part, is better on the next beyond chance.

    What is newest tells most of what comes next: so the one that is taken learns from the second part, too.
    """

    def fitted(kind: Kind, rows: Ints) -> Any:
        model = _logistic(table.columns) if kind == "logistic" else _boosting(table.columns, seed)
        return model.fit(matrix[rows], happened[rows])

    scores = [fitted(kind, parts.train).decision_function(matrix[parts.calibrate]) for kind in KINDS]
    areas = areas_of(happened[parts.calibrate], scores)
    better = areas.values[1] - areas.values[0] > standard_error_of_difference(areas)
    kind = KINDS[int(better)]
    folds = np.array_split(parts.calibrate, FOLDS)
    held_out = [fitted(kind, _without(parts, fold)).decision_function(matrix[folds[fold]]) for fold in range(FOLDS)]
    final = fitted(kind, np.concatenate([parts.train, parts.calibrate]))
    return Trained(kind, final, dict(zip(KINDS, areas.values.tolist(), strict=True)), np.concatenate(held_out))


def _without(parts: Parts, fold: int) -> Ints:
    """What the model learns from that scores a fold: everything before the test but the fold."""
    folds = np.array_split(parts.calibrate, FOLDS)
    return np.concatenate([parts.train, *folds[:fold], *folds[fold + 1 :]])


def goes_by(model: Trained, table: Table, matrix: Floats, happened: Floats, seed: int) -> dict[str, float]:
    """Column → how much AUC is lost when its values are shuffled among the rows, the most important first."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(matrix))[:LOOKED_AT]
    looked_at, outcomes = matrix[rows], happened[rows]
    whole = _auc(model, looked_at, outcomes)
    losses = {}
    for place, column in enumerate(table.columns):
        shuffled = looked_at.copy()
        shuffled[:, place] = rng.permutation(shuffled[:, place])
        losses[column.name] = whole - _auc(model, shuffled, outcomes)
    return dict(sorted(losses.items(), key=lambda item: -item[1]))


def _auc(model: Trained, matrix: Floats, happened: Floats) -> float:
    return float(areas_of(happened, [model.scores(matrix)]).values[0])


def _logistic(columns: Sequence[Column]) -> Any:
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
    values = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=LEAST_FREQUENT, sparse_output=False)
    steps = [("numbers", numbers, _places(columns, numeric=True)), ("values", values, _places(columns, numeric=False))]
    return make_pipeline(ColumnTransformer([step for step in steps if step[2]]), LogisticRegression(max_iter=1_000))


def _boosting(columns: Sequence[Column], seed: int) -> Any:
    return HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=50,
        early_stopping=False,
        categorical_features=_places(columns, numeric=False) or None,
        random_state=seed,
    )


def _places(columns: Sequence[Column], *, numeric: bool) -> list[int]:
    return [place for place, column in enumerate(columns) if isinstance(column, Numbers) == numeric]
