"""The journal in a Redis stream: for one Redis, any number of threads, processes and machines.

What an acknowledged record survives is Redis's to keep, by its ``appendfsync``:

==========  ==============================================================  ============
always      loss of power: a sync before every answer                       ``power``
no          death of Redis: written before every answer, synced some day    ``process``
everysec    death of Redis, unless its disk is slow: while a sync is under  ``process``
            way, up to 2 s of what it answered are not written
==========  ==============================================================  ============

With the power, ``everysec`` loses about 2 s, and ``no`` whatever the kernel held. So does ``always`` where
`no-appendfsync-on-rewrite` is set, while the file is rewritten; such a server is refused for ``power``.
Without ``appendonly yes`` nothing survives, and with ``maxmemory-policy allkeys-…`` a full server drops it: refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import redis

from engine.errors import CorruptRecord, Fenced, JournalError
from engine.journal import redis_scripts
from engine.journal.base import Appended, BeforeCommit, Durability, Lease, Stored, by_key
from engine.journal.cut import CUT_RECORDS, cut_record
from engine.journal.gaps import contiguous
from engine.journal.redis_link import Argument, Entry, Link, OneRedis
from engine.records.codec import decode_at, encode, kind_of
from engine.records.schema import AnyRecord, ControlRecord
from features.clock import Clock

TIMEOUT_S = 2.0
DEFAULT_NAME = "maitred"
_MARK = "="
"""Before every decision id, which may be the empty text, while nothing at all means none."""
_UNFENCED = ""
_NOWHERE = 0


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
        link: instead of the one to the server at ``url``.

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
        link: Link | None = None,
    ) -> None:
        self._before_commit = before_commit
        self._clock = clock
        self._link = link or OneRedis(url, timeout_s)
        self._closed = False
        self._names = tuple(f"{{{name}}}:{part}" for part in redis_scripts.KEYS)
        with _journal_errors("open the journal"):
            self._link.require(durability)

    def append(self, records: Sequence[AnyRecord], *, fence: int | None = None) -> list[Appended]:
        """Append atomically. Raises ``JournalError`` with nothing appended, or with the answer lost."""
        return self._append("append", records, fence)

    def lease(self, holder: str, ttl_us: int) -> Lease:
        """See ``Journal.lease``. Its time is the server's, like everything else's."""
        with self._connected("lease"):
            held: Any = self._link.run(redis_scripts.LEASE, self._names, (self._now_us(), holder, ttl_us))
        return Lease(held[0].decode(), int(held[1]), int(held[2]))

    def release(self, lease: Lease) -> None:
        """See ``Journal.release``."""
        with self._connected("release the lease"):
            self._link.run(redis_scripts.RELEASE, self._names, (lease.holder, lease.epoch))

    def read(self, after: int, limit: int) -> list[Stored]:
        """At most ``limit`` records with position > ``after``, in order."""
        after = max(after, 0)
        return contiguous(self, after, lambda: self._entries(after, limit))

    def find(self, kind: str, key: str) -> Stored | None:
        """The record of this kind with this idempotency key."""
        return next(iter(self._ask(redis_scripts.FIND, f"{kind}/{key}")), None)

    def find_all(self, kind: str, keys: Sequence[str]) -> dict[str, Stored]:
        """See ``Journal.find_all``."""
        with self._connected("read"):
            found: Any = self._link.look(redis_scripts.FIND, self._names, [f"{kind}/{key}" for key in keys])
        return by_key(_all_stored(found))

    def about(self, decision_id: str) -> list[Stored]:
        """Every record that belongs to a decision, in order."""
        return self._ask(redis_scripts.ABOUT, f"{_MARK}{decision_id}")

    def last_position(self) -> int:
        """The newest position; 0 if empty."""
        return self._glance(redis_scripts.LAST)

    def cut_position(self) -> int:
        """See ``Journal.cut_position``."""
        return self._glance(redis_scripts.CUT)

    def gaps_end(self) -> int:
        """See ``journal.gaps.Ends``."""
        return self.cut_position()

    def cut(self, position: int, *, fence: int | None = None) -> int:
        """See ``Journal.cut``. Memory is free again where nothing is left of a node of the stream."""
        self._append("cut", [cut_record(position)], fence, position)
        removed = after = 0
        while batch := [stored for stored in self._entries(after, CUT_RECORDS) if stored.position <= position]:
            removed += self._remove([stored for stored in batch if not isinstance(stored.record, ControlRecord)])
            after = batch[-1].position
        return removed

    def close(self) -> None:
        """Release the connections."""
        self._closed = True
        self._link.close()

    def _append(
        self, what: str, records: Sequence[AnyRecord], fence: int | None, cut: int = _NOWHERE
    ) -> list[Appended]:
        arguments = [argument for record in records for argument in _arguments(record)]
        if not records:
            return []
        if self._before_commit is not None:
            self._before_commit()
        epoch = _UNFENCED if fence is None else fence
        with self._connected(what):
            answer = self._link.run(redis_scripts.APPEND, self._names, (self._now_us(), epoch, cut, *arguments))
        return [_appended(place, bool(again)) for place, again in zip(answer[::2], answer[1::2], strict=True)]

    def _entries(self, after: int, limit: int) -> list[Stored]:
        with self._connected("read"):
            entries = self._link.entries(self._names, after, limit)
        return [_stored(entry) for entry in entries]

    def _remove(self, stored: Sequence[Stored]) -> int:
        arguments = [a for each in stored for a in (each.position, *_names_of(each.record))]
        with self._connected("cut"):
            return int(self._link.run(redis_scripts.REMOVE, self._names, arguments))

    def _now_us(self) -> int:
        return -1 if self._clock is None else max(0, self._clock())

    def _glance(self, script: str) -> int:
        with self._connected("read"):
            number: Any = self._link.glance(script, self._names, ())
        return int(number or 0)

    def _ask(self, script: str, argument: Argument) -> list[Stored]:
        with self._connected("read"):
            found: Any = self._link.run(script, self._names, (argument,))
        return _all_stored(found)

    @contextlib.contextmanager
    def _connected(self, what: str) -> Iterator[None]:
        if self._closed:
            raise JournalError(f"{what}: the journal is closed")
        with _journal_errors(what):
            yield


def _arguments(record: AnyRecord) -> tuple[str, str, bytes]:
    return *_names_of(record), encode(record)


def _names_of(record: AnyRecord) -> tuple[str, str]:
    key, about = record.idempotency_key, record.about
    return "" if key is None else f"{kind_of(record)}/{key}", "" if about is None else f"{_MARK}{about}"


def _appended(place: bytes, duplicate: bool) -> Appended:
    position, time_us = place.split()
    return Appended(int(position), int(time_us), duplicate)


def _all_stored(found: Any) -> list[Stored]:
    """What a script answers with, in place of what ``XRANGE`` does: nothing at all, where there is nothing."""
    return [_stored((name, dict(zip(fields[::2], fields[1::2], strict=True)))) for name, fields in found or ()]


def _stored(entry: Entry) -> Stored:
    name, fields = entry
    position = int(name.partition(b"-")[0])
    return Stored(position, int(fields[b"t"]), decode_at(position, fields[b"b"]))


@contextlib.contextmanager
def _journal_errors(what: str) -> Iterator[None]:
    """Redis's errors become ``JournalError``s that say what was being done."""
    try:
        yield
    except redis.ResponseError as error:
        raise _refused(what, str(error)) from error
    except redis.RedisError as error:
        raise JournalError(f"{what}: {error}") from error


def _refused(what: str, said: str) -> JournalError:
    code, _, why = said.partition(" ")
    kinds = {"FENCED": Fenced, "GONE": CorruptRecord, "BEYOND": JournalError}
    return kinds[code](f"{what}: {why}") if code in kinds else JournalError(f"{what}: {said}")
