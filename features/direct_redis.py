"""The direct reader and writer over Redis: Feast's rows in Feast's layout, without Feast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from features.clock import Clock, wall_clock
from features.entity_key import EntityKeys
from features.freshness import error_rows, missing_rows, row_of, typed, types_of, writable
from features.plan import Plan, PlannedView
from features.redis_layout import (
    UNREADABLE,
    decode_timestamp,
    decode_value,
    encode_timestamp,
    encode_value,
    feature_field,
    timestamp_field,
)
from features.redis_link import TIMEOUT_S, RedisLink, pack
from features.scalars import FeatureType
from features.vector import Scalar, ViewRow

REPLACE = """
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if (stored or '') ~= ARGV[2] then return 0 end
local fields = tonumber(ARGV[3])
if fields > 0 then redis.call('HDEL', KEYS[1], unpack(ARGV, 4, 3 + fields)) end
redis.call('HSET', KEYS[1], ARGV[1], unpack(ARGV, 4 + fields))
return 1
"""
"""Compare-and-set of one view's row. ``KEYS``: the entity. ``ARGV``: timestamp field, expected timestamp (empty: no
row), how many fields the view has, those fields, the new timestamp, and then field, value …"""


Field = tuple[str, str | None]
"""View and feature that a hash field belongs to; no feature: the view's timestamp."""

UNKNOWN: Field = ("", None)


class _Entity(NamedTuple):
    """What the hashes of one join key hold: the fields of all of its views."""

    keys: EntityKeys
    views: dict[str, PlannedView]
    types: dict[str, dict[str, FeatureType]]
    fields: dict[bytes, Field]


class DirectRedisStore:
    """``FeatureStore`` over the hashes that Feast's own Redis store writes."""

    def __init__(self, plan: Plan, url: str, clock: Clock = wall_clock, *, timeout_s: float = TIMEOUT_S) -> None:
        self._project = plan.definitions.project.encode()
        self._views = plan.stored_views
        self._by_name = {view.name: view for view in self._views}
        self._entities = _entities(self._views)
        self._link = RedisLink(url, timeout_s)
        self._clock = clock

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """See ``FeatureStore.read``. One round trip, whatever the number of views."""
        rows = missing_rows(self._views, keys)
        wanted = [(self._entities[key], value) for key, value in keys.items() if key in self._entities]
        if not wanted:
            return rows
        try:
            replies = await self._link.call([pack("HGETALL", self._key(entity, value)) for entity, value in wanted])
            now_us = self._clock()
            for (entity, _), reply in zip(wanted, replies, strict=True):
                _take(entity, reply, now_us, rows)
        except (OSError, *UNREADABLE):
            return error_rows(self._views, keys)
        return rows

    async def write(
        self, view: str, key: str, values: Mapping[str, Scalar], *, timestamp_us: int, expected_us: int | None
    ) -> bool:
        """See ``FeatureStore.write``. Raises ``RowError`` for values that do not fit the view."""
        planned = self._by_name[view]
        row = writable(planned, values)
        entity = self._entities[str(planned.join_key)]
        expected = b"" if expected_us is None else encode_timestamp(expected_us)
        every_field = [feature_field(view, feature.name) for feature in planned.features]
        arguments: list[bytes | int] = [
            timestamp_field(view),
            expected,
            len(every_field),
            *every_field,
            encode_timestamp(timestamp_us),
        ]
        for feature in planned.features:
            if feature.name in row:
                arguments += feature_field(view, feature.name), encode_value(feature.type, row[feature.name])
        [replaced] = await self._link.call([pack("EVAL", REPLACE, 1, self._key(entity, key), *arguments)])
        return bool(replaced)

    async def close(self) -> None:
        """See ``FeatureStore.close``."""
        await self._link.close()

    def _key(self, entity: _Entity, value: str) -> bytes:
        return entity.keys.key(value) + self._project


def _entities(views: Sequence[PlannedView]) -> dict[str, _Entity]:
    entities: dict[str, _Entity] = {}
    for view in views:
        join_key = str(view.join_key)
        entity = entities.setdefault(join_key, _Entity(EntityKeys(join_key), {}, {}, {}))
        entity.views[view.name] = view
        entity.types[view.name] = types_of(view)
        entity.fields[timestamp_field(view.name)] = (view.name, None)
        for feature in view.features:
            entity.fields[feature_field(view.name, feature.name)] = (view.name, feature.name)
    return entities


def _take(entity: _Entity, reply: Sequence[bytes], now_us: int, rows: dict[str, ViewRow]) -> None:
    values: dict[str, dict[str, Scalar]] = {name: {} for name in entity.views}
    times: dict[str, int] = {}
    pairs = iter(reply)
    for field, encoded in zip(pairs, pairs, strict=True):
        view, feature = entity.fields.get(field, UNKNOWN)
        if feature is not None:
            value = decode_value(encoded)
            if value is not None:
                values[view][feature] = value
        elif view:
            times[view] = decode_timestamp(encoded)
    for view, timestamp_us in times.items():
        planned = entity.views[view]
        rows[view] = row_of(planned, typed(entity.types[view], values[view]), timestamp_us, now_us)
