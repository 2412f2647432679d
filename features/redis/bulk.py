"""Many rows into Redis, or a Redis Cluster, in Feast's layout."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from features.embedded.rowstore import Fate
from features.entity_key import EntityKeys
from features.files.bulk import BulkRow, in_chunks
from features.freshness import kept_us
from features.plan import Plan, PlannedView
from features.redis.layout import encode_timestamp, encode_value, feature_field, timestamp_field
from features.redis.link import Asked, pack
from features.redis.open import open_link

ROWS_PER_ROUND_TRIP = 500
ROWS_PER_COMMAND = 25
"""A command keeps everybody else waiting until it is done."""
TIMEOUT_S = 10.0

MERGE = """
local function moment(stamp)
  local at, seconds, nanos = 1, 0, 0
  while at <= #stamp do
    local tag, number, scale, byte = string.byte(stamp, at), 0, 1, 0
    repeat
      at = at + 1
      byte = string.byte(stamp, at)
      number = number + (byte % 128) * scale
      scale = scale * 128
    until byte < 128
    at = at + 1
    if tag == 8 then seconds = number else nanos = number end
  end
  return seconds, nanos
end
local function is_older(stamp, than)
  local seconds, nanos = moment(stamp)
  local others, other_nanos = moment(than)
  return seconds < others or (seconds == others and nanos < other_nanos)
end
local field, lives, fates, at = ARGV[1], ARGV[2], {}, 3
for i, key in ipairs(KEYS) do
  local us, stamp, first = ARGV[at], ARGV[at + 1], at + 3
  at = first + tonumber(ARGV[at + 2])
  local held = redis.call('HMGET', key, field, '_erased')
  if held[1] and is_older(stamp, held[1]) then
    fates[i] = 'older'
  elseif not held[1] and held[2] and tonumber(held[2]) >= tonumber(us) then
    fates[i] = 'erased'
  else
    redis.call('HSET', key, field, stamp, unpack(ARGV, first, at - 1))
    if lives ~= '0' then
      redis.call('EXPIRE', key, lives)
    elseif held[2] then
      redis.call('PERSIST', key)
    end
    fates[i] = 'written'
  end
end
return fates
"""
"""``KEYS``: the entities. ``ARGV``: the view's timestamp field, seconds that the hashes may live on (0: for ever); then
for each row its event time in microseconds and as Feast writes it, how many words follow, and field, value …"""

FATES: dict[bytes, Fate] = {b"written": "written", b"older": "older", b"erased": "erased"}


class BulkRedis:
    """``BulkWriter`` over the hashes that Feast's own Redis store writes."""

    def __init__(self, plan: Plan, view: PlannedView) -> None:
        self._project = plan.definitions.project.encode()
        self._stamp = timestamp_field(view.name)
        self._fields = {f.name: (feature_field(view.name, f.name), f.type) for f in view.features}
        self._keys = EntityKeys(str(view.join_key))
        self._lives_s = kept_us(plan.stored_views, str(view.join_key)) // 1_000_000
        self._link = open_link(plan.online_store, TIMEOUT_S)
        self._loop = asyncio.Runner()

    def merge(self, rows: Iterable[BulkRow]) -> list[Fate]:
        """See ``BulkWriter.merge``."""
        return [fate for chunk in in_chunks(rows, ROWS_PER_ROUND_TRIP) for fate in self._merged(chunk)]

    def close(self) -> None:
        """See ``BulkWriter.close``."""
        self._loop.run(self._link.close())
        self._loop.close()

    def _merged(self, rows: Sequence[BulkRow]) -> list[Fate]:
        commands = self._commands(rows)
        fates: list[Fate] = ["written"] * len(rows)
        replies = self._loop.run(self._link.ask([asked for _, asked in commands]))
        for (places, _), reply in zip(commands, replies, strict=True):
            if isinstance(reply, OSError):
                raise reply
            for place, fate in zip(places, reply, strict=True):
                fates[place] = FATES[fate]
        return fates

    def _commands(self, rows: Sequence[BulkRow]) -> list[tuple[list[int], Asked]]:
        """Commands, and which rows each of them is about."""
        keys = [self._keys.key(row.key) + self._project for row in rows]
        by_slot: dict[int, list[int]] = {}
        for place, key in enumerate(keys):
            by_slot.setdefault(self._link.slot(key), []).append(place)
        parts = [part for places in by_slot.values() for part in in_chunks(places, ROWS_PER_COMMAND)]
        return [(part, self._command([(keys[place], rows[place]) for place in part])) for part in parts]

    def _command(self, rows: Sequence[tuple[bytes, BulkRow]]) -> Asked:
        keys = [key for key, _ in rows]
        words = [word for _, row in rows for word in self._words(row)]
        return Asked(keys[0], pack("EVAL", MERGE, len(keys), *keys, self._stamp, self._lives_s, *words))

    def _words(self, row: BulkRow) -> list[bytes | int]:
        fields: list[bytes | int] = []
        for name, value in row.values.items():
            field, type_ = self._fields[name]
            fields += field, b"" if value is None else encode_value(type_, value)
        return [row.timestamp_us, encode_timestamp(row.timestamp_us), len(fields), *fields]
