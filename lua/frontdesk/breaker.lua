--- The circuit breaker of a host: after failures in a row calls fail at once, until a probe succeeds.
--
-- Closed, calls go. Open, none goes until a moment that is 5 seconds away. From then on
-- exactly one goes, the probe, whichever worker or task comes first: it closes the
-- breaker, or opens it for another 5 seconds.

local FAILURES = 10         -- in a row
local OPEN = 5              -- seconds
local IN_A_ROW = 60         -- seconds between two failures after which they are no row
local REMEMBERED = 300      -- seconds without a call after which an open breaker is forgotten
local PROBE_MARGIN = 5      -- seconds after its deadline at which a probe counts as lost
local LONGEST_PROBE = 120   -- seconds

-- Kinds of errors that show a host at fault.
local FAILING = { network = true, timeout = true, unavailable = true }

local Breaker = { __name = "frontdesk.breaker" }
Breaker.__index = Breaker

local breakers = {}

--- The breaker of a host.
---@param origin string "https://host:port"
---@param store table of limits
---@return table
function breakers.new(origin, store)
  return setmetatable({
    origin = origin, store = store,
    open_key = "limits:open:" .. origin, failures_key = "limits:failures:" .. origin, probe_key = "limits:probe:" .. origin,
  }, Breaker)
end

--- Whether calls go as usual.
---@return boolean
function Breaker:is_closed()
  return self.store:get(self.open_key) == nil
end

function Breaker:failure(seconds)
  local failures = self.store:get(self.failures_key) or FAILURES
  local next_try = "the next try is under way"
  if seconds then
    next_try = ("the next try will be made in %.1f seconds"):format(seconds)
  end
  return {
    kind = "unavailable",
    outcome = "not_sent",
    retry_after = seconds,
    message = ("%s failed %d times in a row, so nothing is sent there at the moment; %s"):format(self.origin, failures, next_try),
  }
end

--- Why no call goes now; nil when one may.
---@param now number
---@return table|nil failure
function Breaker:refusal(now)
  local opens = self.store:get(self.open_key)
  if not opens then
    return nil
  elseif now < opens then
    return self:failure(opens - now)
  elseif self.store:get(self.probe_key) then
    return self:failure(nil)
  end
end

--- Lets a call go, or not.
---@param now number
---@param deadline number
---@return boolean|nil admitted
---@return boolean|table probe whether the call is the probe; the failure, when it was not admitted
function Breaker:admit(now, deadline)
  local store = self.store
  local opens = store:get(self.open_key)
  if not opens then
    return true, false
  elseif now < opens then
    return nil, self:failure(opens - now)
  end
  local lease = math.min(deadline - now, LONGEST_PROBE) + PROBE_MARGIN
  if not store:add(self.probe_key, 1, lease) then
    return nil, self:failure(nil)
  end
  return true, true
end

function Breaker:open(now)
  self.store:set(self.open_key, now + OPEN, OPEN + REMEMBERED)
end

-- One failure more; true when it was one too many.
function Breaker:failed(now)
  local store = self.store
  local failures = store:incr(self.failures_key, 1, 0, IN_A_ROW)
  if failures < FAILURES then
    store:expire(self.failures_key, IN_A_ROW)
    return false
  end
  store:expire(self.failures_key, OPEN + REMEMBERED)
  return store:add(self.open_key, now + OPEN, OPEN + REMEMBERED)
end

-- The probe is back: nil when it says nothing about the host.
function Breaker:probed(good, now)
  local store = self.store
  if good then
    store:delete(self.failures_key)
    store:delete(self.open_key)
  elseif good == false then
    store:incr(self.failures_key, 1, FAILURES, OPEN + REMEMBERED)
    store:expire(self.failures_key, OPEN + REMEMBERED)
    self:open(now)
  end
  store:delete(self.probe_key)
end

--- Whether there is nothing that a success would change.
---@return boolean
function Breaker:is_calm()
  return self.store:get(self.failures_key) == nil
end

--- Whether a result shows that the host works; nil when it shows neither.
---@param result table|nil kind, status; nil for a success
---@return boolean|nil
function breakers.verdict(result)
  local kind = result and result.kind
  if not kind then
    return true
  elseif FAILING[kind] then
    return false
  end
  return (result.status or kind == "rate_limited") and true or nil
end

--- A call has ended.
---@param good boolean|nil breakers.verdict of its result
---@param probe boolean whether it was the probe
---@param now number
---@return boolean tripped whether this opened the breaker
function Breaker:settle(good, probe, now)
  if probe then
    self:probed(good, now)
  elseif good == false then
    -- Calls that were under way when it opened add nothing.
    return self:is_closed() and self:failed(now)
  elseif good and not self:is_calm() and self:is_closed() then
    self.store:delete(self.failures_key)
  end
  return false
end

return breakers
