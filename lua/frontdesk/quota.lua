--- The retry quota of a host: an outage must not be multiplied by everybody's retries.
--
-- A bucket of 500. A retry takes 5 out of it, 10 after a timeout; a call that goes well
-- puts 1 back. When it is empty, calls fail with the first failure they meet.
--
--     local quota = quotas.new(origin, store)    -- limiter.quota is one
--     if quota:take(failure.kind) then ... try again ... end

local CAPACITY = 500
local COST = 5
local COST_AFTER_TIMEOUT = 10
local REMEMBERED = 600 -- seconds after which a bucket is full again

local Quota = { __name = "frontdesk.quota" }
Quota.__index = Quota

local quotas = {}

--- The quota of a host.
---@param origin string "https://host:port"
---@param store table of limits
---@return table
function quotas.new(origin, store)
  return setmetatable({ store = store, key = "limits:quota:" .. origin }, Quota)
end

--- Takes what a retry costs.
---@param kind string|nil of the failure that is to be retried
---@return boolean allowed
function Quota:take(kind)
  local cost = kind == "timeout" and COST_AFTER_TIMEOUT or COST
  local left = self.store:incr(self.key, -cost, CAPACITY, REMEMBERED)
  if left < 0 then
    self.store:incr(self.key, cost)
    return false
  end
  return true
end

--- A call went well. Costs next to nothing while the bucket is full.
function Quota:give()
  local store, key = self.store, self.key
  local left = store:get(key)
  if left == nil then
    return
  elseif left + 1 >= CAPACITY then
    store:delete(key) -- absent is full
  else
    store:incr(key, 1)
  end
end

return quotas
