-- These are in input_sms now. A script and no MULTI: a full server refuses every command of a MULTI, and could never
-- be emptied. ARGV: ids
local entries, rows = {}, {}
-- Each follows the one before: no other is between them, and a queue in which none waits from before can be cut off.
local whole, first = true, tonumber(ARGV[1])
for place, id in ipairs(ARGV) do
  entries[place], rows[place] = id .. '-0', QUEUE_INPUT_SMS .. id
  whole = whole and tonumber(id) == first + place - 1
end
for _, queue in ipairs({QUEUED_PASSED, QUEUED_FAILED}) do
  if whole and #redis.call('XRANGE', queue, '-', '(' .. entries[1], 'COUNT', 1) == 0 then
    redis.call('XTRIM', queue, 'MINID', string.format('%.0f', first + #ARGV))
  else
    redis.call('XDEL', queue, unpack(entries))
  end
end
redis.call('UNLINK', unpack(rows))
