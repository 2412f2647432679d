"""What changes Feast's hashes in Redis in one step: a row is replaced, an entity is forgotten.

A forgotten entity is a hash with nothing but ``_erased`` (microseconds since the epoch, in decimal), which expires
after a day. Feast knows nothing of it: what Feast itself writes there within that day goes with it.
"""

from __future__ import annotations

TOMBSTONE_S = 86_400

REPLACE = """
local done, at = {}, 1
for i, key in ipairs(KEYS) do
  local stamp, expected, began, seconds, gone, set = unpack(ARGV, at, at + 5)
  local first, middle = at + 6, at + 6 + tonumber(gone)
  at = middle + tonumber(set)
  local held = redis.call('HMGET', key, stamp, '_erased')
  if held[2] and tonumber(held[2]) >= tonumber(began) then
    done[i] = 1
  elseif (held[1] or '') ~= expected then
    done[i] = 0
  else
    if middle > first then redis.call('HDEL', key, unpack(ARGV, first, middle - 1)) end
    redis.call('HSET', key, unpack(ARGV, middle, at - 1))
    if seconds ~= '0' then
      redis.call('EXPIRE', key, seconds)
    elseif held[2] then
      redis.call('PERSIST', key)
    end
    done[i] = 1
  end
end
return done
"""
"""Compare-and-set of rows. ``KEYS``: the entity of each. ``ARGV``, one after the other: timestamp field, expected
timestamp (empty: no row), when the change began, seconds that the hash may live on (0: for ever), how many fields go,
how many words follow them, the fields that go, and then field, value …, the timestamp's among them."""

ERASE = f"""
local rows, erased = 0, ARGV[1]
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 4) == '_ts:' then rows = rows + 1 end
end
local before = redis.call('HGET', KEYS[1], '_erased')
if before and tonumber(before) > tonumber(erased) then erased = before end
redis.call('UNLINK', KEYS[1])
redis.call('HSET', KEYS[1], '_erased', erased)
redis.call('EXPIRE', KEYS[1], {TOMBSTONE_S})
return rows
"""
"""``KEYS``: the entity. ``ARGV``: when it was erased. Returns how many rows there were."""
