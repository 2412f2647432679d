"""Rows of a push view from a stream: one JSON object a line, written as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from io import BufferedReader

import msgspec

from features.clock import Clock, wall_clock
from features.embedded.rowstore import Fate
from features.errors import LoadError, RowError
from features.files.bulk import BulkRow, BulkWriter
from features.files.columns import EVENT_TIME
from features.files.moments import moment_us
from features.freshness import types_of
from features.plan import PlannedView
from features.scalars import coerce, mismatch
from features.vector import Scalar

CHUNK_BYTES = 1 << 16
LONGEST_LINE = 1 << 20

Refuse = Callable[[int, str], None]
"""Is told the line, from 1, and why it was refused; the reason has no value in it."""


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a stream's rows; the words are those of ``features.files.load.Loaded``."""

    rows: int
    written: int
    older: int
    erased: int
    refused: int


class Push:
    """Writes the rows of a stream. Without a time of its own (``event_timestamp``) a row happens when it is read."""

    def __init__(self, view: PlannedView, store: BulkWriter, refuse: Refuse, clock: Clock = wall_clock) -> None:
        self._key = str(view.join_key)
        self._types = types_of(view)
        self._store = store
        self._refuse = refuse
        self._clock = clock
        self._lines = self._refused = 0
        self._fates: Counter[Fate] = Counter()

    def all_of(self, stream: BufferedReader) -> Pushed:
        """Until it ends. What has come is written at once, whether or not there is more to come.

        Raises:
            LoadError: a line is too long to be a row.
            OSError: the store did not answer.
        """
        for lines in _lines(stream):
            self._fates.update(self._store.merge(list(self._rows(lines))))
        return Pushed(
            rows=self._lines,
            written=self._fates["written"],
            older=self._fates["older"],
            erased=self._fates["erased"],
            refused=self._refused,
        )

    def _rows(self, lines: Sequence[bytes]) -> Iterator[BulkRow]:
        for line in lines:
            self._lines += 1
            if not line.strip():
                continue
            try:
                yield self._row(msgspec.json.decode(line, type=dict[str, object]))
            except (RowError, msgspec.DecodeError) as error:
                self._refused += 1
                self._refuse(self._lines, str(error))

    def _row(self, given: dict[str, object]) -> BulkRow:
        key, time, now_us = given.pop(self._key, None), given.pop(EVENT_TIME, None), self._clock()
        if not isinstance(key, str) or not key:
            raise RowError(f"no {self._key}")
        time_us = now_us if time is None else moment_us(time)
        if time_us is None or time_us > now_us:
            raise RowError(f"{EVENT_TIME} is {'no time' if time_us is None else 'in the future'}")
        return BulkRow(key, time_us, {name: self._value(name, value) for name, value in given.items()})

    def _value(self, name: str, value: object) -> Scalar | None:
        if name not in self._types:
            raise RowError(f"no feature is called {name[:64]!r}")
        fitting = None if value is None else coerce(self._types[name], value)
        if fitting is None and value is not None:
            raise RowError(f"{name}: {mismatch(self._types[name], value)}")
        return fitting


def _lines(stream: BufferedReader) -> Iterator[list[bytes]]:
    """Whole lines, as many as have come."""
    rest = b""
    while chunk := stream.read1(CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise LoadError(f"a line is longer than {LONGEST_LINE:,} bytes")
        if lines:
            yield lines
    if rest:
        yield [rest]
