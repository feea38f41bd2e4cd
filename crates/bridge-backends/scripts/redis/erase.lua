-- Takes away what is kept of a number and came to be until then, but for a block. Each list is told with its length
-- before it. ARGV: 1 mobile, 2 until when, and then the lists: onboarding ids, pairs, ids of queued SMS, fingerprints,
-- delivery keys, ids of waiting SMS
local mobile, till = ARGV[1], tonumber(ARGV[2])
local place = 3
local function list()
  local found, last = {}, place + tonumber(ARGV[place])
  for at = place + 1, last do
    found[#found + 1] = ARGV[at]
  end
  place = last + 1
  return found
end

local onboardings, stays, erased = 0, {}, {}
for _, id in ipairs(list()) do
  local found = redis.call('HMGET', ONBOARDING .. id, 'registered', 'queue_id', 'status', 'device_id')
  local registered = found[1] and cjson.decode(found[1])
  if registered and registered.mobile_number == mobile then
    if registered.request_timestamp <= till then
      redis.call('DEL', ONBOARDING .. id)
      redis.call('ZREM', QUEUED_ONBOARDINGS, id)
      redis.call('ZREM', EXPIRIES, id)
      redis.call('ZREM', DEADLINES, deadline_member(found[2], id))
      redis.call('PUBLISH', NOTICES, 'onboarding ' .. id)
      erased[id], onboardings = true, onboardings + 1
    elseif found[3] == 'validated' then
      stays[mobile .. ':' .. (found[4] or '')] = true
    end
  end
end

local counts = 0
local sender = redis.call('GET', SENDER .. mobile)
if sender then
  local ends, ids = sender:sub(1, 15), sender:sub(16)
  if tonumber(ends) - DAY <= till then
    counts = counts + redis.call('DEL', SMS_COUNT .. mobile)
    ends = '000000000000000'
  end
  local left = {}
  for at = 1, #ids, ID do
    local id = ids:sub(at, at + ID - 1)
    if not erased[id] and redis.call('EXISTS', ONBOARDING .. id) == 1 then
      left[#left + 1] = id
    end
  end
  ids = table.concat(left)
  if ids == '' and tonumber(ends) == 0 then
    redis.call('DEL', SENDER .. mobile)
  else
    redis.call('SET', SENDER .. mobile, ends .. ids, 'KEEPTTL')
  end
  show(mobile, standing(ids, till), till)
end
local windows, stay = redis.call('GET', REGISTRATIONS .. mobile), {}
if windows then
  for line in windows:gmatch('[^\n]+') do
    if tonumber(line:match('^%d+ (%d+)')) - REGISTRATION_WINDOW <= till then
      counts = counts + 1
    else
      stay[#stay + 1] = line
    end
  end
  if #stay > 0 then
    redis.call('SET', REGISTRATIONS .. mobile, table.concat(stay, '\n'), 'KEEPTTL')
  else
    redis.call('DEL', REGISTRATIONS .. mobile)
  end
end
local forgotten = redis.call('GET', UNCOUNTED .. mobile)
if forgotten and tonumber(forgotten) <= till then
  counts = counts + redis.call('DEL', UNCOUNTED .. mobile)
end

local validated = 0
for _, pair in ipairs(list()) do
  if not stays[pair] then
    validated = validated + redis.call('SREM', VALIDATED, pair)
  end
end

local queued = 0
for _, id in ipairs(list()) do
  local found = redis.call('HMGET', QUEUE_INPUT_SMS .. id, 'mobile_number', 'bridge')
  if found[1] == mobile and cjson.decode(found[2]).taken_in <= till then
    redis.call('XDEL', QUEUED_PASSED, id .. '-0')
    redis.call('XDEL', QUEUED_FAILED, id .. '-0')
    queued = queued + redis.call('DEL', QUEUE_INPUT_SMS .. id)
  end
end

local answers = 0
for _, fingerprint in ipairs(list()) do
  local seen = redis.call('GET', SEEN .. fingerprint)
  if seen and tonumber(seen:sub(48, 62)) <= till then
    answers = answers + redis.call('DEL', SEEN .. fingerprint)
  end
end
local deliveries = 0
for _, key in ipairs(list()) do
  deliveries = deliveries + redis.call('DEL', DELIVERY .. key)
end
local waiting = 0
for _, id in ipairs(list()) do
  waiting = waiting + redis.call('ZREM', WAITING .. mobile, id)
end
return {onboardings, counts, validated, queued, answers, deliveries, waiting}
