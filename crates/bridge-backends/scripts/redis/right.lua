-- What every step of a rebuild begins with: ARGV[1] is the name of the epoch that it will begin (D28).
if redis.call('GET', REBUILD) ~= ARGV[1] then
  return {'lost'}
end
