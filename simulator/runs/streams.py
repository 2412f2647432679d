"""Streams of chance that never meet: whoever logs, whoever is run and whoever replays draw from their own."""

from __future__ import annotations

import hashlib
from typing import Literal

Role = Literal["policy", "logger", "replay"]
"""Who draws: a policy that is run, one that is run for its log, or the replay of a log."""


def salt(role: Role, seed: int, part: int = 0) -> bytes:
    """What ``engine.pmf.draw`` is salted with: the same numbers draw the same, any others independently.

    Args:
        part: of the stream of this seed, where it is drawn from more than once.
    """
    return hashlib.blake2b(f"{role}\0{seed}\0{part}".encode(), digest_size=32, person=b"maitred.draws").digest()
