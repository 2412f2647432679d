"""What Redis does for a journal in one go: append, grant the lease, look up, remove.

Every script gets all keys of the journal, in the order of ``KEYS``. One that refuses answers with an error whose first
word says why: ``FENCED``, ``GONE`` or ``BEYOND``.
"""

from __future__ import annotations

KEYS = ("log", "at", "keys", "about", "lease")
"""The stream; its end, time and cut; record keys → places; decisions → places; who holds the lease."""

_TIME = """
local now = tonumber(ARGV[1])
if now < 0 then
    local clock = redis.call('TIME')
    now = clock[1] * 1000000 + clock[2]
end
local time = tonumber(redis.call('HGET', KEYS[2], 'time') or '0')
if now > time then time = now end
"""

_FENCE = """
if ARGV[2] ~= '' then
    local epoch = redis.call('HGET', KEYS[5], 'epoch') or '0'
    if epoch ~= ARGV[2] then
        return redis.error_reply('FENCED the lease is at epoch ' .. epoch .. ', not ' .. ARGV[2])
    end
end
"""

APPEND = f"""{_FENCE}{_TIME}
local log, at, keys, about = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local position = tonumber(redis.call('HGET', at, 'position') or '0')
local cut = tonumber(ARGV[3])
if cut > position then return redis.error_reply('BEYOND there are only ' .. position .. ' records') end
local stamp, last, answer = string.format('%.0f', time), position, {{}}
for i = 4, #ARGV, 3 do
    local key, decision, body = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local first = key ~= '' and redis.call('HGET', keys, key)
    if first then
        answer[#answer + 1] = first
        answer[#answer + 1] = 1
    else
        last = last + 1
        local place = string.format('%.0f', last)
        redis.call('XADD', log, place .. '-0', 't', stamp, 'b', body)
        if key ~= '' then redis.call('HSET', keys, key, place .. ' ' .. stamp) end
        if decision ~= '' then
            local others = redis.call('HGET', about, decision)
            redis.call('HSET', about, decision, others and others .. ' ' .. place or place)
        end
        answer[#answer + 1] = place .. ' ' .. stamp
        answer[#answer + 1] = 0
    end
end
if last > position then redis.call('HSET', at, 'position', string.format('%.0f', last), 'time', stamp) end
if cut > tonumber(redis.call('HGET', at, 'cut') or '0') then redis.call('HSET', at, 'cut', ARGV[3]) end
return answer
"""
"""Arguments: the time (-1 for the server's), the fence ('' for none), up to where the records cut the journal (0 for
nowhere), then key, decision and bytes of each record. Answers with place and whether it was there, for each."""

LEASE = f"""{_TIME}
local held = redis.call('HMGET', KEYS[5], 'holder', 'epoch', 'expires', 'renewed')
local epoch = tonumber(held[2] or '0')
if tonumber(held[4] or '0') > time then time = tonumber(held[4]) end
if held[1] ~= ARGV[2] then
    if held[1] and tonumber(held[3]) > time then return {{held[1], held[2], held[3]}} end
    epoch = epoch + 1
end
local holds = {{ARGV[2], string.format('%.0f', epoch), string.format('%.0f', time + ARGV[3])}}
local renewed = string.format('%.0f', time)
redis.call('HSET', KEYS[5], 'holder', holds[1], 'epoch', holds[2], 'expires', holds[3], 'renewed', renewed)
return holds
"""
"""Arguments: the time, who asks, for how long. Answers with holder, epoch and end."""

RELEASE = """
local held = redis.call('HMGET', KEYS[5], 'holder', 'epoch')
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[5], 'holder', 'expires')
"""
"""Arguments: holder and epoch."""

_ENTRIES = """
local found = {}
for place in string.gmatch(places or '', '%d+') do
    local entry = redis.call('XRANGE', KEYS[1], place, place)[1]
    if not entry then return redis.error_reply('GONE position ' .. place .. ' is missing') end
    found[#found + 1] = entry
end
return found
"""
FIND = f"""
local each = {{}}
for i = 1, #ARGV do each[i] = string.match(redis.call('HGET', KEYS[3], ARGV[i]) or '', '%d+') or '' end
local places = table.concat(each, ' '){_ENTRIES}"""
"""Arguments: keys. Answers with the entries of those that are there."""
ABOUT = f"local places = redis.call('HGET', KEYS[4], ARGV[1]){_ENTRIES}"
LAST = "return redis.call('HGET', KEYS[2], 'position')"
CUT = "return redis.call('HGET', KEYS[2], 'cut')"

REMOVE = """
local cut = tonumber(redis.call('HGET', KEYS[2], 'cut') or '0')
local removed = 0
for i = 1, #ARGV, 3 do
    local place, key, decision = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local gone = redis.call('XDEL', KEYS[1], place .. '-0')
    removed = removed + gone
    if gone == 1 and key ~= '' then redis.call('HDEL', KEYS[3], key) end
    local others, left = decision ~= '' and redis.call('HGET', KEYS[4], decision) or '', {}
    for other in string.gmatch(others, '%d+') do
        if tonumber(other) > cut then left[#left + 1] = other end
    end
    if #left > 0 then
        redis.call('HSET', KEYS[4], decision, table.concat(left, ' '))
    elseif decision ~= '' then
        redis.call('HDEL', KEYS[4], decision)
    end
end
return removed
"""
"""Arguments: place, key and decision of each record; all of them are cut. Answers with how many were there."""
