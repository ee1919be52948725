--- The numbers of limits in this Lua state's memory: a plain script's, or a worker's when nothing is shared.
--
-- A store does what a lua_shared_dict does: get, set, add (only when absent), incr,
-- expire, delete; every entry lives for some seconds.

local clock = require "frontdesk.clock"

local Memory = { __name = "frontdesk.limits.memory" }
Memory.__index = Memory

local FEW = 100 -- entries that are not worth a look for dead ones

function Memory:delete(key)
  if self.values[key] ~= nil then
    self.values[key], self.ends[key] = nil, nil
    self.count = self.count - 1
  end
end

function Memory:get(key)
  local value = self.values[key]
  if value ~= nil and self.ends[key] <= clock.now() then
    self:delete(key)
    return nil
  end
  return value
end

-- What nobody asks for again would stay for ever: dropped whenever the entries have doubled.
function Memory:sweep()
  local now, dead = clock.now(), {}
  for key, ends in pairs(self.ends) do
    if ends <= now then
      dead[#dead + 1] = key
    end
  end
  for _, key in ipairs(dead) do
    self:delete(key)
  end
  self.most = math.max(FEW, 2 * self.count)
end

function Memory:set(key, value, seconds)
  if self.values[key] == nil then
    self.count = self.count + 1
    if self.count > self.most then
      self:sweep()
    end
  end
  self.values[key], self.ends[key] = value, clock.now() + seconds
end

function Memory:add(key, value, seconds)
  if self:get(key) ~= nil then
    return false
  end
  self:set(key, value, seconds)
  return true
end

function Memory:incr(key, amount, initial, seconds)
  local value = self:get(key)
  if value == nil then
    if not initial then
      return nil
    end
    value = initial + amount
    self:set(key, value, seconds)
    return value
  end
  value = value + amount
  self.values[key] = value
  return value
end

function Memory:expire(key, seconds)
  if self.values[key] ~= nil then
    self.ends[key] = clock.now() + seconds
  end
end

local memory = {}

--- An empty store.
---@return table store
function memory.new()
  return setmetatable({ values = {}, ends = {}, count = 0, most = FEW, workers = 1 }, Memory)
end

--- The store of all that run in this Lua state.
memory.common = memory.new()

return memory
