-- Takes an SMS in (D3, D4, D9, D25).
-- ARGV: 1 epoch, 2 now, 3 mobile, 4 fingerprint, 5 `seen` of a new SMS, 6 remembered for ms, 7 counted or empty,
--   8 blacklist above, 9 taken over after ms, 10 wait behind others or empty, 11 second attempt or empty,
--   12 delivery key or empty, 13 what is remembered under it, 14 calling code and national number,
--   15 until when a window lasts that begins now
-- `seen` is one packed string: 1-15 until, 16-47 sms_id, 48-62 taken in at, 63-77 admitted at, and then the answer
-- once there is one. Cheap to compare and to add to, and 003 has no opinion on it. A delivery is one, too: 1-32 the
-- content, 33-64 the fingerprint, 65-79 until.
local now, mobile, fingerprint = tonumber(ARGV[2]), ARGV[3], ARGV[4]

local epoch, seen, sender, counter, marked, delivered = unpack(redis.call('MGET', EPOCH, SEEN .. fingerprint,
  SENDER .. mobile, SMS_COUNT .. mobile, MARKED, DELIVERY .. ARGV[12]))
if epoch ~= ARGV[1] then
  return {'lost'}
end
local till, ids = parts_of(sender)

local reused = 0
if delivered and tonumber(delivered:sub(65, 79)) > now then
  if delivered:sub(1, 32) ~= ARGV[13]:sub(1, 32) then
    reused = 1
  elseif delivered:sub(33, 64) ~= fingerprint then
    fingerprint = delivered:sub(33, 64)
    seen = redis.call('GET', SEEN .. fingerprint)
  end
end

local key = SEEN .. fingerprint
local behind = ARGV[10] ~= '' and marked and redis.call('ZCOUNT', WAITING .. mobile, '(' .. ARGV[2], '+inf') > 0
local live = seen and tonumber(seen:sub(1, 15)) > now
if live then
  if #seen > ADMITTED then
    return {'answered', reused, seen}
  end
  local again = ARGV[11] ~= '' and seen == ARGV[5]
  if behind and not again then
    return {'behind_waiting', reused}
  end
  if not again and now - tonumber(seen:sub(63)) < tonumber(ARGV[9]) then
    return {'being_judged', reused}
  end
  redis.call('SET', key, seen:sub(1, 62) .. ARGV[5]:sub(63), 'KEEPTTL')
  local count = ARGV[7] ~= '' and open_count(counter, till, now) or 0
  return {'judge', reused, fingerprint, seen, known(mobile, now, count, standing(ids, now))}
end
if behind then
  return {'behind_waiting', reused}
end
redis.call('SET', key, ARGV[5], 'PX', ARGV[6])

if ARGV[12] ~= '' and reused == 0 then
  local remembered = ARGV[13]
  if fingerprint ~= ARGV[4] then
    remembered = remembered:sub(1, 32) .. fingerprint .. remembered:sub(65)
  end
  redis.call('SET', DELIVERY .. ARGV[12], remembered, 'PX', ARGV[6])
end

local count, found = 0, standing(ids, now)
if ARGV[7] ~= '' then
  if open_count(counter, till, now) > 0 then
    count = redis.call('INCR', SMS_COUNT .. mobile)
  else
    count = 1
    redis.call('SET', SMS_COUNT .. mobile, '1', 'PX', DAY_TEXT)
    -- Known for as long again: what is restored may belong to a window that is over (D28).
    if #found > 0 then
      -- Kept long enough when it became the newest: see `insert` in changes.lua.
      redis.call('SETRANGE', SENDER .. mobile, 0, ARGV[15])
    else
      local ttl = ids ~= '' and math.max(2 * DAY, redis.call('PTTL', SENDER .. mobile)) or 2 * DAY
      redis.call('SET', SENDER .. mobile, ARGV[15] .. ids, 'PX', ttl)
    end
  end
  if count > tonumber(ARGV[8]) and blocked(mobile, now) == 0 then
    redis.call('SADD', BLACKLIST, mobile)
    redis.call('HDEL', BLACKLIST_ENDS, mobile)
    redis.call('ZADD', QUEUED_BLACKLIST, 0, mobile)
    redis.call('HSET', QUEUED_BLACKLIST_ENTRIES, mobile,
      ARGV[2] .. ' ' .. count .. ' ' .. ARGV[14] .. ' ' .. THRESHOLD_EXCEEDED)
  end
end
return {'judge', reused, fingerprint, '', known(mobile, now, count, found)}
