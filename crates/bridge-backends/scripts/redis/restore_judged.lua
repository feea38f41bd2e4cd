-- Judged SMS come back: `restore_judged` of the reference, `told` and `with_sms` of hot/restored.rs.
-- ARGV: 1 right or epoch, 2 now, 3 now where it is told, or empty, and then for each SMS: onboarding id or empty, id, judged at, verdict, passed or
--   empty, fingerprint or empty, its `seen`, until when that is remembered, taken in at, delivery key or empty,
--   content, until when as `seen` writes it, mobile, which SMS of its window
local EACH = 14
-- Everything stays for so long even if its time is over: the caller's now ends it, and others that are still to come
-- may have been counted in a window that is over.
local KEPT = 3600000
local now = tonumber(ARGV[2])

local function tell(id, n, judged_at, verdict, passed)
  local there = onboarding(id)
  if not there[STATUS] or tonumber(there[EXPIRES_AT]) <= now then
    return
  end
  -- It passed while it was the newest: superseded it can only be because its validation was not known when a later
  -- registration came back.
  local state = there[STATUS]
  local was_open = state == 'pending' or state == 'expired' or state == 'superseded'
  local last = there[LAST_SMS]
  local shows_pass = last and not last:find('"failed_at":', 1, true)
  local came_after = there[VALIDATED_AT] and tonumber(judged_at) > tonumber(there[VALIDATED_AT])
  local is_newest = not last or tonumber(last:match('^%d+')) < tonumber(n)
  local validates = passed and was_open
  if not validates and (shows_pass or not (passed or is_newest and not came_after)) then
    return
  end
  local key = ONBOARDING .. id
  redis.call('HSET', key, 'version', there[VERSION] + 1, 'last_sms', n .. ' ' .. judged_at .. ' ' .. verdict)
  if validates then
    redis.call('HSET', key, 'status', 'validated', 'validated_at', judged_at)
    local mobile = cjson.decode(there[REGISTERED]).mobile_number
    redis.call('SADD', VALIDATED, mobile .. ':' .. (there[DEVICE] or ''))
    redis.call('ZADD', QUEUED_ONBOARDINGS, there[QUEUE_ID], id)
    settle(mobile, id, 'validated', now)
    tell_state(id, ARGV[3])
  end
  redis.call('PUBLISH', NOTICES, 'onboarding ' .. id)
end

-- False if this SMS was restored before.
local function remember(fingerprint, done, till)
  local key = SEEN .. fingerprint
  local seen = redis.call('GET', key)
  if seen and tonumber(seen:sub(1, 15)) <= now then
    seen = false
  end
  local answered = seen and #seen > ADMITTED
  if answered and seen:sub(16, 47) == done:sub(16, 47) then
    return false
  end
  if till > now and not answered then
    redis.call('SET', key, done, 'PX', math.max(till - now, KEPT))
  end
  return true
end

local function deliver(delivery, content, fingerprint, till, written)
  local there = redis.call('GET', DELIVERY .. delivery)
  if till > now and (not there or tonumber(there:sub(65, 79)) <= now) then
    redis.call('SET', DELIVERY .. delivery, content .. fingerprint .. written, 'PX', math.max(till - now, KEPT))
  end
end

local function count(mobile, nth, at)
  local forgotten = redis.call('GET', UNCOUNTED .. mobile)
  if nth == 0 or forgotten and at <= tonumber(forgotten) then
    return
  end
  local there, till, ids = redis.call('GET', SMS_COUNT .. mobile), parts_of(redis.call('GET', SENDER .. mobile))
  local counts, ends = nth, at + DAY
  if till and till > at then
    if at + DAY <= till - DAY then
      -- It was over before the window that is there began.
      return
    end
    counts = math.max(tonumber(there or 0), nth)
    ends = (nth == 1 and till - DAY <= at) and at + DAY or till
  end
  local ttl = math.max(ends - now, KEPT)
  redis.call('SET', SMS_COUNT .. mobile, counts, 'PX', ttl)
  redis.call('SET', SENDER .. mobile, string.format('%015.0f', ends) .. ids, 'PX',
    math.max(ttl + DAY, redis.call('PTTL', SENDER .. mobile)))
end

for place = 4, #ARGV, EACH do
  local id, n, judged_at, verdict, passed, fingerprint, done, till, taken_in, delivery, content, written, mobile, nth =
    unpack(ARGV, place, place + EACH - 1)
  if id ~= '' then
    tell(id, n, judged_at, verdict, passed ~= '')
  end
  till, taken_in = tonumber(till), tonumber(taken_in)
  if fingerprint ~= '' and remember(fingerprint, done, till) then
    if delivery ~= '' then
      deliver(delivery, content, fingerprint, till, written)
    end
    count(mobile, tonumber(nth), taken_in)
  end
end
return {'restored'}
