"""Who belongs to which traffic group: sticky, without state, and not steerable from outside."""

from __future__ import annotations

import hashlib

from engine.config import TrafficSpec
from engine.types import Group

_PRECISION = 2.0**-53


def unit_of(salt: bytes, kind: str, id: str) -> str:
    """Pseudonym of a user or session: 16 hex digits, the same for ever under one salt (at most 64 bytes)."""
    return hashlib.blake2b(f"{kind}\0{id}".encode(), key=salt, digest_size=8, person=b"maitred.unit").hexdigest()


def group_of(spec: TrafficSpec, salt: bytes, unit: str) -> Group:
    """The unit's traffic group.

    ``random`` fills [0, 1) from below, ``control`` from above, ``champion`` is what lies between: changing the
    champion's share moves units into or out of it, and never one between ``random`` and ``control``.
    """
    place = _place(salt, unit)
    if place < spec.random:
        return "random"
    return "control" if place >= 1.0 - spec.control else "champion"


def _place(salt: bytes, unit: str) -> float:
    digest = hashlib.blake2b(unit.encode(), key=salt, digest_size=8, person=b"maitred.group").digest()
    return (int.from_bytes(digest, "big") >> 11) * _PRECISION
