-- Gives a lease back. ARGV: 1 its key, 2 holder
if redis.call('GET', ARGV[1]) == ARGV[2] then
  redis.call('DEL', ARGV[1])
end
