-- The set that was built aside takes the place of the blacklist, and the ends of its blocks that of theirs, with what
-- is not yet in its table (D24).
-- ARGV: 1 key of the built set, 2 how many members it must have, 3 key of the built ends, 4 how many there must be
if redis.call('SCARD', ARGV[1]) ~= tonumber(ARGV[2]) or redis.call('HLEN', ARGV[3]) ~= tonumber(ARGV[4]) then
  return 0
end
-- UNLINK first: RENAME would free a million members on the way.
for built, old in pairs({[ARGV[1]] = BLACKLIST, [ARGV[3]] = BLACKLIST_ENDS}) do
  redis.call('UNLINK', old)
  if redis.call('EXISTS', built) == 1 then
    redis.call('RENAME', built, old)
    redis.call('PERSIST', old)
  end
end
local first = 0
while true do
  local waiting = redis.call('ZRANGE', QUEUED_BLACKLIST, first, first + 999)
  if #waiting == 0 then
    return 1
  end
  redis.call('SADD', BLACKLIST, unpack(waiting))
  for place, entry in ipairs(redis.call('HMGET', QUEUED_BLACKLIST_ENTRIES, unpack(waiting))) do
    -- The end stands on a line of its own behind the reason.
    local ends = entry and entry:match('\n(%d+)')
    if ends then
      redis.call('HSET', BLACKLIST_ENDS, waiting[place], ends)
    else
      redis.call('HDEL', BLACKLIST_ENDS, waiting[place])
    end
  end
  first = first + #waiting
end
