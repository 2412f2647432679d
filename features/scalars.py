"""The four types a feature can have, and what may become one of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from features.vector import Scalar

FeatureType = Literal["string", "int", "float", "bool"]

INT64 = range(-(2**63), 2**63)
_KIND_OF: Mapping[type, FeatureType] = {str: "string", int: "int", float: "float", bool: "bool"}


def coerce(type_: FeatureType, value: object) -> Scalar | None:
    """``value`` as the declared type, or ``None`` if that would lose or invent something.

    Whole floats become ints, numbers become floats and strings; truth values are never numbers, numbers never truth
    values; NaN and infinities are nothing.
    """
    if isinstance(value, bool):
        return value if type_ == "bool" else None
    if isinstance(value, str):
        return value if type_ == "string" else None
    if isinstance(value, int):
        return _from_int(type_, value)
    if isinstance(value, float) and math.isfinite(value):
        return _from_float(type_, value)
    return None


def mismatch(type_: FeatureType, value: object) -> str:
    """Why ``coerce`` gave ``None``, in one word without the value: ``string-for-float``, ``float-out-of-range``."""
    kind = _KIND_OF.get(type(value), "other")
    return f"{kind}-out-of-range" if kind == type_ else f"{kind}-for-{type_}"


def _from_int(type_: FeatureType, value: int) -> Scalar | None:
    if value not in INT64 or type_ == "bool":
        return None
    if type_ == "int":
        return value
    return float(value) if type_ == "float" else str(value)


def _from_float(type_: FeatureType, value: float) -> Scalar | None:
    if type_ == "float":
        return value
    if type_ == "int" and value.is_integer() and int(value) in INT64:
        return int(value)
    return str(value) if type_ == "string" else None
