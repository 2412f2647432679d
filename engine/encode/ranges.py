"""The second algorithm: numbers by declared range. Kept, so that journals which name it can be replayed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from engine.encode.base import Calibration, Cross, finite, middle_and_half
from engine.encode.names import parts_of, safe
from engine.errors import ConfigError
from features.vector import Freshness, Scalar

ALGORITHM = 2
MAX_UNSCALED = 20.0

_DIGEST_CHARACTERS = 12


class RangeSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes one such encoder differ from another.

    Attributes:
        ranges: qualified feature name → least and greatest value.
        texts: qualified names of what people wrote freely.
    """

    ranges: dict[str, tuple[float, float]] = {}
    texts: tuple[str, ...] = ()
    algorithm: int = ALGORITHM

    @property
    def version(self) -> str:
        """Content hash."""
        ranges = sorted((name, float(low), float(high)) for name, (low, high) in self.ranges.items())
        described = msgspec.json.encode([self.algorithm, ranges, sorted(self.texts)])
        return f"e{self.algorithm}-{hashlib.sha256(described).hexdigest()[:_DIGEST_CHARACTERS]}"


class RangeEncoder:
    """An ``Encoder`` that learns nothing: whatever it is calibrated with, it stays as it is.

    =====================  ============================================================
    text                   ``name=value``: 1
    free text              ``name=word`` and ``name=word next``: 1, for its first 64 words
    true, false            ``name``: 1, ``name=false``: 1
    number with a range    ``name``: scaled to [-1, 1] and clipped
    number without         ``name``: sign(x) · log(1 + \\|x\\|), clipped to [-20, 20]
    not a finite number    ``name=?``: 1
    view that is not fresh ``view~stale``, ``view~missing``, ``view~error``: 1
    =====================  ============================================================

    Numbers that come out as 0 are left out: 0 and absent are the same to a linear model.

    Raises:
        ConfigError: a range that is empty or not finite, or another algorithm than this one.
    """

    def __init__(self, spec: RangeSpec) -> None:
        if spec.algorithm != ALGORITHM:
            raise ConfigError(f"this encodes by algorithm {ALGORITHM}, not by {spec.algorithm}")
        self._scales = {name: middle_and_half(name, low, high) for name, (low, high) in spec.ranges.items()}
        self._texts = frozenset(spec.texts)
        self.family = self.version = spec.version
        self.payload: dict[str, Any] = msgspec.to_builtins(spec)

    def calibrated(self, calibration: Calibration) -> RangeEncoder:
        """See ``Encoder.calibrated``."""
        return self

    def shared(
        self,
        values: Mapping[str, Scalar],
        freshness: Mapping[str, Freshness],
        missing: Collection[str] = (),
        crosses: Sequence[Cross] = (),
    ) -> dict[str, float]:
        """See ``Encoder.shared``. It knew nothing of single values that are missing, nor of crosses."""
        encoded = self._encoded(values)
        for view, state in freshness.items():
            if state != "fresh":
                encoded[safe(f"{view}~{state}")] = 1.0
        return encoded

    def numbers(
        self, values: Mapping[str, Scalar], freshness: Mapping[str, Freshness], missing: Collection[str] = ()
    ) -> tuple[tuple[str, float], ...]:
        """See ``Encoder.numbers``: none."""
        return ()

    def action(self, action_id: str, features: Mapping[str, Scalar]) -> dict[str, float]:
        """See ``Encoder.action``."""
        encoded = self._encoded(features)
        encoded[safe(f"id={action_id}")] = 1.0
        return encoded

    def _encoded(self, values: Mapping[str, Scalar]) -> dict[str, float]:
        encoded: dict[str, float] = {}
        for name, value in values.items():
            kind = type(value)
            if kind is str:
                if name in self._texts:
                    encoded.update((safe(f"{name}={part}"), 1.0) for part in parts_of(str(value)))
                else:
                    encoded[safe(f"{name}={value}")] = 1.0
            elif kind is bool:
                encoded[safe(name if value else f"{name}=false")] = 1.0
            else:
                self._add_number(encoded, name, value)
        return encoded

    def _add_number(self, encoded: dict[str, float], name: str, value: Scalar) -> None:
        number = finite(value)
        if number is None:
            encoded[safe(f"{name}=?")] = 1.0
            return
        scale = self._scales.get(name)
        if scale is None:
            scaled = math.copysign(math.log1p(abs(number)), number)
            most = MAX_UNSCALED
        else:
            middle, half = scale
            scaled = (number - middle) / half
            most = 1.0
        if scaled:
            encoded[safe(name)] = most if scaled > most else -most if scaled < -most else scaled
