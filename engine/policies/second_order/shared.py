"""One Bayesian ridge regression for all arms, on pairs of context and action features: new content inherits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.policies.learned_state import Part
from engine.policies.second_order.context import Context
from engine.policies.second_order.described import Descriptions
from engine.policies.second_order.names import NameSlots, digest
from engine.policies.second_order.posterior import Matrix, Vector, assimilate, softened
from engine.types import Candidate

PRIOR = 1.0
IDENTITY_PRIOR = 3.0
IDENTITIES = 64
_LEAST_VARIANCE = 1e-12
_GROWTH = 16


class SharedRidge:
    """Weights of (context slot × action slot), and an intercept an id: what its features do not tell of an action.

    The first ``IDENTITIES`` ids have an intercept of their own, later ones share one with others. Likewise the first
    pairs: which pairs come first is decided when they are learned, those with a bias before the others. Pairs beyond
    ``most_pairs`` count nothing; the arms' own regressions do not miss them.
    """

    def __init__(self, most_pairs: int) -> None:
        self._most_pairs = most_pairs
        self._descriptions = Descriptions()
        self._identities = NameSlots(IDENTITIES, first=0)
        self._pairs: NDArray[np.int64] = np.zeros((1, 2), np.int64)
        self._covariance: Matrix = np.diag(1.0 / _prior(IDENTITIES + _GROWTH))
        self._weights: Matrix = np.zeros((2, IDENTITIES + _GROWTH))
        self._weights[1, IDENTITIES] = 1.0

    def means_and_variances(
        self, context: Context, candidates: Sequence[Candidate], level: float
    ) -> tuple[Vector, Vector]:
        """The forecast reward of each candidate and how uncertain it is, shapes (K,)."""
        inputs = self._inputs(context, candidates)
        parts = np.einsum("kj,mj->km", inputs, self._weights)
        variances = np.einsum("kj,kj->k", np.einsum("ki,ij->kj", inputs, self._covariance), inputs)
        return parts[:, 0] + level * parts[:, 1], np.maximum(variances, _LEAST_VARIANCE)

    def learn(self, context: Context, candidate: Candidate, reward: float) -> None:
        """One observation."""
        self._descriptions.observe(candidate)
        self._identities.give([candidate.id])
        self._pair(context.dense, self._descriptions.make([candidate])[0])
        assimilate(self._covariance, self._weights, self._inputs(context, [candidate])[0], (reward, 0.0))

    def soften(self, kept: float) -> None:
        """See ``RidgeArms.soften``."""
        self._covariance = softened(self._covariance[None], _prior(len(self._covariance)), kept)[0]

    @property
    def parts(self) -> tuple[Part, Part]:
        """Everything that was learned."""
        own = Part(self._identities.names, (self._pairs, self._covariance, self._weights))
        return self._descriptions.part, own

    def restore(self, descriptions: Part, own: Part) -> None:
        """Go on from what ``parts`` were."""
        self._descriptions.restore(descriptions)
        self._identities.restore(own.names)
        pairs, covariance, weights = own.arrays
        self._pairs = pairs.astype(np.int64)
        self._covariance, self._weights = covariance.astype(np.float64), weights.astype(np.float64)

    def _inputs(self, context: Context, candidates: Sequence[Candidate]) -> Matrix:
        described = self._descriptions.make(candidates)
        left, right = self._pairs.T
        known = left < len(context.dense)
        inputs = np.zeros((len(candidates), self._weights.shape[1]))
        products = described[:, right[known]] * context.dense[left[known]]
        inputs[:, IDENTITIES + np.flatnonzero(known)] = products
        for row, candidate in zip(inputs, candidates, strict=True):
            own = self._identities.find(candidate.id)
            if own is not None:
                row[own] = 1.0
            elif len(self._identities) == IDENTITIES:
                row[digest(candidate.id) % IDENTITIES] = 1.0
        return inputs

    def _pair(self, x: Vector, described: Vector) -> None:
        """Places for the pairs of these features that have none yet, as long as there are any."""
        if len(self._pairs) == self._most_pairs:
            return
        left, right = np.nonzero(np.outer(x, described))
        known = set(map(tuple, self._pairs.tolist()))
        found = [pair for pair in zip(left.tolist(), right.tolist(), strict=True) if pair not in known]
        found.sort(key=lambda pair: (min(pair) > 0, pair[0] > 0, pair))
        if found:
            pairs = np.array(found[: self._most_pairs - len(self._pairs)], np.int64)
            self._pairs = np.concatenate([self._pairs, pairs])
            self._widen()

    def _widen(self) -> None:
        old = self._weights.shape[1]
        needed = IDENTITIES + len(self._pairs)
        if needed <= old:
            return
        width = -(-needed // _GROWTH) * _GROWTH
        covariance = np.diag(1.0 / _prior(width))
        covariance[:old, :old] = self._covariance
        self._covariance = covariance
        self._weights = np.concatenate([self._weights, np.zeros((2, width - old))], axis=1)


def _prior(width: int) -> Vector:
    return np.concatenate([np.full(IDENTITIES, IDENTITY_PRIOR), np.full(width - IDENTITIES, PRIOR)])
