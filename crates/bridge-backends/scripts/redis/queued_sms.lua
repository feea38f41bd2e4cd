-- Ids of judged SMS that wait for input_sms, oldest first: of both queues at one moment, so that none is left out that
-- is older than another one. ARGV: 1 how many at most, and then one queue or two
local ids = {}
for place = 2, #ARGV do
  for _, entry in ipairs(redis.call('XRANGE', ARGV[place], '-', '+', 'COUNT', ARGV[1])) do
    ids[#ids + 1] = tonumber(entry[1]:match('^%d+'))
  end
end
table.sort(ids)
local first = {}
for place = 1, math.min(#ids, tonumber(ARGV[1])) do
  first[place] = ids[place]
end
return first
