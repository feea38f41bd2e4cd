-- Deletes keys for a rebuild. ARGV: 1 its epoch, and then keys
if #ARGV > 1 then
  redis.call('UNLINK', unpack(ARGV, 2))
end
return {'cleared'}
