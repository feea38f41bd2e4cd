-- One onboarding by its id, or those of a number that stand, newest first.
-- ARGV: 1 epoch, 2 now, 3 its id or empty, 4 its number where no id is given
local now = tonumber(ARGV[2])
if ARGV[3] == '' then
  return {'found', unpack(standing_of(ARGV[4], now))}
end
local found = onboarding(ARGV[3])
return {'found', found[STATUS] and tonumber(found[EXPIRES_AT]) > now and found}
