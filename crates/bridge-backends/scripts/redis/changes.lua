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

-- What 003 shows of a number becomes this onboarding.
local function write_face(fields, now)
  local face, ttl = QUEUE_ONBOARDING .. fields.mobile_number, math.max(TTL_MIN, fields.expires_at - now)
  redis.call('DEL', face)
  redis.call('HSET', face, chosen(fields, SHOWN))
  redis.call('PEXPIRE', face, ttl)
  redis.call('SET', ONBOARD_HASH .. fields.mobile_number, fields.hash, 'PX', ttl)
end

-- Without one of the ids.
local function without(ids, id)
  local at = ids:find(id, 1, true)
  return at and ids:sub(1, at - 1) .. ids:sub(at + #id) or ids
end

-- No SMS can mean this onboarding any more.
local function unlist(mobile, id)
  local sender = redis.call('GET', SENDER .. mobile)
  if sender and sender:find(id, 16, true) then
    redis.call('SET', SENDER .. mobile, sender:sub(1, 15) .. without(sender:sub(16), id), 'KEEPTTL')
  end
end

-- The ids of those that still stand when another one is registered: a cancelled one does not.
local function staying(found)
  local ids = {}
  for _, one in ipairs(found) do
    if one[1] ~= 'cancelled' and one[1] ~= 'superseded' then
      ids[#ids + 1] = one.id
    end
  end
  return table.concat(ids)
end

-- Writes an onboarding that is not there, as the newest of its number or before all others. `fields` are all but its
-- queue_id; `sender` is what SENDER says of its number, and `ids` are those that stand beside it. SENDER stays for two
-- days longer than the newest onboarding can be seen: so long may a window last that an SMS of the last moment begins
-- (admit.lua).
local function insert(now, queued, fields, as_newest, sender, ids)
  local queue_id = redis.call('INCR', COUNTER_ONBOARDING)
  if not as_newest then
    queue_id = -queue_id
  end
  local id, mobile, expires_at, status = fields.onboarding_id, fields.mobile_number, fields.expires_at, fields.status
  redis.call('HSET', ONBOARDING .. id, 'queue_id', queue_id, chosen(fields, KEPT))
  local stands = status ~= 'superseded' and (as_newest or status ~= 'cancelled')
  local listed = stands and (as_newest and id .. ids or ids .. id) or ids
  local known_for = math.max(TTL_MIN, expires_at - now) + 2 * DAY
  if sender then
    known_for = math.max(known_for, redis.call('PTTL', SENDER .. mobile))
  end
  redis.call('SET', SENDER .. mobile, (sender and sender:sub(1, 15) or '000000000000000') .. listed, 'PX', known_for)
  if as_newest and status == 'pending' then
    write_face(fields, now)
  end
  if queued then
    redis.call('ZADD', QUEUED_ONBOARDINGS, queue_id, id)
  else
    leaves(id, status, expires_at)
  end
  if status == 'pending' then
    redis.call('ZADD', DEADLINES, fields.user_deadline, deadline_member(queue_id, id))
  end
end

-- An onboarding came into the state that it is in: apps are told, where any wants to be. `at` is when, or empty. A line
-- for each field, as facts.lua tells one.
local function tell_state(id, at)
  if at ~= '' then
    local one = redis.call('HMGET', ONBOARDING .. id, 'status', 'version', 'expires_at', 'registered', 'validated_at',
      'last_sms', 'device_id')
    redis.call('XADD', TOLD, '*', 't', at, 'o', one[1] .. '\n' .. one[2] .. '\n' .. one[3] .. '\n' .. one[4] .. '\n'
      .. (one[5] or '') .. '\n' .. (one[6] or '') .. (one[7] and '\n' .. one[7] or ''))
  end
end

-- A new state of an onboarding that is there: a new version, queued for its table, announced, and told from `at` on.
local function change_state(id, queue_id, version, status, at)
  redis.call('HSET', ONBOARDING .. id, 'status', status, 'version', version + 1)
  redis.call('ZADD', QUEUED_ONBOARDINGS, queue_id, id)
  redis.call('PUBLISH', NOTICES, 'onboarding ' .. id)
  tell_state(id, at)
end

-- The windows in which new hashes of a number are counted, a line for each client address: count, end, address or
-- nothing. `there` is the one of this address, and `others` are the rest that may still be asked for.
local WINDOWS_MAX = 64
local function windows_of(text, client, now)
  local there, others = nil, {}
  for line in (text or ''):gmatch('[^\n]+') do
    local count, till, who = line:match('^(%d+) (%d+) ?(.*)$')
    if who == client then
      there = {count = tonumber(count), till = tonumber(till)}
    elseif tonumber(till) + REGISTRATION_WINDOW > now and #others < WINDOWS_MAX then
      others[#others + 1] = line
    end
  end
  return there, others
end

-- Kept for as long again as it is open: what is restored may belong to a window that is over (D28).
local function write_windows(mobile, client, window, others, now)
  local line = string.format('%.0f %.0f', window.count, window.till) .. (client ~= '' and ' ' .. client or '')
  local text = table.concat({line, unpack(others)}, '\n')
  local ttl = math.max(window.till - now + REGISTRATION_WINDOW, REGISTRATION_WINDOW,
    redis.call('PTTL', REGISTRATIONS .. mobile))
  redis.call('SET', REGISTRATIONS .. mobile, text, 'PX', string.format('%.0f', ttl))
end
