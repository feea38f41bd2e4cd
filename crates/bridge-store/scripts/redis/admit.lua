-- Takes an SMS in (D3, D4, D9, D25).
-- ARGV: 1 epoch, 2 now, 3 mobile, 4 fingerprint, 5 `seen` of a new SMS, 6 remembered for ms, 7 counted or empty,
--   8 blacklist above, 9 taken over after ms, 10 wait behind others or empty, 11 second attempt or empty,
--   12 delivery key or empty, 13 content, 14 until when a delivery is remembered, 15 calling code, 16 national,
--   17 until when a window lasts that begins now
-- `seen` is one packed string: 1 'a'dmitted or 'd'one, 2-16 until, 17-48 sms_id, 49-63 taken in at, and then
-- 64-78 admitted at, or the answer. Cheap to compare, and 003 has no opinion on it.
local now, mobile, fingerprint = tonumber(ARGV[2]), ARGV[3], ARGV[4]

local epoch, seen, sender, counter, marked, delivered = unpack(redis.call('MGET', EPOCH, SEEN .. fingerprint,
  SENDER .. mobile, SMS_COUNT .. mobile, MARKED, DELIVERY .. ARGV[12]))
if epoch ~= ARGV[1] then
  return {'lost'}
end
local till, id = parts_of(sender)

local reused = 0
if delivered and tonumber(delivered:sub(65, 79)) > now then
  if delivered:sub(1, 32) ~= ARGV[13] then
    reused = 1
  elseif delivered:sub(33, 64) ~= fingerprint then
    fingerprint = delivered:sub(33, 64)
    seen = redis.call('GET', SEEN .. fingerprint)
  end
end

local key = SEEN .. fingerprint
local behind = ARGV[10] ~= '' and marked and redis.call('ZCOUNT', WAITING .. mobile, '(' .. ARGV[2], '+inf') > 0
local live = seen and tonumber(seen:sub(2, 16)) > now
if live then
  if seen:sub(1, 1) == 'd' then
    return {'answered', reused, seen}
  end
  local again = ARGV[11] ~= '' and seen == ARGV[5]
  if behind and not again then
    return {'behind_waiting', reused}
  end
  if not again and now - tonumber(seen:sub(64, 78)) < tonumber(ARGV[9]) then
    return {'being_judged', reused}
  end
  redis.call('SET', key, seen:sub(1, 63) .. ARGV[5]:sub(64), 'KEEPTTL')
  local count = ARGV[7] ~= '' and open_count(counter, till, now) or 0
  return {'judge', reused, fingerprint, seen, known(mobile, count, standing(id, now))}
end
if behind then
  return {'behind_waiting', reused}
end
redis.call('SET', key, ARGV[5], 'PX', ARGV[6])

if ARGV[12] ~= '' and reused == 0 then
  redis.call('SET', DELIVERY .. ARGV[12], ARGV[13] .. fingerprint .. ARGV[14], 'PX', ARGV[6])
end

local count, found = 0, standing(id, now)
if ARGV[7] ~= '' then
  if open_count(counter, till, now) > 0 then
    count = redis.call('INCR', SMS_COUNT .. mobile)
  else
    count = 1
    redis.call('SET', SMS_COUNT .. mobile, '1', 'PX', DAY)
    -- Known for as long again: what is restored may belong to a window that is over (D28).
    local ttl = 2 * DAY
    if found then
      ttl = math.max(ttl, tonumber(found[EXPIRES_AT]) - now)
    elseif id then
      ttl = math.max(ttl, redis.call('PTTL', SENDER .. mobile))
    end
    redis.call('SET', SENDER .. mobile, ARGV[17] .. (id or ''), 'PX', ttl)
  end
  if count > tonumber(ARGV[8]) and redis.call('SADD', BLACKLIST, mobile) == 1 then
    redis.call('ZADD', QUEUED_BLACKLIST, 0, mobile)
    redis.call('HSET', QUEUED_BLACKLIST_ENTRIES, mobile,
      ARGV[2] .. ' ' .. count .. ' ' .. ARGV[15] .. ' ' .. ARGV[16] .. ' ' .. THRESHOLD_EXCEEDED)
  end
end
return {'judge', reused, fingerprint, '', known(mobile, count, found)}
