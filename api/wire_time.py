"""Microseconds since the epoch ↔ RFC 3339 text in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.errors import BadRequest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(time_us: int) -> str:
    """``1_700_000_000_000_000`` → ``"2023-11-14T22:13:20+00:00"``."""
    return (_EPOCH + timedelta(microseconds=time_us)).isoformat()


def microseconds_of(text: str, *, field: str) -> int:
    """The inverse; raises ``BadRequest`` naming ``field`` for anything that is not a time with an offset."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"not an RFC 3339 time: {error}", field=field) from error
    if time.tzinfo is None:
        raise BadRequest("the time has no offset", field=field)
    return (time - _EPOCH) // timedelta(microseconds=1)
