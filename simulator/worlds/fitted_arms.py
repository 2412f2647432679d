"""A law for the arms of a randomised experiment: what each would have earned of each of its users, fitted on itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.encode import codes
from engine.encode.codes import Code, Encoded
from engine.encode.standard import StandardEncoder, StandardSpec
from engine.errors import ConfigError
from engine.types import Candidate
from features.schema import FeatureSpec
from simulator.logged import mapping_file
from simulator.logged.errors import LogRefused
from simulator.logged.experiment import Experiment
from simulator.logged.read import read_experiment
from simulator.worlds.stamp import Stamp

PENALTY = 1.0
"""Of the squared coefficients; not of the intercept: over its own rows an arm's law has the mean that they have."""
DIGITS = 9
"""Of a chance: what solvers and processors do differently is behind them."""
FILES_REMEMBERED = 4

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """What comes of an arm where anything does.

    Attributes:
        values: different ones, never 0.
        reached: the part of all that is no more than each in their order; the last is 1.
    """

    values: Array
    reached: Array

    @property
    def mean(self) -> float:
        """Exactly that of ``drawn``."""
        return math.fsum(self.values * np.diff(self.reached, prepend=0.0))

    def drawn(self, luck: Array) -> Array:
        """Amounts for uniform numbers in [0, 1)."""
        places = np.searchsorted(self.reached, luck, side="right")
        found: Array = self.values[places]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class FittedArms:
    """The users of an experiment, and what each arm would earn of each.

    Attributes:
        reward_range: of the metric.
        contexts: what is known of each user, encoded.
        candidates: the arms.
        chances: probability that anything comes of showing an arm, shape (users, arms).
        amounts: of each arm.
        expected: mean reward, shape (users, arms).
    """

    reward_range: tuple[float, float]
    contexts: tuple[Mapping[str, float], ...]
    candidates: tuple[Candidate, ...]
    chances: Array
    amounts: tuple[Amounts, ...]
    expected: Array


@lru_cache(FILES_REMEMBERED)
def fitted_arms(table: Stamp, mapping: Stamp, metric: str) -> FittedArms:
    """The law of an experiment: one logistic regression an arm, and what its own users brought where they did.

    Users count by 1 / propensity, so that experiments whose arms were not equally probable for all are met as well.

    Args:
        metric: of the mapping; its first, if empty.

    Raises:
        ConfigError: the mapping is none, or has no such metric.
        LogRefused: the file is not what the mapping says, or an arm was never shown.
    """
    said = mapping_file.load(mapping.path)
    metric = metric or next(iter(said.metrics))
    if metric not in said.metrics:
        raise ConfigError(f"{mapping.path}: expected a metric {metric!r}, found {', '.join(said.metrics)}")
    experiment = read_experiment(table.path, said)
    missing = [arm.label for arm in experiment.arms if all(row.arm != arm.id for row in experiment.rows)]
    if missing:
        raise LogRefused(f"{table.path}: {said.arm}: expected rows of each arm, found none of {missing[0]!r}")
    return _fitted(experiment, metric)


def _fitted(experiment: Experiment, metric: str) -> FittedArms:
    contexts = _contexts(experiment)
    columns = _columns(contexts)
    value = np.array([row.metrics[metric] for row in experiment.rows])
    weight = np.array([1.0 / row.propensity for row in experiment.rows])
    shown = np.array([row.arm for row in experiment.rows])
    of_arms = [shown == arm.id for arm in experiment.arms]
    chances = np.column_stack([_chances(columns, mine, value != 0.0, weight) for mine in of_arms])
    amounts = tuple(_amounts(value[mine], weight[mine]) for mine in of_arms)
    expected = chances * [each.mean for each in amounts]
    candidates = tuple(_candidates(experiment))
    return FittedArms(experiment.ranges[metric], contexts, candidates, chances, amounts, expected)


def _candidates(experiment: Experiment) -> Iterator[Candidate]:
    encoder = StandardEncoder(StandardSpec())
    for arm in experiment.arms:
        yield Candidate(arm.id, arm.id, encoder.action(arm.id, arm.spec.features))


def _contexts(experiment: Experiment) -> tuple[Mapping[str, float], ...]:
    """Numbers are standardised by all rows: the users of an experiment are known before it is played."""
    every = [(spec.name, _code(spec, experiment)) for spec in experiment.features]
    contexts: list[Encoded] = []
    for row in experiment.rows:
        encoded: Encoded = {}
        for name, code in every:
            code.add(row.features[name], encoded)
        contexts.append(encoded)
    return tuple(contexts)


def _code(spec: FeatureSpec, experiment: Experiment) -> Code:
    if spec.type == "string":
        return codes.FreeText(spec.name) if spec.free_text else codes.Category(spec.name)
    values = np.array([float(row.features[spec.name]) for row in experiment.rows])
    return codes.standardised(spec.name, float(values.mean()), float(values.std()))


def _columns(contexts: Sequence[Mapping[str, float]]) -> Any:
    from sklearn.feature_extraction import DictVectorizer

    return DictVectorizer().fit_transform(contexts)


def _chances(columns: Any, mine: NDArray[np.bool_], hit: NDArray[np.bool_], weight: Array) -> Array:
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(hit[mine])) == 1 or columns.shape[1] == 0:
        return np.full(len(mine), round(float(np.average(hit[mine], weights=weight[mine])), DIGITS))
    model = LogisticRegression(C=1.0 / PENALTY, max_iter=1_000)
    model.fit(columns[mine], hit[mine], sample_weight=weight[mine] / weight[mine].mean())
    chances: Array = np.round(model.predict_proba(columns)[:, 1], DIGITS)
    return chances


def _amounts(values: Array, weights: Array) -> Amounts:
    brought = values != 0.0
    if not brought.any():
        return Amounts(np.zeros(1), np.ones(1))
    different, places = np.unique(values[brought], return_inverse=True)
    reached = np.cumsum(np.bincount(places, weights=weights[brought]))
    return Amounts(different, reached / reached[-1])
