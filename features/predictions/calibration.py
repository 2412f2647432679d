"""From scores to probabilities, by what came true in the rows after those that were learned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from features.predictions.table import Floats

Method = Literal["sigmoid", "isotonic"]
Probabilities = Callable[[Floats], Floats]
LEAST_FOR_ISOTONIC = 500
"""Steps that are fitted to fewer rows follow chance."""


class Calibration(NamedTuple):
    """How scores become probabilities; ``losses`` are of each method on the later half, fitted on the first."""

    method: Method
    probabilities: Probabilities
    losses: dict[Method, float]


def calibration(scores: Floats, happened: Floats) -> Calibration:
    """Platt's sigmoid, unless isotonic regression is better beyond chance on the later half; fitted on all rows.

    The rows go by time.
    """
    half = len(scores) // 2
    losses = {
        method: _losses(happened[half:], _fitted(fit, scores[:half], happened[:half])(scores[half:]))
        for method, fit in FITS.items()
    }
    gained = losses["sigmoid"] - losses["isotonic"]
    better = len(scores) >= LEAST_FOR_ISOTONIC and gained.mean() > gained.std() / np.sqrt(len(gained))
    method: Method = "isotonic" if better else "sigmoid"
    means = {name: float(each.mean()) for name, each in losses.items()}
    return Calibration(method, _fitted(FITS[method], scores, happened), means)


def _fitted(fit: Callable[[Floats, Floats], Probabilities], scores: Floats, happened: Floats) -> Probabilities:
    """A constant, where all are alike."""
    if happened.min() == happened.max():
        least = 0.5 / len(happened)
        return _constant(float(np.clip(happened[0], least, 1 - least)))
    return fit(scores, happened)


def _sigmoid(scores: Floats, happened: Floats) -> Probabilities:
    """It never falls: where what scored higher came true less often, the scores tell nothing, and the rate is said."""
    model: Any = LogisticRegression(C=1e6).fit(scores[:, None], happened)
    if model.coef_[0, 0] <= 0:
        return _constant(float(happened.mean()))
    return lambda asked: np.asarray(model.predict_proba(asked[:, None])[:, 1])


def _constant(rate: float) -> Probabilities:
    return lambda asked: np.full(len(asked), rate)


def _isotonic(scores: Floats, happened: Floats) -> Probabilities:
    least = 0.5 / len(happened)
    model: Any = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(scores, happened)
    return lambda asked: np.asarray(model.predict(asked))


def _losses(happened: Floats, probabilities: Floats) -> Floats:
    """Log loss, row by row."""
    return np.asarray(-np.log(np.where(happened == 1, probabilities, 1 - probabilities)))


FITS: Mapping[Method, Callable[[Floats, Floats], Probabilities]] = {"sigmoid": _sigmoid, "isotonic": _isotonic}
