--- So many requests a second: each call books the next free moment.
--
-- One number a key: the moment at which the rate would be used up no further (the
-- "theoretical arrival time" of GCRA). Booking is one atomic increment, so that workers
-- that share a store never book the same moment.

local Rate = { __name = "frontdesk.limits.rate" }
Rate.__index = Rate

local KEPT = 60 -- seconds that an unused rate is remembered for

local rate = {}

--- A rate of a key.
---@param store table
---@param key string
---@param per_second number
---@param burst integer|nil calls at once after a rest; a tenth of a second's worth when not given
---@return table
function rate.new(store, key, per_second, burst)
  local interval = 1 / per_second
  burst = burst or math.max(1, math.floor(per_second / 10))
  return setmetatable({
    store = store, key = "limits:rate:" .. key,
    per_second = per_second, interval = interval, allowance = (burst - 1) * interval,
  }, Rate)
end

--- Books a moment.
---@param now number
---@return number moment at which the call may go; not after `now` when it may go at once
function Rate:book(now)
  local store, key, interval = self.store, self.key, self.interval
  local used_up = store:incr(key, interval, now, KEPT)
  if used_up - interval < now then
    -- Not used for a while: the time that went by is no credit. Two workers that see this
    -- at once may let one call too many go.
    used_up = now + interval
    store:set(key, used_up, KEPT)
  end
  store:expire(key, used_up - now + KEPT)
  return used_up - interval - self.allowance
end

--- Gives a booked moment back that no call will use.
function Rate:give_back()
  self.store:incr(self.key, -self.interval)
end

return rate
