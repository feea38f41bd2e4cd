-- Blacklists a number and queues it for its table. ARGV: 1 mobile, 2 entry, 3 when the block ends or empty
redis.call('SADD', BLACKLIST, ARGV[1])
if ARGV[3] ~= '' then
  redis.call('HSET', BLACKLIST_ENDS, ARGV[1], ARGV[3])
else
  redis.call('HDEL', BLACKLIST_ENDS, ARGV[1])
end
redis.call('ZADD', QUEUED_BLACKLIST, 0, ARGV[1])
redis.call('HSET', QUEUED_BLACKLIST_ENTRIES, ARGV[1], ARGV[2])
