-- These versions are in onboarding_mobile now. ARGV: pairs of id and version
for place = 1, #ARGV, 2 do
  local id = ARGV[place]
  local found = redis.call('HMGET', ONBOARDING .. id, 'version', 'status', 'expires_at')
  if found[1] == ARGV[place + 1] and redis.call('ZREM', QUEUED_ONBOARDINGS, id) == 1 then
    leaves(id, found[2], found[3])
  end
end
