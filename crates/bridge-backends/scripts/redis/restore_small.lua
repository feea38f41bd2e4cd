-- ARGV: 1 right or epoch, 2 now, 3 'validated' and then pairs of number and device; or how long, and then pairs of a
-- number and until when its count is forgotten
if ARGV[3] == 'validated' then
  if #ARGV > 3 then
    redis.call('SADD', VALIDATED, unpack(ARGV, 4))
  end
  return {'restored'}
end
for place = 4, #ARGV, 2 do
  local key, at = UNCOUNTED .. ARGV[place], tonumber(ARGV[place + 1])
  local there = redis.call('GET', key)
  if not there or tonumber(there) < at then
    redis.call('SET', key, ARGV[place + 1], 'PX', math.max(tonumber(ARGV[3]), at - tonumber(ARGV[2])))
  end
end
return {'restored'}
