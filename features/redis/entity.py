"""From the hash of an entity, as Feast's Redis store keeps it, to the rows of its views."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from features.entity_key import EntityKeys
from features.freshness import kept_us, row_of, typed, types_of
from features.plan import PlannedView
from features.redis.layout import decode_timestamp, decode_value, feature_field, timestamp_field
from features.scalars import FeatureType
from features.vector import ERROR_ROW, Scalar, ViewRow

DECODED = 2_048

Field = tuple[str, str | None]
"""View and feature that a hash field belongs to; no feature: the view's timestamp."""

UNKNOWN: Field = ("", None)


class _Stored(NamedTuple):
    """A row of a hash, as it is until ``fresh_us`` (``None``: for ever), and as it is afterwards."""

    view: str
    fresh: ViewRow
    stale: ViewRow
    fresh_us: int | None


class RedisEntity:
    """What the hashes of one join key hold.

    Args:
        decoded: hashes that are kept with what they say.

    Attributes:
        lives_s: how long a hash is kept after a write; 0 for ever.
    """

    def __init__(self, join_key: str, views: Sequence[PlannedView], decoded: int) -> None:
        self.keys = EntityKeys(join_key)
        self.lives_s = kept_us(views, join_key) // 1_000_000
        self._views = {view.name: view for view in views}
        self._types: dict[str, dict[str, FeatureType]] = {view.name: types_of(view) for view in views}
        self._fields: dict[bytes, Field] = {timestamp_field(view.name): (view.name, None) for view in views}
        self._fields |= {feature_field(view.name, f.name): (view.name, f.name) for view in views for f in view.features}
        self._most = decoded
        self._decoded: OrderedDict[bytes, tuple[Sequence[bytes], list[_Stored]]] = OrderedDict()

    def take(self, key: bytes, reply: Sequence[bytes] | OSError, now_us: int, rows: dict[str, ViewRow]) -> None:
        """Put the rows of a hash, or what its node failed with, among ``rows``."""
        if isinstance(reply, OSError):
            rows.update(dict.fromkeys(self._views, ERROR_ROW))
            return
        for view, fresh, stale, fresh_us in self._stored(key, reply):
            rows[view] = fresh if fresh_us is None or now_us <= fresh_us else stale

    def forget(self, keys: Sequence[bytes]) -> None:
        """Keep nothing of these hashes."""
        for key in keys:
            self._decoded.pop(key, None)

    def _stored(self, key: bytes, reply: Sequence[bytes]) -> list[_Stored]:
        known = self._decoded.get(key)
        if known is not None and known[0] == reply:
            return known[1]
        stored = self._decode(reply)
        if self._most:
            self._decoded[key] = reply, stored
            self._decoded.move_to_end(key)
            if len(self._decoded) > self._most:
                self._decoded.popitem(last=False)
        return stored

    def _decode(self, reply: Sequence[bytes]) -> list[_Stored]:
        values: dict[str, dict[str, Scalar]] = {name: {} for name in self._views}
        times: dict[str, int] = {}
        pairs = iter(reply)
        for field, encoded in zip(pairs, pairs, strict=True):
            view, feature = self._fields.get(field, UNKNOWN)
            if feature is not None:
                value = decode_value(encoded)
                if value is not None:
                    values[view][feature] = value
            elif view:
                times[view] = decode_timestamp(encoded)
        return [
            _row(self._views[view], typed(self._types[view], values[view]), timestamp_us)
            for view, timestamp_us in times.items()
        ]


def _row(view: PlannedView, values: Mapping[str, Scalar], timestamp_us: int) -> _Stored:
    fresh_us = timestamp_us + view.ttl_us if view.ttl_us else None
    fresh = row_of(view, values, timestamp_us, timestamp_us)
    return _Stored(view.name, fresh, replace(fresh, freshness="stale"), fresh_us)


def entities_of(views: Sequence[PlannedView], decoded: int) -> dict[str, RedisEntity]:
    """By join key."""
    join_keys = dict.fromkeys(str(view.join_key) for view in views)
    return {key: RedisEntity(key, [view for view in views if view.join_key == key], decoded) for key in join_keys}
