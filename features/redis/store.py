"""The direct reader and writer over Redis: Feast's rows in Feast's layout, without Feast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.clock import Clock, wall_clock
from features.freshness import error_rows, missing_rows, writable
from features.plan import Plan
from features.redis.entity import DECODED, entities_of
from features.redis.layout import UNREADABLE, encode_timestamp, encode_value, feature_field, timestamp_field
from features.redis.link import TIMEOUT_S, Asked, pack
from features.redis.open import open_link
from features.redis.scripts import ERASE, REPLACE
from features.vector import RowChange, ViewRow


class DirectRedisStore:
    """``FeatureStore`` over the hashes that Feast's own Redis store writes.

    Args:
        decoded: entities of each kind of which the last hash and its values are kept: what is unchanged, as a user is
            from turn to turn, need not be decoded again.
    """

    def __init__(
        self,
        plan: Plan,
        url: str,
        clock: Clock = wall_clock,
        *,
        timeout_s: float = TIMEOUT_S,
        decoded: int = DECODED,
    ) -> None:
        self._project = plan.definitions.project.encode()
        self._views = plan.stored_views
        self._by_name = {view.name: view for view in self._views}
        self._entities = entities_of(self._views, decoded)
        self._link = open_link(url, timeout_s)
        self._clock = clock

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """See ``FeatureStore.read``. One round trip, whatever the number of views."""
        rows = missing_rows(self._views, keys)
        wanted = [
            (self._entities[name], self._key(name, value)) for name, value in keys.items() if name in self._entities
        ]
        if not wanted:
            return rows
        try:
            replies = await self._link.ask([Asked(key, pack("HGETALL", key)) for _, key in wanted])
            now_us = self._clock()
            for (entity, key), reply in zip(wanted, replies, strict=True):
                entity.take(key, reply, now_us, rows)
        except (OSError, *UNREADABLE):
            return error_rows(self._views, keys)
        return rows

    async def write(self, changes: Sequence[RowChange]) -> list[bool]:
        """See ``FeatureStore.write``."""
        keys = [self._key_of(change) for change in changes]
        words = [self._words(change) for change in changes]
        slots: dict[int, list[int]] = {}
        for place, key in enumerate(keys):
            slots.setdefault(self._link.slot(key), []).append(place)
        asked = [_asked_to_replace([keys[i] for i in at], [words[i] for i in at]) for at in slots.values()]
        done = dict[int, Any]()
        for places, reply in zip(slots.values(), _none_failed(await self._link.ask(asked)), strict=True):
            done.update(zip(places, reply, strict=True))
        return [bool(done[place]) for place in range(len(changes))]

    async def erase(self, keys: Mapping[str, str], at_us: int) -> int:
        """See ``FeatureStore.erase``."""
        erased = [self._key(name, value) for name, value in keys.items() if name in self._entities]
        for entity in self._entities.values():
            entity.forget(erased)
        asked = [Asked(key, pack("EVAL", ERASE, 1, key, at_us)) for key in erased]
        return sum(_none_failed(await self._link.ask(asked))) if asked else 0

    async def close(self) -> None:
        """See ``FeatureStore.close``."""
        await self._link.close()

    def _key_of(self, change: RowChange) -> bytes:
        return self._key(str(self._by_name[change.view].join_key), change.key)

    def _words(self, change: RowChange) -> list[bytes | int]:
        """The arguments of ``REPLACE`` for one row."""
        view = self._by_name[change.view]
        row = writable(view, change.values)
        stamp = timestamp_field(view.name)
        gone = [feature_field(view.name, feature.name) for feature in view.features if feature.name not in row]
        fields: list[bytes | int] = [stamp, encode_timestamp(change.timestamp_us)]
        for feature in view.features:
            if feature.name in row:
                fields += feature_field(view.name, feature.name), encode_value(feature.type, row[feature.name])
        expected = b"" if change.expected_us is None else encode_timestamp(change.expected_us)
        lives_s = self._entities[str(view.join_key)].lives_s
        return [stamp, expected, change.began_us, lives_s, len(gone), len(fields), *gone, *fields]

    def _key(self, join_key: str, value: str) -> bytes:
        return self._entities[join_key].keys.key(value) + self._project


def _asked_to_replace(keys: Sequence[bytes], words: Sequence[Sequence[bytes | int]]) -> Asked:
    return Asked(keys[0], pack("EVAL", REPLACE, len(keys), *keys, *(word for some in words for word in some)))


def _none_failed(replies: list[Any]) -> list[Any]:
    failed = next((reply for reply in replies if isinstance(reply, OSError)), None)
    if failed is not None:
        raise failed
    return replies
