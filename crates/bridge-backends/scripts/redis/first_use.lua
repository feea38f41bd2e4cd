-- Remembers that something was used. ARGV: 1 its key, 2 now, 3 until, 4 length in ms
local until_when = redis.call('GET', ARGV[1])
if until_when and tonumber(until_when) > tonumber(ARGV[2]) then
  return 0
end
redis.call('SET', ARGV[1], ARGV[3], 'PX', ARGV[4])
return 1
