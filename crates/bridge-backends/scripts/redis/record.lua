-- Records a judged SMS once, if what it was judged by still holds (D9). If not, what holds now is read by what stands
-- behind this: facts.lua and changed.lua, whose functions cost nothing where they are not needed. So is what 003 shows
-- of a number that has several onboardings and is validated by one of them.
-- ARGV: 1 epoch, 2 now, 3 mobile, 4 fingerprint, 5 sms_id, 6-8 the basis: onboarding id or empty, its state or
--   empty, pair validated 0 or 1; 9 verdict, 10 counted or empty, 11 validation_status, 12 sms_message,
--   13 received_timestamp, 14 a digit for each check, in the order of their list, 15 what 003 has no field for,
--   16 what apps are told of it or empty, and then pairs of further fields
local now, mobile = tonumber(ARGV[2]), ARGV[3]
local key = SEEN .. ARGV[4]
local epoch, seen, sender = unpack(redis.call('MGET', EPOCH, key, SENDER .. mobile))
if epoch ~= ARGV[1] then
  return {'lost'}
end
if not seen or tonumber(seen:sub(1, 15)) <= now or seen:sub(16, 47) ~= ARGV[5] then
  return {'not_admitted'}
end
if #seen > ADMITTED then
  return {'done', seen}
end

local ids = sender and sender:sub(16) or ''
local id, status, version, device, queue_id = ARGV[6], '', false, false, false
if id ~= '' and ids:find(id, 1, true) then
  local found =
    redis.call('HMGET', ONBOARDING .. id, 'status', 'version', 'device_id', 'expires_at', 'queue_id')
  if found[1] and found[1] ~= 'superseded' and tonumber(found[4]) > now then
    status, version, device, queue_id = found[1], found[2], found[3], found[5]
  end
elseif id == '' then
  -- It was judged by none: does one stand now?
  for at = 1, #ids, 36 do
    local found = redis.call('HMGET', ONBOARDING .. ids:sub(at, at + 35), 'status', 'expires_at')
    if found[1] and found[1] ~= 'superseded' and tonumber(found[2]) > now then
      status = found[1]
    end
  end
end
local is_open = status == 'pending' or status == 'expired'
local passed = ARGV[11] == 'passed'
local pair = mobile .. ':' .. (device or '')
local holds = status == ARGV[7]
if holds and passed and is_open and ARGV[8] == '0' then
  -- Validates, and finds in the same command whether somebody else did so meanwhile: then nothing was written.
  holds = redis.call('SADD', VALIDATED, pair) == 1
elseif holds then
  holds = redis.call('SISMEMBER', VALIDATED, pair) == tonumber(ARGV[8])
end
if holds then
  -- A text once and for all: the server would print the number for each command anew.
  local n = string.format('%.0f', redis.call('INCR', COUNTER_INPUT_SMS))
  if device then
    ARGV[#ARGV + 1] = 'device_id'
    ARGV[#ARGV + 1] = device
  end
  local codes = ARGV[14]
  -- First what the bridge reads: a field is found by walking over those before it. The fields of the checks are put in
  -- from their list when the script is put together (scripts.rs).
  redis.call('HSET', QUEUE_INPUT_SMS .. n, 'id', n, 'bridge', ARGV[15], 'mobile_number', mobile,
    'sms_message', ARGV[12], 'received_timestamp', ARGV[13], CHECK_FIELDS, 'validation_status', ARGV[11],
    unpack(ARGV, 17))
  redis.call('XADD', passed and QUEUED_PASSED or QUEUED_FAILED, n, '', '')
  if is_open then
    local last_sms = n .. ' ' .. ARGV[2] .. ' ' .. ARGV[9]
    if passed then
      redis.call('HSET', ONBOARDING .. id, 'status', 'validated', 'version', version + 1, 'validated_at', ARGV[2],
        'last_sms', last_sms)
    else
      redis.call('HSET', ONBOARDING .. id, 'version', version + 1, 'last_sms', last_sms)
    end
    -- onboarding_mobile has heard of its end: it hears what came after it, too.
    if passed or status == 'expired' then
      redis.call('ZADD', QUEUED_ONBOARDINGS, queue_id, id)
    end
    redis.call('PUBLISH', NOTICES, 'onboarding ' .. id)
  end
  if ARGV[16] ~= '' then
    redis.call('XADD', TOLD, '*', 'j', ARGV[16])
  end
  local answer = n .. ' ' .. ARGV[9]
  redis.call('APPEND', key, answer)
  seen = seen .. answer
  if not (passed and #ids > 36) then
    return {'done', seen}
  end
end
