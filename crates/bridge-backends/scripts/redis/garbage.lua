-- Clears onboardings away that nobody can see and nothing waits for. ARGV: 1 now, 2 how many at most
local cleared = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', EXPIRIES, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  redis.call('ZREM', EXPIRIES, id)
  local found = redis.call('HMGET', ONBOARDING .. id, 'status', 'expires_at')
  if found[1] and not redis.call('ZSCORE', QUEUED_ONBOARDINGS, id) then
    if tonumber(found[2]) > tonumber(ARGV[1]) then
      leaves(id, found[1], found[2])
    elseif found[1] ~= 'pending' then
      redis.call('DEL', ONBOARDING .. id)
      cleared = cleared + 1
    end
  end
end
return cleared
