-- Onboardings come back: `restore_onboarding` of the reference, `updated` and `is_newer` of hot/restored.rs.
-- ARGV: 1 right or epoch, 2 now, and then for each onboarding how many fields, and their names and values
local now = tonumber(ARGV[2])

local function open(status)
  return status == 'pending' or status == 'expired'
end

-- One that is there gets what a newer version of it knows.
local function update(there, restored)
  local turns_back = not open(there[STATUS]) and open(restored.status)
  if turns_back or tonumber(restored.version) <= tonumber(there[VERSION]) then
    return
  end
  local key = ONBOARDING .. restored.onboarding_id
  redis.call('HSET', key, 'status', restored.status, 'version', restored.version)
  if restored.validated_at then
    redis.call('HSET', key, 'validated_at', restored.validated_at)
  else
    redis.call('HDEL', key, 'validated_at')
  end
  if restored.status == 'pending' then
    redis.call('ZADD', DEADLINES, cjson.decode(there[REGISTERED]).user_deadline,
      deadline_member(there[QUEUE_ID], restored.onboarding_id))
  elseif not redis.call('ZSCORE', QUEUED_ONBOARDINGS, restored.onboarding_id) then
    leaves(restored.onboarding_id, restored.status, there[EXPIRES_AT])
  end
  redis.call('PUBLISH', NOTICES, 'onboarding ' .. restored.onboarding_id)
end

local function count_registration(mobile, at)
  local count, till = 1, at + REGISTRATION_WINDOW
  local window = redis.call('GET', REGISTRATIONS .. mobile)
  if window then
    local known_count, known_till = window:match('^(%d+) (%d+)$')
    if tonumber(known_till) > at then
      count, till = tonumber(known_count) + 1, tonumber(known_till)
    end
  end
  -- Kept for a while even if it is over: others that are still to come may have been counted in it.
  redis.call('SET', REGISTRATIONS .. mobile, string.format('%.0f %.0f', count, till), 'PX',
    string.format('%.0f', math.max(till - now, REGISTRATION_WINDOW)))
end

local function supersede(id)
  local found = redis.call('HMGET', ONBOARDING .. id, 'status', 'version', 'queue_id')
  if open(found[1]) then
    change_state(id, found[3], found[2], 'superseded')
  end
end

local function restore(restored)
  local there = onboarding(restored.onboarding_id)
  if there[STATUS] then
    return update(there, restored)
  end
  local at = tonumber(restored.request_timestamp)
  count_registration(restored.mobile_number, at)
  local sender = redis.call('GET', SENDER .. restored.mobile_number)
  local _, newest_id = parts_of(sender)
  local known = newest_id and onboarding(newest_id)
  local known_at = known and known[REGISTERED] and cjson.decode(known[REGISTERED]).request_timestamp
  -- Of two in one millisecond, the one that was not superseded is the newer.
  if known_at and (at < known_at or at == known_at and restored.status == 'superseded') then
    insert(now, false, restored, false)
    return supersede(restored.onboarding_id)
  end
  insert(now, false, restored, true, sender)
  if known_at and tonumber(known[EXPIRES_AT]) > now then
    supersede(newest_id)
  end
end

local place = 3
while place <= #ARGV do
  local last = place + 2 * tonumber(ARGV[place])
  local restored = by_name(place + 1, last)
  if tonumber(restored.expires_at) > now then
    restore(restored)
  end
  place = last + 1
end
return {'restored'}
