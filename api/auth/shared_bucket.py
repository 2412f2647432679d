"""A token bucket that several processes of one machine draw from."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import weakref
from pathlib import Path

from api.auth.bucket import Bucket, MakeBucket, TokenBucket
from api.auth.key import ApiKey

_STATE = struct.Struct("=dd")
"""What is left, and since when; since 0 if nobody drew yet."""


class SharedBucket:
    """A ``TokenBucket`` whose state is in a file. Clocks of different processes must agree, as ``monotonic`` does.

    The file's bytes are there from the start and mapped: a full disk changes nothing. Raises ``OSError`` if it cannot
    be made.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self._rate = rate
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        weakref.finalize(self, os.close, self._file)
        os.posix_fallocate(self._file, 0, _STATE.size)
        self._state = mmap.mmap(self._file, _STATE.size)

    def take(self, now: float) -> float:
        """See ``Bucket.take``. Waits for others only while they do the same: microseconds."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            left, at = _STATE.unpack_from(self._state)
            bucket = TokenBucket(self._rate, left, at or None)
            wait_s = bucket.take(now)
            _STATE.pack_into(self._state, 0, bucket.left, now)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        return wait_s


def shared_in(folder: Path) -> MakeBucket:
    """Every process that names this folder draws from the same buckets."""

    def make(key: ApiKey) -> Bucket | None:
        return None if key.rate is None else SharedBucket(folder / f"{key.id}.rate", key.rate)

    return make
