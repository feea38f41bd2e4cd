-- What is known of a number. Expiry is data: it is compared with the caller's now, and a TTL only clears away.

-- An onboarding in the order in which Rust reads it.
local STATUS, VERSION, EXPIRES_AT, DEVICE, REGISTERED, VALIDATED_AT, LAST_SMS, QUEUE_ID = 1, 2, 3, 4, 5, 6, 7, 8
local function onboarding(id)
  return redis.call('HMGET', ONBOARDING .. id, 'status', 'version', 'expires_at', 'device_id', 'registered',
    'validated_at', 'last_sms', 'queue_id')
end

-- What SENDER says of a number: when its window ends, or nil, and the id of its newest onboarding, or false.
local function parts_of(sender)
  if not sender then
    return nil, false
  end
  local till, id = tonumber(sender:sub(1, 15)), sender:sub(16)
  return till > 0 and till or nil, id ~= '' and id
end

-- The newest onboarding of a number, given its id, or false. A superseded one is not: its successor left
-- the store.
local function standing(id, now)
  if not id then
    return false
  end
  local found = onboarding(id)
  if not found[STATUS] or found[STATUS] == 'superseded' or tonumber(found[EXPIRES_AT]) <= now then
    return false
  end
  return found
end

local function newest(mobile, now)
  local _, id = parts_of(redis.call('GET', SENDER .. mobile))
  return standing(id, now)
end

-- SMS counted in the window of a number, given what SMS_COUNT says and when it ends.
local function open_count(count, till, now)
  if not count or till and till <= now then
    return 0
  end
  return tonumber(count)
end

local function counted(mobile, now)
  local found = redis.call('MGET', SMS_COUNT .. mobile, SENDER .. mobile)
  return open_count(found[1], (parts_of(found[2])), now)
end

-- 1 if the number is blocked: a block may end by itself.
local function blocked(mobile, now)
  if redis.call('SISMEMBER', BLACKLIST, mobile) == 0 then
    return 0
  end
  local ends = redis.call('HGET', BLACKLIST_ENDS, mobile)
  return ends and tonumber(ends) <= now and 0 or 1
end

-- Count, pair validated, blacklisted, and the onboarding: `Known`. The onboarding as one text, a line for each field
-- (none of them holds a line break but the device, which comes last): a list costs both sides more.
local function known(mobile, now, count, found)
  local device = found and found[DEVICE] or ''
  local text = found and found[STATUS] .. '\n' .. found[VERSION] .. '\n' .. found[EXPIRES_AT] .. '\n'
    .. found[REGISTERED] .. '\n' .. (found[VALIDATED_AT] or '') .. '\n' .. (found[LAST_SMS] or '')
    .. (found[DEVICE] and '\n' .. device or '')
  return count, redis.call('SISMEMBER', VALIDATED, mobile .. ':' .. device),
    blocked(mobile, now), text
end
