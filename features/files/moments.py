"""When the rows of a file happened: a column of times, in whatever way exports write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from features.errors import LoadError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS_END = 10**11
_MILLISECONDS_END = 10**14
"""Unix times are told apart by their size: as seconds this is the year 5138, as milliseconds too."""


def moments_us(column: pa.Array) -> list[int | None]:
    """Microseconds since the epoch; ``None`` for what is no time.

    Without a zone it is UTC. Text is ISO 8601, or Unix seconds, milliseconds or microseconds, as numbers are.

    Raises:
        LoadError: this column cannot hold times.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        times: list[int | None] = _microseconds(column).to_pylist()
        return times
    texts_or_numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_string, pa.types.is_large_string)
    if any(is_kind(kind) for is_kind in texts_or_numbers):
        return [moment_us(value) for value in column.to_pylist()]
    raise LoadError(f"a column of type {kind} cannot be a time")


def moment_us(value: object) -> int | None:
    """One time, likewise."""
    if isinstance(value, str):
        return _of_text(value)
    return _of_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _microseconds(column: pa.Array) -> pa.Array:
    zone = getattr(column.type, "tz", None)
    return pc.cast(column, pa.timestamp("us", tz=zone), safe=False).cast(pa.int64())


def _of_number(value: float) -> int | None:
    if not 0 <= value < _MILLISECONDS_END * 1_000:
        return None
    if value < _SECONDS_END:
        return round(value * 1_000_000)
    return round(value * 1_000) if value < _MILLISECONDS_END else round(value)


def _of_text(text: str) -> int | None:
    text = text.strip()
    if text.isdecimal():
        return _of_number(int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND
