-- Onboardings come back: `restore_onboarding` of the reference, `updated` and `is_newer` of hot/restored.rs.
-- ARGV: 1 right or epoch, 2 now, 3 now where it is told, or empty, and then for each onboarding how many fields, and their names and values
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
  settle(restored.mobile_number, restored.onboarding_id, restored.status, now)
  redis.call('PUBLISH', NOTICES, 'onboarding ' .. restored.onboarding_id)
end

local function count_registration(mobile, client, at)
  local window, others = windows_of(redis.call('GET', REGISTRATIONS .. mobile), client, now)
  if window and window.till > at then
    window.count = window.count + 1
  else
    window = {count = 1, till = at + REGISTRATION_WINDOW}
  end
  write_windows(mobile, client, window, others, now)
end

local function supersede(mobile, id)
  local found = redis.call('HMGET', ONBOARDING .. id, 'status', 'version', 'queue_id')
  if open(found[1]) then
    change_state(id, found[3], found[2], 'superseded', ARGV[3])
    unlist(mobile, id)
  end
end

-- Those of the same person (D51), of the ones that stand.
local function of_same_person(found, restored)
  local theirs = {}
  for _, one in ipairs(found) do
    if one[DEVICE] and one[DEVICE] ~= '' and one[DEVICE] == restored.device_id
      and cjson.decode(one[REGISTERED]).email == restored.email then
      theirs[#theirs + 1] = one.id
    end
  end
  return theirs
end

local function restore(restored)
  local there = onboarding(restored.onboarding_id)
  if there[STATUS] then
    return update(there, restored)
  end
  local mobile, at = restored.mobile_number, tonumber(restored.request_timestamp)
  count_registration(mobile, cjson.decode(restored.registered).client or '', at)
  local sender = redis.call('GET', SENDER .. mobile)
  local _, ids = parts_of(sender)
  local found = standing(ids, now)
  local theirs = of_same_person(found, restored)
  local newest_at = found[1] and cjson.decode(found[1][REGISTERED]).request_timestamp
  -- Of two in one millisecond, the one that was not superseded is the newer.
  if newest_at and (at < newest_at or at == newest_at and restored.status == 'superseded') then
    insert(now, false, restored, false, sender, ids)
    if #theirs > 0 then
      supersede(mobile, restored.onboarding_id)
    end
  else
    insert(now, false, restored, true, sender, staying(found))
    for _, id in ipairs(theirs) do
      supersede(mobile, id)
    end
  end
  show(mobile, standing_of(mobile, now), now)
end

local place = 4
while place <= #ARGV do
  local last = place + 2 * tonumber(ARGV[place])
  local restored = by_name(place + 1, last)
  if tonumber(restored.expires_at) > now then
    restore(restored)
  end
  place = last + 1
end
return {'restored'}
