-- Opens an onboarding (D13). Its id is new.
-- ARGV: 1 epoch, 2 now, 3 mobile, 4 refuse a blacklisted number or empty, 5 new hashes an hour, 6 pair
--   of number and device, 7 device that can be the same again or empty, 8 the e-mail with a sign before it or empty,
--   9 request_timestamp, 10 onboarding id, and then pairs of its fields
local now, mobile = tonumber(ARGV[2]), ARGV[3]
local epoch, sender, window = unpack(redis.call('MGET', EPOCH, SENDER .. mobile, REGISTRATIONS .. mobile))
if epoch ~= ARGV[1] then
  return {'lost'}
end
if ARGV[4] ~= '' and blocked(mobile, now) == 1 then
  return {'blacklisted'}
end
if redis.call('SISMEMBER', VALIDATED, ARGV[6]) == 1 then
  return {'already_validated'}
end
local _, older_id = parts_of(sender)
local older = standing(older_id, now)
if older then
  local registered = cjson.decode(older[REGISTERED])
  if registered.onboarding_id == ARGV[10] then
    -- The answer to the first attempt was lost on its way.
    return {'new'}
  end
  if older[STATUS] == 'pending' and tonumber(ARGV[9]) <= registered.user_deadline and ARGV[7] ~= ''
    and older[DEVICE] == ARGV[7] and (registered.email and '=' .. registered.email or '') == ARGV[8] then
    return {'same', older}
  end
end

local count, till = 0, now + REGISTRATION_WINDOW
if window then
  local known_count, known_till = window:match('^(%d+) (%d+)$')
  if tonumber(known_till) > now then
    count, till = tonumber(known_count), tonumber(known_till)
  end
end
if count >= tonumber(ARGV[5]) then
  return {'too_many', string.format('%.0f', till)}
end
-- Known for as long again: what is restored may belong to a window that is over (D28).
redis.call('SET', REGISTRATIONS .. mobile, string.format('%.0f %.0f', count + 1, till), 'PX',
  till - now + REGISTRATION_WINDOW)

if older and (older[STATUS] == 'pending' or older[STATUS] == 'expired') then
  change_state(cjson.decode(older[REGISTERED]).onboarding_id, older[QUEUE_ID], older[VERSION], 'superseded')
end
insert(now, true, by_name(11, #ARGV), true, sender)
return {'new'}
