-- These are in input_sms now. A script and no MULTI: a full server refuses every command of a MULTI, and could never
-- be emptied. ARGV: ids
local entries, rows = {}, {}
for place, id in ipairs(ARGV) do
  entries[place], rows[place] = id .. '-0', QUEUE_INPUT_SMS .. id
end
redis.call('XDEL', QUEUED_PASSED, unpack(entries))
redis.call('XDEL', QUEUED_FAILED, unpack(entries))
redis.call('UNLINK', unpack(rows))
