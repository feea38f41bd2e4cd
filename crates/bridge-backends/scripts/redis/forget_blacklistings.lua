-- These are in blacklist_sms now. A script and no MULTI: a full server refuses every command of a MULTI, and could
-- never be emptied. ARGV: numbers
redis.call('ZREM', QUEUED_BLACKLIST, unpack(ARGV))
redis.call('HDEL', QUEUED_BLACKLIST_ENTRIES, unpack(ARGV))
