"""Segments keep their names from one fit to the next: rules are written with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
from scipy.optimize import linear_sum_assignment

from features.predictions.table import Floats, Ints

SAME = 0.5
"""A segment is the one of before if it has at least half of the users that either of them has."""


def names_of(labels: Ints, segments: int, before: Ints, names_before: Sequence[str], taken: Sequence[str]) -> list[str]:
    """A name for each new segment: that of the old one it goes on from, else one that was never used.

    Args:
        labels: which of the new ``segments`` each user is in.
        before: which of the old ones, ``names_before``, the same users are in.
        taken: names that were used in earlier fits.
    """
    overlap = _overlaps(labels, segments, before, len(names_before))
    kept = {
        int(new): names_before[old]
        for new, old in zip(*linear_sum_assignment(-overlap), strict=True)
        if overlap[new, old] >= SAME
    }
    fresh = _fresh([*taken, *names_before])
    return [kept[segment] if segment in kept else next(fresh) for segment in range(segments)]


def first_names(segments: int, taken: Sequence[str]) -> list[str]:
    """Names where there is nothing to go on from."""
    fresh = _fresh(taken)
    return [next(fresh) for _ in range(segments)]


def _fresh(taken: Sequence[str]) -> Iterator[str]:
    return (name for number in count(1) if (name := f"s{number}") not in taken)


def _overlaps(labels: Ints, segments: int, before: Ints, segments_before: int) -> Floats:
    """Users in both, of those in either: new × old."""
    both = np.bincount(labels * segments_before + before, minlength=segments * segments_before)
    both = both.reshape(segments, segments_before).astype(float)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return np.asarray(both / np.maximum(either, 1))
