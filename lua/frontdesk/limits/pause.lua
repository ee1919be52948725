--- The pause that a service asks for with 429: for every call of a key, not only the one that met it.

local Pause = { __name = "frontdesk.limits.pause" }
Pause.__index = Pause

local FIRST = 1          -- second; doubled from pause to pause where the service does not say how long
local LONGEST = 30       -- seconds, of those
local LONGEST_ASKED = 600 -- seconds; a service that asks for more is asked again after so many
local REMEMBERED = 300   -- seconds after which the last pause no longer counts
local CALM = 10          -- successes after which the next pause will be half as long

local pause = {}

--- The pause of a key.
---@param store table
---@param key string
---@return table
function pause.new(store, key)
  return setmetatable({
    store = store, key = "limits:pause:" .. key, step_key = "limits:step:" .. key,
    grown = false, -- whether there is something to shrink
    calm = 0,
  }, Pause)
end

--- When it ends; nil when there is none.
---@return number|nil
function Pause:ends()
  return self.store:get(self.key)
end

-- What a service asks for, within reason; nil when it asks for nothing sensible.
local function asked(seconds)
  if type(seconds) == "number" and seconds > 0 then -- NaN is not
    return math.min(seconds, LONGEST_ASKED)
  end
end

-- Seconds to guess, and twice as many the next time.
function Pause:guess()
  local seconds = self.store:get(self.step_key) or FIRST
  self.store:set(self.step_key, math.min(2 * seconds, LONGEST), REMEMBERED)
  self.grown, self.calm = true, 0
  return seconds
end

--- A call was answered with 429.
---@param retry_after number|nil seconds
---@param now number
---@param late boolean whether the call was sent before the last pause began: that one was for it too
---@return boolean began whether this begins a pause
function Pause:refused(retry_after, now, late)
  local ends = self:ends()
  local running = ends ~= nil and ends > now
  local seconds = asked(retry_after)
  if not seconds then
    if running or late then
      return false
    end
    seconds = self:guess()
  end
  if not running or ends < now + seconds then
    self.store:set(self.key, now + seconds, seconds + 1)
  end
  return not running
end

--- A call went well.
function Pause:ease()
  self.calm = self.calm + 1
  if self.calm < CALM then
    return
  end
  self.calm = 0
  local step = self.store:get(self.step_key)
  if step and step > 2 * FIRST then
    self.store:set(self.step_key, step / 2, REMEMBERED)
  else
    self.store:delete(self.step_key)
    self.grown = false
  end
end

return pause
