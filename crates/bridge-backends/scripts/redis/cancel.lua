-- Cancels an onboarding that is not final. ARGV: 1 epoch, 2 now, 3 its id
local found = onboarding(ARGV[3])
if not found[STATUS] or tonumber(found[EXPIRES_AT]) <= tonumber(ARGV[2]) then
  return {'not_found'}
end
if found[STATUS] == 'pending' or found[STATUS] == 'expired' then
  change_state(ARGV[3], found[QUEUE_ID], found[VERSION], 'cancelled')
  return {'done', onboarding(ARGV[3])}
end
return {found[STATUS] == 'cancelled' and 'done' or 'final', found}
