-- Stands behind facts.lua, changes.lua and face.lua: what a new state means for the list of those that an SMS may mean.

-- Puts an id back among those of its number, by the order of registration.
local function enlist(mobile, id)
  local sender = redis.call('GET', SENDER .. mobile)
  if not sender or sender:find(id, 16, true) then
    return
  end
  local _, ids = parts_of(sender)
  local own, place = tonumber(redis.call('HGET', ONBOARDING .. id, 'queue_id')), #ids + 1
  for at = 1, #ids, ID do
    local other = redis.call('HGET', ONBOARDING .. ids:sub(at, at + ID - 1), 'queue_id')
    if other and tonumber(other) < own then
      place = at
      break
    end
  end
  redis.call('SET', SENDER .. mobile, sender:sub(1, 15) .. ids:sub(1, place - 1) .. id .. ids:sub(place), 'KEEPTTL')
end

-- A cancelled one stands as long as it is the newest.
local function settle(mobile, id, status, now)
  local found = standing_of(mobile, now)
  if status == 'validated' then
    enlist(mobile, id)
  elseif status == 'superseded' or status == 'cancelled' and not (found[1] and found[1].id == id) then
    unlist(mobile, id)
  end
  show(mobile, standing_of(mobile, now), now)
end
