"""Segments on the plane in which users differ most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from features.predictions.clusters import Plane
from features.predictions.segmentation import Segment
from features.predictions.space import Axis
from features.predictions.svg import Chart, Range
from features.predictions.table import Floats, Ints

DRAWN = 1_500
NAMED_LOADINGS = 2
MARGIN = 0.05


def picture(
    points: Floats, labels: Ints, centres: Floats, segments: Sequence[Segment], plane: Plane, axes: Sequence[Axis]
) -> str:
    """An SVG of at most ``DRAWN`` users, as they come, and each segment's centre."""
    origin = points.mean(axis=0)
    seen = (points[:DRAWN] - origin) @ plane.directions.T
    x, y = (_range(seen[:, axis]) for axis in (0, 1))
    labels_of_axes = _label(plane, 0, axes), _label(plane, 1, axes)
    chart = Chart(f"{len(segments)} segments on their first two principal components", x, y, labels_of_axes)
    for place, label in zip(seen, labels, strict=False):
        chart.point(float(place[0]), float(place[1]), int(label))
    for number, (segment, centre) in enumerate(zip(segments, (centres - origin) @ plane.directions.T, strict=True)):
        chart.text(float(np.clip(centre[0], *x)), float(np.clip(centre[1], *y)), segment.name)
        chart.legend(number, f"{segment.name}: {segment.share:.0%}", number, small=segment.title)
    chart.note(len(segments), f"{len(seen):,} users drawn; names stand at the centres")
    return chart.drawn()


def _label(plane: Plane, axis: int, axes: Sequence[Axis]) -> str:
    """Its share of the variance, and the features that it is mostly made of."""
    widths = np.cumsum([0, *(each.width for each in axes)])
    loads = [float(np.square(plane.directions[axis, a:b]).sum()) for a, b in pairwise(widths)]
    most = sorted(range(len(axes)), key=lambda place: -loads[place])[:NAMED_LOADINGS]
    names = ", ".join(axes[place].name for place in most if loads[place])
    return f"component {axis + 1}: {plane.shares[axis]:.0%} of the variance; mostly {names}"


def _range(values: Floats) -> Range:
    least, greatest = float(values.min()), float(values.max())
    margin = (greatest - least) * MARGIN or 1.0
    return Range(least - margin, greatest + margin)
