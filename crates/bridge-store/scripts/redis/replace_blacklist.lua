-- The set that was built aside takes the place of the blacklist, with what is not yet in its table (D24).
-- ARGV: 1 key of the built set, 2 how many members it must have
if redis.call('SCARD', ARGV[1]) ~= tonumber(ARGV[2]) then
  return 0
end
-- UNLINK first: RENAME would free a million members on the way.
redis.call('UNLINK', BLACKLIST)
if redis.call('EXISTS', ARGV[1]) == 1 then
  redis.call('RENAME', ARGV[1], BLACKLIST)
  redis.call('PERSIST', BLACKLIST)
end
local first = 0
while true do
  local waiting = redis.call('ZRANGE', QUEUED_BLACKLIST, first, first + 999)
  if #waiting == 0 then
    return 1
  end
  redis.call('SADD', BLACKLIST, unpack(waiting))
  first = first + #waiting
end
