"""Finding segments: from users to a segmentation, its picture, and everybody's segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import sklearn

from features.errors import PredictionError
from features.predictions.clusters import STARTS, Clustering, clustering, plane_of
from features.predictions.describe import title_of, traits_of
from features.predictions.naming import first_names, names_of
from features.predictions.picture import picture
from features.predictions.segmentation import Segment, Segmentation
from features.predictions.shelf import version_at
from features.predictions.space import Axis, nearest, nearest_points, place, space_of
from features.predictions.table import Floats, Ints, Table

FITTED = 20_000
"""Centres are those of at most so many users; everybody is told the nearest."""
LEAST_USERS = 50


class Asked(NamedTuple):
    """What to fit: numbers of segments to try, and where chance begins."""

    ks: Sequence[int]
    seed: int
    target: str
    source: str
    at_us: int
    unknown: Mapping[str, str] = MappingProxyType({})


class Fitted(NamedTuple):
    """What was found: the picture is an SVG, ``labels`` is the place of each user's segment."""

    segmentation: Segmentation
    picture: str
    labels: Ints


def fit_segments(table: Table, asked: Asked, before: Segmentation | None, progress: Callable[[int], None]) -> Fitted:
    """Find segments among the users of a table; those that go on from ``before`` keep their names.

    Raises:
        PredictionError: there are too few users, or they do not differ.
    """
    if table.rows < LEAST_USERS:
        raise PredictionError(f"segments need at least {LEAST_USERS} users: there are {table.rows}")
    axes = space_of(table)
    if not axes:
        raise PredictionError("all users are the same in everything that can be learned from")
    sample = table.at(np.random.default_rng(asked.seed).permutation(table.rows)[:FITTED])
    points = place(axes, sample)
    found = clustering(points, asked.ks, asked.seed, progress)
    labels = nearest(axes, found.centres, table)
    segmentation, drawn = _told(table, axes, found, labels, asked, before, points)
    return Fitted(segmentation, drawn, labels)


def segments_of(segmentation: Segmentation, table: Table) -> pa.Array:
    """The name of everybody's segment. Raises ``PredictionError`` if a feature is not there."""
    return named(segmentation, nearest(segmentation.axes, segmentation.places, table))


def named(segmentation: Segmentation, labels: Ints) -> pa.Array:
    """Places of segments as their names."""
    return pa.array(segmentation.names).take(pa.array(labels))


def _told(
    table: Table,
    axes: tuple[Axis, ...],
    found: Clustering,
    labels: Ints,
    asked: Asked,
    before: Segmentation | None,
    points: Floats,
) -> tuple[Segmentation, str]:
    names = _names(table, labels, len(found.centres), before)
    segments = tuple(_segment(name, axes, table, labels, place) for place, name in enumerate(names))
    plane = plane_of(points)
    drawn = picture(points, nearest_points(points, found.centres), found.centres, segments, plane, axes)
    gone = {*before.names, *before.retired} - set(names) if before else set()
    segmentation = Segmentation(
        version=version_at(asked.at_us),
        at_us=asked.at_us,
        target=asked.target,
        source=asked.source,
        users=table.rows,
        fitted=len(points),
        judged=found.judged,
        seed=asked.seed,
        starts=STARTS,
        axes=axes,
        left_out=_left_out(table, axes),
        unknown=dict(asked.unknown),
        centres=tuple(tuple(centre) for centre in found.centres.tolist()),
        segments=segments,
        silhouettes=found.silhouettes,
        variance=plane.shares,
        retired=tuple(sorted(gone)),
        checked_with=sklearn.__version__,
    )
    return segmentation, drawn


def _names(table: Table, labels: Ints, segments: int, before: Segmentation | None) -> list[str]:
    if before is None:
        return first_names(segments, ())
    taken = [*before.names, *before.retired]
    try:
        old = nearest(before.axes, before.places, table)
    except PredictionError:
        return first_names(segments, taken)
    return names_of(labels, segments, old, before.names, taken)


def _segment(name: str, axes: Sequence[Axis], table: Table, labels: Ints, place: int) -> Segment:
    traits = tuple(traits_of(axes, table, labels, place))
    users = int((labels == place).sum())
    return Segment(name=name, users=users, share=users / table.rows, title=title_of(traits), traits=traits)


def _left_out(table: Table, axes: Sequence[Axis]) -> dict[str, str]:
    used = {axis.name for axis in axes}
    same = {column.name: "the same for everybody" for column in table.columns if column.name not in used}
    return {**table.left_out, **same}
