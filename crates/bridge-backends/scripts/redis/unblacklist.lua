-- Takes a number off, and its count of the day with it. ARGV: 1 mobile
redis.call('SREM', BLACKLIST, ARGV[1])
redis.call('HDEL', BLACKLIST_ENDS, ARGV[1])
redis.call('ZREM', QUEUED_BLACKLIST, ARGV[1])
redis.call('HDEL', QUEUED_BLACKLIST_ENTRIES, ARGV[1])
redis.call('DEL', SMS_COUNT .. ARGV[1])
local sender = redis.call('GET', SENDER .. ARGV[1])
if sender then
  redis.call('SET', SENDER .. ARGV[1], '000000000000000' .. sender:sub(16), 'KEEPTTL')
end
