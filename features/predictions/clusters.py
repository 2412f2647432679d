"""k-means, the number of clusters chosen by silhouette (Rousseeuw 1987), and the plane to draw them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from features.errors import PredictionError
from features.predictions.table import Floats, Ints

STARTS = 10
"""k-means is started so often from other places; the tightest clusters are taken."""
JUDGED = 3_000
"""Silhouettes compare everybody with everybody: so many are looked at."""
LEAST_PER_CLUSTER = 10


class Clustering(NamedTuple):
    """What was found.

    Attributes:
        centres: k × coordinates, the biggest cluster first.
        silhouettes: k → mean silhouette, −1 to 1, of ``judged`` users.
    """

    centres: Floats
    silhouettes: dict[int, float]
    judged: int


class Plane(NamedTuple):
    """The two directions in which users differ most: 2 × coordinates, and their shares of the variance."""

    directions: Floats
    shares: tuple[float, float]


def clustering(points: Floats, ks: Sequence[int], seed: int, progress: Callable[[int], None]) -> Clustering:
    """Cluster points, with each of ``ks`` that there are enough of them for, and keep the best.

    Raises:
        PredictionError: there are too few, or too many alike.
    """
    different = len(np.unique(points, axis=0))
    possible = [k for k in ks if k * LEAST_PER_CLUSTER <= len(points) and k < different]
    if not possible:
        needed = LEAST_PER_CLUSTER * min(ks)
        raise PredictionError(
            f"{min(ks)} segments need {needed} users, more than {min(ks)} of them different: "
            f"there are {len(points)}, {different} of them different"
        )
    judged = np.random.default_rng(seed).permutation(len(points))[:JUDGED]
    models: dict[int, KMeans] = {}
    silhouettes: dict[int, float] = {}
    for done, k in enumerate(possible, 1):
        models[k] = KMeans(k, n_init=STARTS, random_state=seed).fit(points)
        silhouettes[k] = _silhouette(points[judged], models[k].labels_[judged])
        progress(done)
    best = models[max(silhouettes, key=silhouettes.__getitem__)]
    order = np.argsort(-np.bincount(best.labels_), kind="stable")
    return Clustering(best.cluster_centers_[order], silhouettes, len(judged))


def plane_of(points: Floats) -> Plane:
    """Principal components; a second one that nobody differs in is 0."""
    found = PCA(min(2, points.shape[1])).fit(points)
    directions, shares = np.zeros((2, points.shape[1])), np.zeros(2)
    directions[: len(found.components_)] = found.components_
    shares[: len(found.components_)] = found.explained_variance_ratio_
    return Plane(directions, (float(shares[0]), float(shares[1])))


def _silhouette(points: Floats, labels: Ints) -> float:
    """Worst, where the sample is of one cluster: then nothing is told apart."""
    many = len(np.unique(labels))
    return float(silhouette_score(points, labels)) if 1 < many < len(labels) else -1.0
