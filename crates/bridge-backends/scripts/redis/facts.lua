-- What is known of a number. Expiry is data: it is compared with the caller's now, and a TTL only clears away.

-- An onboarding in the order in which Rust reads it.
local STATUS, VERSION, EXPIRES_AT, DEVICE, REGISTERED, VALIDATED_AT, LAST_SMS, QUEUE_ID = 1, 2, 3, 4, 5, 6, 7, 8
local function onboarding(id)
  return redis.call('HMGET', ONBOARDING .. id, 'status', 'version', 'expires_at', 'device_id', 'registered',
    'validated_at', 'last_sms', 'queue_id')
end

-- What SENDER says of a number: when its window ends, or nil, and the ids of the onboardings that an SMS may mean,
-- newest first, one behind the other.
local ID = 36
local function parts_of(sender)
  if not sender then
    return nil, ''
  end
  local till = tonumber(sender:sub(1, 15))
  return till > 0 and till or nil, sender:sub(16)
end

-- Those of them that are still here, given their ids.
local function standing(ids, now)
  local found = {}
  for at = 1, #ids, ID do
    local id = ids:sub(at, at + ID - 1)
    local one = onboarding(id)
    if one[STATUS] and one[STATUS] ~= 'superseded' and tonumber(one[EXPIRES_AT]) > now then
      one.id = id
      found[#found + 1] = one
    end
  end
  return found
end

local function standing_of(mobile, now)
  local _, ids = parts_of(redis.call('GET', SENDER .. mobile))
  return standing(ids, now)
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

-- Whether the pair of an onboarding is validated, and the onboarding as one text, a line for each field (none of them
-- holds a line break but the device, which comes last): a list costs both sides more.
local function told(mobile, one)
  local device = one[DEVICE] or ''
  return redis.call('SISMEMBER', VALIDATED, mobile .. ':' .. device),
    one[STATUS] .. '\n' .. one[VERSION] .. '\n' .. one[EXPIRES_AT] .. '\n' .. one[REGISTERED] .. '\n'
    .. (one[VALIDATED_AT] or '') .. '\n' .. (one[LAST_SMS] or '') .. (one[DEVICE] and '\n' .. device or '')
end

-- Count, blacklisted, and what is told of each onboarding that stands, newest first: `known` in sms.rs.
local function known(mobile, now, count, found)
  if #found == 0 then
    return count, blocked(mobile, now), redis.call('SISMEMBER', VALIDATED, mobile .. ':')
  end
  if #found == 1 then
    return count, blocked(mobile, now), told(mobile, found[1])
  end
  local facts = {count, blocked(mobile, now)}
  for _, one in ipairs(found) do
    facts[#facts + 1], facts[#facts + 2] = told(mobile, one)
  end
  return unpack(facts)
end
