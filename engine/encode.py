"""From features as people know them to features as a policy learns them: names with finite numbers."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

import msgspec

from engine.errors import ConfigError
from features.vector import Scalar

ALGORITHM = 2
MAX_NAME_BYTES = 128
MAX_UNSCALED = 20.0
MAX_WORDS = 64
NAMES_REMEMBERED = 16_384

_DIGEST_CHARACTERS = 12
_WORD = re.compile(r"\w+")


class EncoderSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes one encoder differ from another: journaled, so that records can be read with the encoder they name.

    Attributes:
        ranges: qualified feature name → least and greatest value.
        texts: qualified names of what people wrote freely.
        algorithm: the rules of ``Encoder``, which change with the software.
    """

    ranges: dict[str, tuple[float, float]] = {}
    texts: tuple[str, ...] = ()
    algorithm: int = ALGORITHM

    @property
    def version(self) -> str:
        """Content hash: what records name."""
        ranges = sorted((name, float(low), float(high)) for name, (low, high) in self.ranges.items())
        described = msgspec.json.encode([self.algorithm, ranges, sorted(self.texts)])
        return f"e{self.algorithm}-{hashlib.sha256(described).hexdigest()[:_DIGEST_CHARACTERS]}"


class Encoder:
    """Encodes the same way everywhere; ``version`` names the way.

    =====================  ============================================================
    text                   ``name=value``: 1
    free text              ``name=word`` and ``name=word next``: 1, for its first 64 words
    true, false            ``name``: 1, ``name=false``: 1
    number with a range    ``name``: scaled to [-1, 1] and clipped
    number without         ``name``: sign(x) · log(1 + \\|x\\|), clipped to [-20, 20]
    not a finite number    ``name=?``: 1
    =====================  ============================================================

    Numbers that come out as 0 are left out: 0 and absent are the same to a linear model.

    Raises:
        ConfigError: a range that is empty or not finite, or another algorithm than this one.
    """

    def __init__(self, spec: EncoderSpec) -> None:
        if spec.algorithm != ALGORITHM:
            raise ConfigError(f"this software encodes by algorithm {ALGORITHM}, not by {spec.algorithm}")
        self._scales = {name: _scale(name, low, high) for name, (low, high) in spec.ranges.items()}
        self._texts = frozenset(spec.texts)
        self.spec = spec
        self.version = spec.version

    def shared(self, values: Mapping[str, Scalar], freshness: Mapping[str, str]) -> dict[str, float]:
        """The context. A view that is not fresh is a feature too: ``view~stale``, ``view~missing``, ``view~error``."""
        encoded = self._encoded(values)
        for view, state in freshness.items():
            if state != "fresh":
                encoded[_safe(f"{view}~{state}")] = 1.0
        return encoded

    def action(self, action_id: str, features: Mapping[str, Scalar]) -> dict[str, float]:
        """An action: its features and its identity, ``id=…``."""
        encoded = self._encoded(features)
        encoded[_safe(f"id={action_id}")] = 1.0
        return encoded

    def _encoded(self, values: Mapping[str, Scalar]) -> dict[str, float]:
        encoded: dict[str, float] = {}
        for name, value in values.items():
            kind = type(value)
            if kind is str:
                if name in self._texts:
                    encoded.update((_safe(f"{name}={part}"), 1.0) for part in _parts(str(value)))
                else:
                    encoded[_safe(f"{name}={value}")] = 1.0
            elif kind is bool:
                encoded[_safe(name if value else f"{name}=false")] = 1.0
            else:
                self._add_number(encoded, name, value)
        return encoded

    def _add_number(self, encoded: dict[str, float], name: str, value: Scalar) -> None:
        number = _finite(value)
        if number is None:
            encoded[_safe(f"{name}=?")] = 1.0
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
            encoded[_safe(name)] = most if scaled > most else -most if scaled < -most else scaled


def _parts(text: str) -> Iterator[str]:
    """The words of a text, and each two that follow each other; the empty text is a part of its own."""
    words = [match.group() for _, match in zip(range(MAX_WORDS), _WORD.finditer(text.lower()), strict=False)]
    yield from words or ("",)
    yield from (f"{first} {second}" for first, second in pairwise(words))


def _finite(value: Scalar) -> float | None:
    if type(value) is float:
        return value if math.isfinite(value) else None
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


@lru_cache(NAMES_REMEMBERED)
def _safe(name: str) -> str:
    """At most 128 bytes of valid, non-empty text. What is cut off survives as a digest, so that names stay apart."""
    if name.isascii() and 0 < len(name) <= MAX_NAME_BYTES:
        return name
    text = name.encode("utf-8", "replace")
    if 0 < len(text) <= MAX_NAME_BYTES:
        return text.decode()
    digest = hashlib.blake2b(text, digest_size=_DIGEST_CHARACTERS // 2).hexdigest()
    return f"{text[: MAX_NAME_BYTES - _DIGEST_CHARACTERS - 1].decode(errors='ignore')}~{digest}"


def _scale(name: str, low: float, high: float) -> tuple[float, float]:
    middle, half = low / 2.0 + high / 2.0, high / 2.0 - low / 2.0
    if not (math.isfinite(middle) and half > 0.0):
        raise ConfigError(f"range of {name!r} is [{low}, {high}]: expected two finite numbers, the first less")
    return middle, half
