-- Blacklists a number and queues it for its table. ARGV: 1 mobile, 2 entry
redis.call('SADD', BLACKLIST, ARGV[1])
redis.call('ZADD', QUEUED_BLACKLIST, 0, ARGV[1])
redis.call('HSET', QUEUED_BLACKLIST_ENTRIES, ARGV[1], ARGV[2])
