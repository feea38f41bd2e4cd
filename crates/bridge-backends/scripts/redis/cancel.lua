-- Cancels an onboarding that is not final. ARGV: 1 epoch, 2 now, 3 its id, 4 now where it is told, or empty
local now = tonumber(ARGV[2])
local found = onboarding(ARGV[3])
if not found[STATUS] or tonumber(found[EXPIRES_AT]) <= now then
  return {'not_found'}
end
if found[STATUS] == 'pending' or found[STATUS] == 'expired' then
  local mobile = cjson.decode(found[REGISTERED]).mobile_number
  change_state(ARGV[3], found[QUEUE_ID], found[VERSION], 'cancelled', ARGV[4])
  settle(mobile, ARGV[3], 'cancelled', now)
  return {'done', onboarding(ARGV[3])}
end
return {found[STATUS] == 'cancelled' and 'done' or 'final', found}
