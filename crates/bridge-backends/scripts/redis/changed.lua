-- The basis of a verdict changed: judge again by this. Stands behind record.lua and facts.lua.
return {'changed', known(mobile, now, ARGV[10] ~= '' and counted(mobile, now) or 0, standing(id, now))}
