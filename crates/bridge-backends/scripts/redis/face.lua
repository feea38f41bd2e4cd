-- What 003 shows of a number under QUEUE_ONBOARDING and ONBOARD_HASH: the newest onboarding that is open, else the
-- newest (D51). `found` are those that stand, newest first.
local function show(mobile, found, now)
  local shown = found[1]
  for _, one in ipairs(found) do
    if one[STATUS] == 'pending' or one[STATUS] == 'expired' then
      shown = one
      break
    end
  end
  local face = QUEUE_ONBOARDING .. mobile
  if not shown then
    redis.call('DEL', face, ONBOARD_HASH .. mobile)
    return
  end
  local fields = cjson.decode(shown[REGISTERED])
  if redis.call('GET', ONBOARD_HASH .. mobile) == fields.hash then
    return
  end
  fields.device_id = shown[DEVICE] or nil
  fields.expires_at = shown[EXPIRES_AT]
  fields.request_timestamp = string.format('%.0f', fields.request_timestamp)
  fields.user_deadline = string.format('%.0f', fields.user_deadline)
  write_face(fields, now)
end
