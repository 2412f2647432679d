"""New ids, ordered by time: the journal's indexes then grow at one end, and its commits touch few pages."""

from __future__ import annotations

import secrets
import time


def new_id() -> str:
    """32 hexadecimal digits: 48 bits of milliseconds, then 80 random bits (the layout idea of UUIDv7, RFC 9562 5.7)."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
