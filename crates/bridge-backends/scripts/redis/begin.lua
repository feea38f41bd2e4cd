-- A rebuild begins: first nobody may judge any more. DEL comes first also because a script that has written may go
-- on writing where the server is full. ARGV: 1 the name of its epoch
redis.call('DEL', EPOCH)
redis.call('SET', REBUILD, ARGV[1])
