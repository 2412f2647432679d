"""The encoder that an ``encoder`` record announces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from engine.encode import ranges, standard
from engine.encode.base import Encoder
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.encode.standard import StandardEncoder, StandardSpec

Payload = Mapping[str, Any]
ALGORITHMS: Mapping[int, Callable[[Payload], Encoder]] = {
    ranges.ALGORITHM: lambda payload: RangeEncoder(msgspec.convert(payload, RangeSpec)),
    standard.ALGORITHM: lambda payload: StandardEncoder(msgspec.convert(payload, StandardSpec)),
}


def encoder_of(payload: Payload) -> Encoder | None:
    """``None`` if its algorithm is not one of this software. Raises ``msgspec.ValidationError``, ``ConfigError``."""
    make = ALGORITHMS.get(payload.get("algorithm", 0))
    return None if make is None else make(payload)
