"""The reward model of Open Bandit Pipeline: one classifier over columns of the context and of the action, side by side,
cross-fitted; so that estimators can be compared on equal forecasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone
from sklearn.model_selection import KFold

from simulator.ope.evaluated import Array, Evaluated

FOLDS = 3
SEED = 12345

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Decisions among the same actions.

    Attributes:
        context: (rows, columns).
        actions: (actions, columns), what is known of each.
        stratum: rows of different ones have models of their own: positions.
    """

    context: Array
    actions: Array
    action: Codes
    reward: Array
    stratum: Codes

    def evaluated(self, propensity: Array, target: Array, forecasts: Array) -> Evaluated:
        """Rows for the estimators, of a target with these probabilities, (rows, actions) like the forecasts."""
        rows = np.arange(len(self.action))
        baseline = (target * forecasts).sum(axis=1)
        return Evaluated(self.reward, propensity, target[rows, self.action], forecasts[rows, self.action], baseline)


def forecasts(chosen: Chosen, model: ClassifierMixin, seed: int = SEED) -> Array:
    """(rows, actions): what each action would have earned, by models that have not seen the row."""
    found = np.zeros((len(chosen.action), len(chosen.actions)))
    for seen, unseen in KFold(n_splits=FOLDS, shuffle=True, random_state=seed).split(chosen.context):
        for stratum in np.unique(chosen.stratum[unseen]).tolist():
            learned, asked = (rows[chosen.stratum[rows] == stratum] for rows in (seen, unseen))
            fitted = clone(model).fit(_columns(chosen, learned, chosen.action[learned]), chosen.reward[learned])
            for action in range(len(chosen.actions)):
                columns = _columns(chosen, asked, np.full(len(asked), action))
                found[asked, action] = fitted.predict_proba(columns)[:, 1]
    return found


def _columns(chosen: Chosen, rows: Codes, actions: Codes) -> Array:
    return np.column_stack([chosen.context[rows], chosen.actions[actions]])
