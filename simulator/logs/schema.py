"""The log: one row a decision, whoever logged it, in columns.

A log is an iterator of ``LoggedBatch``: rows are never objects until somebody asks for ``decisions``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from simulator.logs.faults import UnreadableLog

if TYPE_CHECKING:
    from engine.types import TrainingExample

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]
Propensities = Literal["logged", "estimated"]

FEATURES = pa.map_(pa.string(), pa.float64())
LOG = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC")),
        pa.field("unit", pa.string()),
        pa.field("context", FEATURES),
        pa.field("candidates", pa.list_(pa.string()), nullable=False),
        pa.field("features", pa.list_(FEATURES)),
        pa.field("pmf", pa.list_(pa.float64())),
        pa.field("chosen", pa.int32()),
        pa.field("propensity", pa.float64()),
        pa.field("policy", pa.string()),
        pa.field("position", pa.int64()),
        pa.field("reward", pa.float64()),
        pa.field("group", pa.string()),
        pa.field("keep", pa.float64(), nullable=False),
        pa.field("learnable", pa.bool_(), nullable=False),
    ]
)
"""Columns of a log.

Attributes:
    time: when the decision was made.
    unit: pseudonym of the user or session.
    context, features: encoded features of the situation, and of each candidate.
    candidates: action ids.
    pmf: of the candidates; null where only the chosen one's probability is known.
    chosen: index into ``candidates``; null if nothing was shown.
    propensity: logged probability of the chosen action; null if it was not logged.
    policy, position: who decided, and the position of its snapshot; -1 or null if unknown.
    reward: null before it is settled.
    group: of the traffic.
    keep: probability with which the row was kept in the log.
    learnable: False where nothing was left to chance.
"""


@dataclass(frozen=True)
class LoggedBatch:
    """Some rows of a log, or some of their columns.

    Attributes:
        rows: columns of ``LOG``; those that were not asked for are not there.
        numbers: where each row stood in its source, from 1.
        propensities: whether they were logged or estimated afterwards.
    """

    rows: pa.RecordBatch
    numbers: Indices
    propensities: Propensities = "logged"

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def column(self, name: str) -> Any:
        """The Arrow array of a column. Raises ``UnreadableLog`` if it was not read."""
        if name not in self.rows.schema.names:
            raise UnreadableLog(f"the column {name!r} was not read: {', '.join(self.rows.schema.names)} were")
        return self.rows.column(name)

    def has(self, name: str) -> bool:
        """Whether a column was read, and is not null throughout."""
        return name in self.rows.schema.names and self.rows.column(name).null_count < len(self)

    @cached_property
    def reward(self) -> Array:
        """In the log's units; NaN before it is settled."""
        return _floats(self.column("reward"))

    @cached_property
    def propensity(self) -> Array:
        """Of the chosen action; NaN where it was not logged."""
        return _floats(self.column("propensity"))

    @cached_property
    def keep(self) -> Array:
        """With which probability each row was kept."""
        return _floats(self.column("keep"))

    @cached_property
    def chosen(self) -> Indices:
        """Index into the row's candidates; -1 where nothing was shown."""
        return _integers(self.column("chosen"), -1)

    @cached_property
    def position(self) -> Indices:
        """Of the snapshot that decided; -1 where it is not known."""
        return _integers(self.column("position"), -1)

    @cached_property
    def time_us(self) -> Indices:
        """When each decision was made; -1 where it is not known."""
        return _integers(self.column("time").cast(pa.int64()), -1)

    @cached_property
    def learnable(self) -> Mask:
        """False where nothing was left to chance."""
        return np.asarray(self.column("learnable").to_numpy(zero_copy_only=False), dtype=np.bool_)

    @cached_property
    def offsets(self) -> Indices:
        """Shape (n + 1): the candidates of row i stand at ``offsets[i]:offsets[i + 1]`` of ``actions``."""
        return offsets_of(self.column("candidates"))

    @cached_property
    def actions(self) -> Any:
        """Ids of all candidates of all rows, as one Arrow array."""
        return self.column("candidates").flatten()

    @cached_property
    def pmf_offsets(self) -> Indices:
        """Like ``offsets``, for ``pmf``: rows without a pmf have none of it."""
        return offsets_of(self.column("pmf"))

    @cached_property
    def pmf(self) -> Array:
        """Probabilities of all candidates of all rows that have a pmf."""
        return _floats(self.column("pmf").flatten())

    @cached_property
    def chosen_action(self) -> Any:
        """Id of each row's chosen action, null where nothing was shown."""
        return self.actions.take(pa.array(self.offsets[:-1] + self.chosen, mask=self.chosen < 0))

    def filter(self, mask: Mask) -> LoggedBatch:
        """The rows that a mask picks."""
        if mask.all():
            return self
        return LoggedBatch(self.rows.filter(pa.array(mask)), self.numbers[mask], self.propensities)

    def decisions(self, low: float = 0.0, high: float = 1.0) -> Iterator[TrainingExample]:
        """Each row as a policy learns it, with the reward scaled from [low, high] to [0, 1].

        Rows without a chosen action or a reward are left out.
        """
        from simulator.logs.examples import examples

        return examples(self, low, high)


def offsets_of(lists: Any) -> Indices:
    """Where each row's part of a flattened list column begins, and where the last ends; a null list has no part."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _floats(array: Any) -> Array:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)


def _integers(array: Any, absent: int) -> Indices:
    filled = array.fill_null(absent) if array.null_count else array
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)
