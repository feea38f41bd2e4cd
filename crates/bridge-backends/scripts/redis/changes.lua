-- How onboardings are written. ONBOARDING holds one as it stands, without a TTL: it may wait for its table longer
-- than it can be seen. QUEUE_ONBOARDING and ONBOARD_HASH are what 003 shows of the newest, with 003's TTL. SENDER
-- ends with its id, which an SMS reads in one command with all else that is a text.

-- What comes back with little time left stays a while longer than that: it is the caller's now that ends it.
local TTL_MIN = 60000

-- Those that a script reads by themselves, first: they are found by walking over the others. What never changes is in
-- `registered`.
local KEPT = {'status', 'version', 'expires_at', 'device_id', 'validated_at', 'last_sms', 'registered'}
local SHOWN = {'onboarding_id', 'mobile_number', 'email', 'device_id', 'hash', 'salt', 'country_code', 'local_mobile',
  'request_timestamp', 'user_deadline', 'expires_at'}

-- The arguments between these two places, names and values, as a table.
local function by_name(first, last)
  local fields = {}
  for place = first, last, 2 do
    fields[ARGV[place]] = ARGV[place + 1]
  end
  return fields
end

-- Those of them that are there, as names and values.
local function chosen(fields, names)
  local found = {}
  for _, name in ipairs(names) do
    if fields[name] then
      found[#found + 1] = name
      found[#found + 1] = fields[name]
    end
  end
  return unpack(found)
end

-- A member of DEADLINES: those of one millisecond pass in the order of their registration.
local function deadline_member(queue_id, id)
  return string.format('%016.0f:%s', queue_id, id)
end

-- Those that wait neither for a deadline nor for their table leave at their end.
local function leaves(id, status, expires_at)
  if status ~= 'pending' then
    redis.call('ZADD', EXPIRIES, expires_at, id)
  end
end

-- Writes an onboarding that is not there, as the newest of its number or before all others. `fields` are all but its
-- queue_id; `sender` is what SENDER says of its number. SENDER stays for two days longer than the newest onboarding can
-- be seen: so long may a window last that an SMS of the last moment begins (admit.lua).
local function insert(now, queued, fields, as_newest, sender)
  local queue_id = redis.call('INCR', COUNTER_ONBOARDING)
  if not as_newest then
    queue_id = -queue_id
  end
  local id, mobile, expires_at = fields.onboarding_id, fields.mobile_number, fields.expires_at
  redis.call('HSET', ONBOARDING .. id, 'queue_id', queue_id, chosen(fields, KEPT))
  if as_newest then
    local face, ttl = QUEUE_ONBOARDING .. mobile, math.max(TTL_MIN, expires_at - now)
    local known_for = ttl + 2 * DAY
    if sender then
      redis.call('DEL', face)
      known_for = math.max(known_for, redis.call('PTTL', SENDER .. mobile))
    end
    redis.call('HSET', face, chosen(fields, SHOWN))
    redis.call('PEXPIRE', face, ttl)
    redis.call('SET', ONBOARD_HASH .. mobile, fields.hash, 'PX', ttl)
    redis.call('SET', SENDER .. mobile, (sender and sender:sub(1, 15) or '000000000000000') .. id, 'PX', known_for)
  end
  if queued then
    redis.call('ZADD', QUEUED_ONBOARDINGS, queue_id, id)
  else
    leaves(id, fields.status, expires_at)
  end
  if fields.status == 'pending' then
    redis.call('ZADD', DEADLINES, fields.user_deadline, deadline_member(queue_id, id))
  end
end

-- A new state of an onboarding that is there: a new version, queued for its table, announced.
local function change_state(id, queue_id, version, status)
  redis.call('HSET', ONBOARDING .. id, 'status', status, 'version', version + 1)
  redis.call('ZADD', QUEUED_ONBOARDINGS, queue_id, id)
  redis.call('PUBLISH', NOTICES, 'onboarding ' .. id)
end
