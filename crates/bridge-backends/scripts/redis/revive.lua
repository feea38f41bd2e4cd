-- Brings an onboarding back unless it stands (D8), before all others of its number.
-- ARGV: 1 epoch, 2 now, 3 mobile, 4 its id, and then pairs of its fields
local now, mobile, id = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local sender = redis.call('GET', SENDER .. mobile)
local _, ids = parts_of(sender)
local found, stands = standing(ids, now), false
for _, one in ipairs(found) do
  stands = stands or one.id == id
end
if not stands then
  local fields, queued = by_name(5, #ARGV), false
  local left = onboarding(id)
  if left[STATUS] then
    redis.call('ZREM', DEADLINES, deadline_member(left[QUEUE_ID], id))
    redis.call('ZREM', EXPIRIES, id)
    if redis.call('ZREM', QUEUED_ONBOARDINGS, id) == 1 then
      -- What waits for onboarding_mobile is newer than what came from there.
      queued = true
      fields.status, fields.version = left[STATUS], left[VERSION]
      fields.validated_at, fields.last_sms = left[VALIDATED_AT], left[LAST_SMS]
    end
  end
  redis.call('DEL', ONBOARDING .. id)
  insert(now, queued, fields, #found == 0, sender, #found == 0 and '' or without(ids, id))
  show(mobile, standing_of(mobile, now), now)
end
return {'known', known(mobile, now, counted(mobile, now), standing_of(mobile, now))}
