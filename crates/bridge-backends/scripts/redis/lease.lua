-- Takes or keeps a lease. ARGV: 1 its key, 2 holder, 3 length in ms
local holder = redis.call('GET', ARGV[1])
if holder and holder ~= ARGV[2] then
  return 0
end
-- DEL first: a script that has written may go on writing where the server is full, and without leases nobody would
-- carry away what fills it.
redis.call('DEL', ARGV[1])
redis.call('SET', ARGV[1], ARGV[2], 'PX', ARGV[3])
return 1
