"""Segments as they were fitted: what anybody needs to tell in which one a user is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from features.predictions.describe import Trait
from features.predictions.shelf import Shelf
from features.predictions.space import Axis
from features.predictions.table import Floats

WELL_APART, APART = 0.5, 0.25
"""Kaufman and Rousseeuw 1990: reasonable structure from the one, none that is substantial below the other."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One segment; ``share`` is of everybody, ``title`` says in a few words what ``traits`` say in figures."""

    name: str
    users: int
    share: float
    title: str
    traits: tuple[Trait, ...]


class Segmentation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fit.

    Attributes:
        at_us: when its users were read, microseconds since the epoch.
        source: ``history``, or the name of the file.
        axes: how a user is placed; ``centres`` are segments × coordinates.
        left_out: feature → why nothing was learned from it.
        unknown: column → what it says where nothing is known.
        fitted: so many users the centres are from; ``judged`` as many the silhouettes.
        silhouettes: number of segments → how far they are apart, −1 to 1.
        variance: shares of the variance that the picture's two axes have.
        retired: names of segments that are gone; none gets them again.
        checked_with: the release of scikit-learn.
    """

    manifest_version: int = 1
    version: str
    at_us: int
    target: str
    source: str
    users: int
    fitted: int
    judged: int
    seed: int
    starts: int
    axes: tuple[Axis, ...]
    left_out: dict[str, str]
    unknown: dict[str, str]
    centres: tuple[tuple[float, ...], ...]
    segments: tuple[Segment, ...]
    silhouettes: dict[int, float]
    variance: tuple[float, float]
    retired: tuple[str, ...]
    checked_with: str

    @property
    def places(self) -> Floats:
        """Centres, segments × coordinates."""
        return np.array(self.centres)

    @property
    def names(self) -> list[str]:
        """Of the segments, in order."""
        return [segment.name for segment in self.segments]

    @property
    def verdict(self) -> str:
        """Whether these are groups, in words."""
        best = self.silhouettes[len(self.segments)]
        if best >= WELL_APART:
            return f"silhouette {best:.2f}: the segments are well apart"
        if best >= APART:
            return f"silhouette {best:.2f}: the segments are apart, and touch"
        return f"silhouette {best:.2f}: there are no clear groups; the segments divide a cloud that has no gaps"


def segments_shelf(home: Path) -> Shelf[Segmentation]:
    """Where a deployment's segments are."""
    return Shelf(home / "predictions" / "segments", Segmentation)
