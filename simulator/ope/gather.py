"""Rows of a log, gathered for a reward model: maps of features as matrices, names as codes, in one order.

The order is that of time and id, names are sorted: however the log was split or shuffled, what is fitted has the same
digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import NotEvaluable
from simulator.logs.schema import LoggedBatch, offsets_of
from simulator.ope.choices import Choices, Codes
from simulator.ope.evaluated import Array

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What estimators and reward models need of a log, one entry a row unless said otherwise.

    Attributes:
        unit: code of the row's unit; of the row itself where it has none.
        time: microseconds since 1970, -1 where it is not known.
        actions: their ids; ``choices.action`` has places in it.
        order: places of the rows in what was gathered, concatenated.
    """

    choices: Choices
    reward: Array
    propensity: Array
    keep: Array
    unit: Codes
    time: Codes
    actions: tuple[str, ...]
    order: Codes
    _places: Codes

    def arranged(self, flat: Array) -> Array:
        """One number a candidate, from the order in which the rows were given into the order in which they are."""
        return flat[self._places]

    def as_given(self, flat: Array) -> Array:
        """The way back: from the order in which the rows are into the order in which they were given."""
        given = np.empty_like(flat)
        given[self._places] = flat
        return given


def gathered(batches: Sequence[LoggedBatch]) -> Gathered:
    """All rows of these batches, with a chosen action, a reward and a propensity each.

    Raises:
        NotEvaluable: no rows, or one without any of these; which row, and what is missing.
    """
    if not sum(map(len, batches)):
        raise NotEvaluable("there are no rows")
    _require_complete(batches)
    order = _order(batches)
    action, actions = _codes(_joined(batches, "candidates").flatten())
    given = Choices(
        _matrix(_joined(batches, "context")),
        offsets_of(_joined(batches, "candidates")),
        action,
        np.concatenate([batch.chosen for batch in batches]),
        _of_candidates(batches),
    )
    columns = {name: _numbers(batches, name)[order] for name in ("reward", "propensity", "keep")}
    unit, time = _units(batches)[order], np.concatenate([batch.time_us for batch in batches])[order]
    return Gathered(
        given.take(order), **columns, unit=unit, time=time, actions=actions, order=order, _places=given.flat(order)
    )


def _require_complete(batches: Sequence[LoggedBatch]) -> None:
    for batch in batches:
        missing = {
            "chosen action": batch.chosen < 0,
            "reward": np.isnan(batch.reward),
            "propensity": np.isnan(batch.propensity),
        }
        for what, where in missing.items():
            if where.any():
                raise NotEvaluable(f"row {int(batch.numbers[where.argmax()])} has no {what}")


def _joined(batches: Sequence[LoggedBatch], name: str) -> Any:
    return pa.chunked_array([batch.column(name) for batch in batches]).combine_chunks()


def _numbers(batches: Sequence[LoggedBatch], name: str) -> Array:
    return np.concatenate([getattr(batch, name) for batch in batches])


def _order(batches: Sequence[LoggedBatch]) -> Codes:
    columns = pa.table({name: _joined(batches, name) for name in ("time", "id")})
    places = pc.sort_indices(columns, sort_keys=[("time", "ascending"), ("id", "ascending")])
    return np.asarray(places.to_numpy(), dtype=np.int64)


def _codes(names: Any) -> tuple[Codes, tuple[str, ...]]:
    """The place of each name among the sorted names."""
    encoded = names.dictionary_encode()
    known: list[str] = encoded.dictionary.to_pylist()
    ranks = np.empty(len(known), dtype=np.int64)
    ranks[np.argsort(np.array(known, dtype=object), kind="stable")] = np.arange(len(known))
    return ranks[encoded.indices.to_numpy(zero_copy_only=False)], tuple(sorted(known))


def _units(batches: Sequence[LoggedBatch]) -> Codes:
    own = _joined(batches, "id")
    units = pc.coalesce(_joined(batches, "unit"), own) if any(batch.has("unit") for batch in batches) else own
    return _codes(units)[0]


def _matrix(maps: Any) -> sparse.csr_array:
    """One row a map, one column a name; a null map is an empty one."""
    from scipy import sparse  # slow to import

    ends = maps.offsets.to_numpy().astype(np.int64)
    columns, names = _codes(maps.keys[ends[0] : ends[-1]])
    values = maps.items[ends[0] : ends[-1]].to_numpy(zero_copy_only=False)
    return sparse.csr_array((values, columns, ends - ends[0]), shape=(len(maps), len(names)))


def _of_candidates(batches: Sequence[LoggedBatch]) -> sparse.csr_array | None:
    """Features of all candidates; rows that were logged without have empty ones."""
    from scipy import sparse  # slow to import

    if not any(batch.has("features") for batch in batches):
        return None
    maps, candidates = _joined(batches, "features"), offsets_of(_joined(batches, "candidates"))
    matrix = _matrix(maps.flatten())
    described = np.diff(offsets_of(maps)) > 0
    row = np.repeat(np.arange(len(described)), np.diff(candidates))
    lengths = np.zeros(int(candidates[-1]), dtype=np.int64)
    lengths[described[row]] = np.diff(matrix.indptr)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array((matrix.data, matrix.indices, ends), shape=(len(lengths), matrix.shape[1]))
