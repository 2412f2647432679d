"""The key table: the only place where the keys of persons are. A destroyed key makes all it sealed unreadable."""

from __future__ import annotations

import hmac
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes, token_urlsafe
from typing import Any, Literal, NamedTuple

from engine.errors import JournalError, SealError
from engine.lru import Lru
from engine.sqlite_wal import BUSY_POLL_S, journal_errors, open_reader, open_writer, transaction

KEY_BYTES = 32
REF_BYTES = 12
REMEMBERED = 20_000
RECHECK_S = 0.1
SCRUB_S = 1.0
"""How long others may keep the log busy while a destroyed key is removed from it."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS keys (ref TEXT PRIMARY KEY, lookup BLOB NOT NULL, key BLOB NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS keys_by_lookup ON keys (lookup)",
    "CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS erasures (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO erasures VALUES (1, 0)",
)


class _NewKey(NamedTuple):
    ref: str
    lookup: bytes
    key: bytes


class KeyTable:
    """Keys by opaque reference, in a SQLite file only its owner may read.

    Thread-safe, and shared with other processes: what one has flushed the others find, and a key that one destroyed the
    others stop using within ``recheck_s``. Two processes that meet a person at once may each make a key; both serve.

    Every method raises ``JournalError`` if the file cannot be read or written.
    """

    def __init__(self, path: Path, *, remembered: int = REMEMBERED, recheck_s: float = RECHECK_S) -> None:
        self._recheck_s = recheck_s
        self._recheck_at = 0.0
        self._erasures = 0
        self._refs: Lru[tuple[str, str], str] = Lru(remembered)
        self._keys: Lru[str, bytes] = Lru(remembered)
        self._pending: dict[str, _NewKey] = {}
        self._pending_refs: dict[bytes, str] = {}
        self._memory = threading.Lock()
        self._writing = threading.Lock()
        with journal_errors("open the key table"):
            _create_private(path)
            self._writer = open_writer(path, "FULL")
            with transaction(self._writer):
                for statement in _SCHEMA:
                    self._writer.execute(statement)
            self._reader = open_reader(path)
        self._salt = self.secret("lookup salt")

    def ref_for(self, kind: Literal["user", "session"], id: str) -> str:
        """The reference of a person's key. A new key is durable after the next ``flush``."""
        with self._memory:
            self._notice_erasures()
            ref = self._refs.get((kind, id))
            if ref is None:
                lookup = self._lookup(kind, id)
                ref = self._known(lookup) or self._make(lookup)
                self._refs.put((kind, id), ref)
            return ref

    def key(self, ref: str) -> bytes:
        """The key itself, 256 bits. Raises ``SealError`` if there is none, or none any more."""
        with self._memory:
            self._notice_erasures()
            key = self._keys.get(ref)
            if key is None:
                key = self._stored(ref)
                self._keys.put(ref, key)
            return key

    def flush(self) -> None:
        """Make every key handed out so far durable: one transaction, none if there is nothing new."""
        with self._writing:
            with self._memory:
                new = list(self._pending.values())
            if not new:
                return
            with journal_errors("store keys"), transaction(self._writer):
                self._writer.executemany("INSERT INTO keys VALUES (?, ?, ?)", new)
            with self._memory:
                for made in new:
                    self._drop_pending(made)

    def forget(self, kind: Literal["user", "session"], id: str) -> int:
        """Destroy every key of a person, on disk and in memory; how many there were.

        Raises:
            JournalError: some copy may still be on disk; call again.
        """
        lookup = self._lookup(kind, id)
        with self._writing, journal_errors("destroy a key"):
            refs = self._delete(lookup)
            with self._memory:
                made = self._pending.get(self._pending_refs.get(lookup, ""))
                if made is not None:
                    self._drop_pending(made)
                    refs.add(made.ref)
                self._refs.discard((kind, id))
                for ref in refs:
                    self._keys.discard(ref)
            self._scrub()
        return len(refs)

    def secret(self, name: str) -> bytes:
        """A secret of the deployment, 256 random bits, made on first use and durable when this returns."""
        with self._writing, journal_errors(f"secret {name!r}"), transaction(self._writer):
            self._writer.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (name, token_bytes(KEY_BYTES)))
            found = self._writer.execute("SELECT secret FROM secrets WHERE name = ?", (name,)).fetchone()
            return bytes(found[0])

    def close(self) -> None:
        """Release the file. Keys that were not flushed are lost."""
        with self._writing, self._memory:
            self._reader.close()
            self._writer.close()

    def _lookup(self, kind: str, id: str) -> bytes:
        return hmac.digest(self._salt, f"{kind}|{id}".encode(), "sha256")

    def _known(self, lookup: bytes) -> str | None:
        if lookup in self._pending_refs:
            return self._pending_refs[lookup]
        ref = self._select("SELECT ref FROM keys WHERE lookup = ? ORDER BY ref LIMIT 1", lookup)
        return None if ref is None else str(ref)

    def _make(self, lookup: bytes) -> str:
        made = _NewKey(token_urlsafe(REF_BYTES), lookup, token_bytes(KEY_BYTES))
        self._pending[made.ref] = made
        self._pending_refs[lookup] = made.ref
        return made.ref

    def _drop_pending(self, made: _NewKey) -> None:
        self._pending.pop(made.ref, None)
        self._pending_refs.pop(made.lookup, None)

    def _stored(self, ref: str) -> bytes:
        if ref in self._pending:
            return self._pending[ref].key
        key = self._select("SELECT key FROM keys WHERE ref = ?", ref)
        if key is None:
            raise SealError(f"no key {ref!r}: lost or destroyed")
        return bytes(key)

    def _notice_erasures(self) -> None:
        now = time.monotonic()
        if now < self._recheck_at:
            return
        self._recheck_at = now + self._recheck_s
        erasures = self._select("SELECT count FROM erasures")
        if erasures != self._erasures:
            self._erasures = erasures
            self._refs.clear()
            self._keys.clear()

    def _select(self, query: str, *parameters: str | bytes) -> Any:
        with journal_errors("read the key table"):
            found = self._reader.execute(query, parameters).fetchone()
        return None if found is None else found[0]

    def _delete(self, lookup: bytes) -> set[str]:
        with transaction(self._writer):
            doomed = self._writer.execute("DELETE FROM keys WHERE lookup = ? RETURNING ref", (lookup,)).fetchall()
            if doomed:
                self._writer.execute("UPDATE erasures SET count = count + 1")
        return {ref for (ref,) in doomed}

    def _scrub(self) -> None:
        end = time.monotonic() + SCRUB_S
        while self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > end:
                raise JournalError("destroy a key: another process is reading; its bytes may still be in the log")
            time.sleep(BUSY_POLL_S)


def _create_private(path: Path) -> None:
    # Never opened if it exists: closing a descriptor of a SQLite file drops this process's locks on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    path.chmod(0o600)
