-- Shows whoever waits for an onboarding what came and was no SMS (D45).
-- ARGV: 1 epoch, 2 now, 3 its id, 4 what is shown
local key = ONBOARDING .. ARGV[3]
local found = redis.call('HMGET', key, 'status', 'version', 'expires_at')
local is_open = found[1] == 'pending' or found[1] == 'expired'
if not is_open or tonumber(found[3]) <= tonumber(ARGV[2]) then
  return {'closed'}
end
redis.call('HSET', key, 'version', found[2] + 1, 'last_sms', ARGV[4])
redis.call('PUBLISH', NOTICES, 'onboarding ' .. ARGV[3])
return {'done'}
