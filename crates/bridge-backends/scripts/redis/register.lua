-- Opens an onboarding (D13, D51). Its id is new.
-- ARGV: 1 epoch, 2 now, 3 mobile, 4 refuse a blacklisted number or empty, 5 new hashes an hour, 6 pair
--   of number and device, 7 device by which somebody is the same or empty, 8 the e-mail with a sign before it or empty,
--   9 request_timestamp, 10 onboarding id, 11 client address or empty, 12 places, 13 now where it is told that others end, or empty, and then pairs of its fields
local now, mobile, client = tonumber(ARGV[2]), ARGV[3], ARGV[11]
local epoch, sender, windows = unpack(redis.call('MGET', EPOCH, SENDER .. mobile, REGISTRATIONS .. mobile))
if epoch ~= ARGV[1] then
  return {'lost'}
end
if ARGV[4] ~= '' and blocked(mobile, now) == 1 then
  return {'blacklisted'}
end
if redis.call('SISMEMBER', VALIDATED, ARGV[6]) == 1 then
  return {'already_validated'}
end
local _, ids = parts_of(sender)
local found, ends, stay = standing(ids, now), {}, {}
for _, older in ipairs(found) do
  if older.id == ARGV[10] then
    -- The answer to the first attempt was lost on its way.
    return {'new'}
  end
  if older[STATUS] == 'pending' or older[STATUS] == 'expired' then
    local registered = cjson.decode(older[REGISTERED])
    older.client = registered.client or ''
    local same_person = ARGV[7] ~= '' and older[DEVICE] == ARGV[7]
      and (registered.email and '=' .. registered.email or '') == ARGV[8]
    if same_person and older[STATUS] == 'pending' and tonumber(ARGV[9]) <= registered.user_deadline then
      return {'same', older}
    end
    local list = same_person and ends or stay
    list[#list + 1] = older
  end
end

local window, others = windows_of(windows, client, now)
if not window or window.till <= now then
  window = {count = 0, till = now + REGISTRATION_WINDOW}
end
if window.count >= tonumber(ARGV[5]) then
  return {'too_many', string.format('%.0f', window.till)}
end
window.count = window.count + 1
write_windows(mobile, client, window, others, now)

-- `ending` in onboarding.rs: the oldest of whichever client address holds most places.
while #stay >= tonumber(ARGV[12]) do
  local held, most, oldest = {}, 0, #stay
  for _, one in ipairs(stay) do
    held[one.client] = (held[one.client] or 0) + 1
    most = math.max(most, held[one.client])
  end
  while held[stay[oldest].client] < most do
    oldest = oldest - 1
  end
  ends[#ends + 1] = table.remove(stay, oldest)
end
for _, one in ipairs(ends) do
  change_state(one.id, one[QUEUE_ID], one[VERSION], 'superseded', ARGV[13])
  one[STATUS] = 'superseded'
end
insert(now, true, by_name(14, #ARGV), true, sender, staying(found))
return {'new'}
