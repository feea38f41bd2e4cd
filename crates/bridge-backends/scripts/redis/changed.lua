-- Stands behind record.lua, facts.lua and face.lua. Recorded: what is shown of the number may be another onboarding now.
if holds then
  show(mobile, standing(ids, now), now)
  return {'done', seen}
end
-- The basis of the verdict changed: judge again by this.
return {'changed', known(mobile, now, ARGV[10] ~= '' and counted(mobile, now) or 0, standing(ids, now))}
