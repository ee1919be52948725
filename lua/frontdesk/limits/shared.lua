--- The numbers of limits in a lua_shared_dict: all workers of an nginx keep to them together.
--
-- Times in it are those of the machine's clock that never jumps, which all workers see alike.

local Shared = { __name = "frontdesk.limits.shared" }
Shared.__index = Shared

local SHORTEST = 0.001 -- seconds; a dictionary takes less for "for ever"

-- A dictionary that is full loses a limit now and then, but no call.
local function warn(message)
  local ngx = rawget(_G, "ngx")
  if ngx and ngx.log then
    ngx.log(ngx.WARN, "frontdesk cannot share a limit: ", message, "; is the lua_shared_dict large enough?")
  end
end

function Shared:get(key)
  return (self.dict:get(key))
end

function Shared:set(key, value, seconds)
  local ok, message = self.dict:set(key, value, math.max(seconds, SHORTEST))
  if not ok then
    warn(message)
  end
end

function Shared:add(key, value, seconds)
  local ok, message = self.dict:add(key, value, math.max(seconds, SHORTEST))
  if not ok and message ~= "exists" then
    warn(message)
    return true
  end
  return ok
end

function Shared:incr(key, amount, initial, seconds)
  if not initial then
    return (self.dict:incr(key, amount))
  end
  local value, message = self.dict:incr(key, amount, initial, math.max(seconds, SHORTEST))
  if not value then
    warn(message)
    return initial + amount
  end
  return value
end

function Shared:expire(key, seconds)
  self.dict:expire(key, math.max(seconds, SHORTEST))
end

function Shared:delete(key)
  self.dict:delete(key)
end

local shared = {}

--- A store over a shared dictionary.
---@param dict table ngx.shared.NAME
---@param workers integer|nil that share it: each has its part of the calls in flight
---@return table store
function shared.new(dict, workers)
  return setmetatable({ dict = dict, workers = workers or 1 }, Shared)
end

local stores = setmetatable({}, { __mode = "k" })

--- The one store of a dictionary.
---@param dict table ngx.shared.NAME
---@param workers integer|nil
---@return table store
function shared.of(dict, workers)
  local store = stores[dict]
  if not store then
    store = shared.new(dict, workers)
    stores[dict] = store
  end
  return store
end

return shared
