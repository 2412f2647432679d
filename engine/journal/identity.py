"""Which journal a record belongs to: positions are only comparable within one."""

from __future__ import annotations

import hashlib

import msgspec

from engine.journal.base import Stored
from engine.records.codec import kind_of


def identity_of(first: Stored) -> str:
    """Which journal this first record belongs to: the moment at which it began, and with what."""
    record = first.record
    described = [first.position, first.time_us, kind_of(record), record.idempotency_key, record.about]
    return hashlib.sha256(msgspec.json.encode(described)).hexdigest()
