-- Gives a pending onboarding other times, if it stands in that version: the clock that it was registered by was wrong
-- (D49). ARGV: 1 epoch, 2 now, 3 the version it stands in, and then names and values of its fields
local now = tonumber(ARGV[2])
local fields = by_name(4, #ARGV)
local id, mobile = fields.onboarding_id, fields.mobile_number
local found = onboarding(id)
if found[STATUS] ~= 'pending' or found[VERSION] ~= ARGV[3] then
  return {'changed'}
end
redis.call('ZADD', DEADLINES, fields.user_deadline, deadline_member(found[QUEUE_ID], id))
redis.call('HSET', ONBOARDING .. id, 'registered', fields.registered, 'expires_at', fields.expires_at)
change_state(id, found[QUEUE_ID], found[VERSION], 'pending', '')
-- What 003 shows of it is written anew.
redis.call('DEL', ONBOARD_HASH .. mobile)
show(mobile, standing_of(mobile, now), now)
return {'done'}
