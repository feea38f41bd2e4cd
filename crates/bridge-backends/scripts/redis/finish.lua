-- The data are whole: now they carry the name of their epoch. ARGV: 1 that name
if redis.call('GET', REBUILD) == ARGV[1] then
  redis.call('SET', EPOCH, ARGV[1])
  redis.call('DEL', REBUILD)
elseif redis.call('GET', EPOCH) ~= ARGV[1] then
  return {'lost'}
end
-- Also if the answer to the first attempt was lost on its way.
return {'finished'}
