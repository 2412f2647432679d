"""A file of rows into a view: into the online store, and into the history that Feast's offline store reads."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from features.clock import Clock, wall_clock
from features.embedded.rowstore import Fate
from features.files.bulk import BulkWriter
from features.files.columns import Columns
from features.files.fill import Fill, Fills
from features.files.intake import Intake, Taken
from features.files.parts import Parts
from features.files.refusals import RefusedRows
from features.files.tabular import Tabular

NAME_LENGTH = 16


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file's rows.

    Attributes:
        written: the store has them now.
        older: the store had newer ones; their history is kept.
        erased: whom they are about was erased after they happened. They are kept nowhere.
        repeated: they were in the file before, word for word.
        refused: reason → how many rows could not be taken.
        fills: each feature that a column has.
        unused: columns that are nothing. ``absent``: features that no column has; what is stored of them stays.
        history: the file that was added for Feast's offline store.
    """

    rows: int
    written: int
    older: int
    erased: int
    repeated: int
    refused: dict[str, int]
    fills: list[Fill]
    unused: tuple[str, ...]
    absent: tuple[str, ...]
    history: str | None


class Load:
    """One file, on its way.

    Args:
        parts: ``None`` keeps no history.
        refused: where rows go that cannot be taken.
        decimal: what is between the digits of a number and its fraction, in text.
    """

    def __init__(
        self,
        table: Tabular,
        columns: Columns,
        *,
        parts: Parts | None,
        refused: RefusedRows,
        decimal: str = ".",
        clock: Clock = wall_clock,
    ) -> None:
        self._table = table
        self._columns = columns
        self._parts = parts
        self._refused = refused
        self._clock = clock
        self._now_us = clock()
        self._intake = Intake(columns, self._now_us, decimal)
        self._name = _name(table, columns, decimal, self._now_us)
        self._fills = Fills(columns.features.values())
        self._fates: Counter[Fate] = Counter()
        self._repeated = 0

    def into(self, store: BulkWriter, progress: Callable[[int], None]) -> Loaded:
        """Load it all. What was loaded when something fails stays; loading the file again completes it.

        Raises:
            LoadError: the file is broken, or a column can never be what it is said to be.
            OSError: the store did not answer, or the history cannot be written.
        """
        rows = 0
        with contextlib.closing(self._refused), self._history() as keep:
            for read in self._table.batches():
                taken = self._intake.take(read.batch)
                self._refused.add(read, taken.refused)
                self._repeated += taken.repeated
                keep(self._merged(taken, store))
                rows += len(read.batch)
                progress(rows)
            self._refused.add_misread(self._table.misread)
        return self._loaded(rows + len(self._table.misread))

    def _merged(self, taken: Taken, store: BulkWriter) -> Taken:
        """What is left of it when the store has it: what people were before they were erased is not kept."""
        fates = store.merge(taken.rows())
        self._fates.update(fates)
        kept = taken.without([place for place, fate in enumerate(fates) if fate == "erased"])
        self._fills.count(len(kept.keys), kept.values)
        return kept

    @contextlib.contextmanager
    def _history(self) -> Iterator[Callable[[Taken], None]]:
        if self._parts is None:
            yield _forget
            return
        with self._parts.adding(self._name) as part:
            yield part.add
            part.tell(self._clock(), [feature.name for feature in self._columns.features.values()])

    def _loaded(self, rows: int) -> Loaded:
        return Loaded(
            rows=rows,
            written=self._fates["written"],
            older=self._fates["older"],
            erased=self._fates["erased"],
            repeated=self._repeated,
            refused=dict(self._refused.reasons.most_common()),
            fills=self._fills.told(),
            unused=self._columns.unused,
            absent=tuple(feature.name for feature in self._columns.absent),
            history=str(self._parts.named(self._name)) if self._parts is not None else None,
        )


def _forget(_: Taken) -> None:
    """Nobody asked for a history."""


def _name(table: Tabular, columns: Columns, decimal: str, now_us: int) -> str:
    """The same for the same file, loaded in the same way: its history is there once."""
    features = {column: feature.name for column, feature in columns.features.items()}
    when = columns.time or now_us
    return hashlib.sha256(repr((table.digest, columns.key, when, features, decimal)).encode()).hexdigest()[:NAME_LENGTH]
