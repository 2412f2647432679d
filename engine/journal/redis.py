"""The journal in a Redis stream: for one Redis, any number of threads, processes and machines.

What an acknowledged record survives is Redis's to keep, by its ``appendfsync``:

==========  ========================================================  ============
always      loss of power: a sync before every answer                 ``power``
everysec    death of Redis; loss of power loses up to about 2 s       ``process``
no          death of Redis; loss of power loses what the kernel held  ``process``
==========  ========================================================  ============

Without ``appendonly yes`` nothing survives, so such a server is refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import redis

from engine.errors import ConfigError, JournalError
from engine.journal.base import Appended, BeforeCommit, Durability, Stored
from engine.records.codec import decode_at, encode, kind_of
from engine.records.schema import AnyRecord
from features.clock import Clock

TIMEOUT_S = 2.0
DEFAULT_NAME = "maitred"
_MARK = "="
"""Before every decision id, which may be the empty text, while nothing at all means none."""

_APPEND = """
local log, at, keys, about = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local position = tonumber(redis.call('HGET', at, 'position') or '0')
local time = tonumber(redis.call('HGET', at, 'time') or '0')
local now = tonumber(ARGV[1])
if now < 0 then
    local clock = redis.call('TIME')
    now = clock[1] * 1000000 + clock[2]
end
if now > time then time = now end
local stamp, last, answer = string.format('%.0f', time), position, {}
for i = 2, #ARGV, 3 do
    local key, decision, body = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local first = key ~= '' and redis.call('HGET', keys, key)
    if first then
        answer[#answer + 1] = first
        answer[#answer + 1] = 1
    else
        last = last + 1
        local place = string.format('%.0f', last)
        redis.call('XADD', log, place .. '-0', 't', stamp, 'b', body)
        if key ~= '' then redis.call('HSET', keys, key, place .. ' ' .. stamp) end
        if decision ~= '' then
            local others = redis.call('HGET', about, decision)
            redis.call('HSET', about, decision, others and others .. ' ' .. place or place)
        end
        answer[#answer + 1] = place .. ' ' .. stamp
        answer[#answer + 1] = 0
    end
end
if last > position then redis.call('HSET', at, 'position', string.format('%.0f', last), 'time', stamp) end
return answer
"""


class RedisJournal:
    """A ``Journal`` (see ``journal.base``). Journal time is the server's, so machines need not agree on theirs.

    An append whose answer is lost may have happened: appending the same records again tells, as each with a key counts
    once.

    Args:
        url: ``redis://host:port/db``.
        name: of the stream; several journals may share a server.
        durability: what the server must be set to keep.
        before_commit: called before each append; if it raises, nothing is appended.
        clock: instead of the server's, in microseconds.
        timeout_s: longest wait for an answer.

    Raises:
        ConfigError: the server keeps less than ``durability`` asks for.
        JournalError: the server does not answer.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = DEFAULT_NAME,
        durability: Durability = "power",
        before_commit: BeforeCommit | None = None,
        clock: Clock | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._before_commit = before_commit
        self._clock = clock
        self._client = _client(url, timeout_s)
        self._closed = False
        self._log, self._at, self._keys, self._about = (f"{{{name}}}:{part}" for part in ("log", "at", "keys", "about"))
        self._append = self._client.register_script(_APPEND)
        with _journal_errors("open the journal"):
            _require_durable(self._client, durability)

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        """Append atomically. Raises ``JournalError`` with nothing appended, or with the answer lost."""
        arguments = [argument for record in records for argument in _arguments(record)]
        if not records:
            return []
        if self._before_commit is not None:
            self._before_commit()
        now_us = -1 if self._clock is None else max(0, self._clock())
        with self._connected("append"):
            answer = self._append((self._log, self._at, self._keys, self._about), (now_us, *arguments))
        return [_appended(place, bool(again)) for place, again in zip(answer[::2], answer[1::2], strict=True)]

    def read(self, after: int, limit: int) -> list[Stored]:
        """At most ``limit`` records with position > ``after``, in order."""
        with self._connected("read"):
            entries: Any = self._client.xrange(self._log, min=f"({max(after, 0)}-0", count=limit)
        return [_stored(entry) for entry in entries]

    def find(self, kind: str, key: str) -> Stored | None:
        """The record of this kind with this idempotency key."""
        with self._connected("read"):
            place: Any = self._client.hget(self._keys, f"{kind}/{key}")
        return None if place is None else next(iter(self._at_positions([place.split()[0]])), None)

    def about(self, decision_id: str) -> list[Stored]:
        """Every record that belongs to a decision, in order."""
        with self._connected("read"):
            places: Any = self._client.hget(self._about, f"{_MARK}{decision_id}")
        return [] if places is None else self._at_positions(places.split())

    def last_position(self) -> int:
        """The newest position; 0 if empty."""
        with self._connected("read"):
            position: Any = self._client.hget(self._at, "position")
        return int(position or 0)

    def close(self) -> None:
        """Release the connections."""
        self._closed = True
        self._client.close()

    def _at_positions(self, positions: Sequence[bytes]) -> list[Stored]:
        with self._connected("read"):
            pipe = self._client.pipeline(transaction=False)
            for position in positions:
                pipe.xrange(self._log, min=position, max=position)
            answers: Any = pipe.execute()
        return [_stored(entry) for entries in answers for entry in entries]

    @contextlib.contextmanager
    def _connected(self, what: str) -> Iterator[None]:
        if self._closed:
            raise JournalError(f"{what}: the journal is closed")
        with _journal_errors(what):
            yield


def _client(url: str, timeout_s: float) -> redis.Redis:
    try:
        return redis.Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s)
    except ValueError as error:
        raise ConfigError(f"the journal's URL: {error}") from error


def _require_durable(client: redis.Redis, durability: Durability) -> None:
    try:
        settings: Any = client.config_get("append*")
    except redis.ResponseError as error:
        raise ConfigError(f"the journal's Redis does not show its configuration (CONFIG GET): {error}") from error
    if settings.get("appendonly") != "yes":
        raise ConfigError("the journal's Redis keeps nothing: set `appendonly yes`")
    if durability == "power" and settings.get("appendfsync") != "always":
        raise ConfigError(
            f"the journal's Redis has `appendfsync {settings.get('appendfsync')}`: set `appendfsync always`, "
            "or MAITRED_DURABILITY=process and lose the last seconds with the power"
        )


def _arguments(record: AnyRecord) -> tuple[str, str, bytes]:
    key, about = record.idempotency_key, record.about
    return "" if key is None else f"{kind_of(record)}/{key}", "" if about is None else f"{_MARK}{about}", encode(record)


def _appended(place: bytes, duplicate: bool) -> Appended:
    position, time_us = place.split()
    return Appended(int(position), int(time_us), duplicate)


def _stored(entry: tuple[bytes, dict[bytes, bytes]]) -> Stored:
    name, fields = entry
    position = int(name.partition(b"-")[0])
    return Stored(position, int(fields[b"t"]), decode_at(position, fields[b"b"]))


@contextlib.contextmanager
def _journal_errors(what: str) -> Iterator[None]:
    """Redis's errors become ``JournalError``s that say what was being done."""
    try:
        yield
    except redis.RedisError as error:
        raise JournalError(f"{what}: {error}") from error
