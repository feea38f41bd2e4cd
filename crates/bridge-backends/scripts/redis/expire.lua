-- Turns pending onboardings whose deadline passed into expired ones (D32), looking at no more than ARGV[4].
-- ARGV: 1 epoch, 2 now, 3 how many at most, 4 how many to look at, 5 now where it is told, or empty
local due = redis.call('ZRANGEBYSCORE', DEADLINES, '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[4])
local expired, looked_at = 0, 0
for _, member in ipairs(due) do
  if expired == tonumber(ARGV[3]) then
    break
  end
  looked_at = looked_at + 1
  local id = member:sub(18)
  local found = redis.call('HMGET', ONBOARDING .. id, 'status', 'version', 'queue_id')
  -- Most were validated meanwhile, or are gone.
  if found[1] == 'pending' and deadline_member(found[3], id) == member then
    change_state(id, found[3], found[2], 'expired', ARGV[5])
    expired = expired + 1
  end
  redis.call('ZREM', DEADLINES, member)
end
return {'expired', expired, looked_at}
