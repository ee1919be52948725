--- What a lua_shared_dict does, in fake time.

local clock = require "frontdesk.clock"

local Dict = {}
Dict.__index = Dict

function Dict:alive(key)
  local entry = self.entries[key]
  if entry and (entry.ends == nil or clock.now() < entry.ends) then
    return entry
  end
end

function Dict:get(key)
  local entry = self:alive(key)
  return entry and entry.value
end

-- As lua-nginx-module counts: whole milliseconds, and none for ever.
local function ends_after(seconds)
  local milliseconds = math.floor((seconds or 0) * 1000)
  return milliseconds > 0 and clock.now() + milliseconds / 1000 or nil
end

function Dict:set(key, value, seconds)
  if self.full then
    return false, "no memory", false
  end
  self.entries[key] = { value = value, ends = ends_after(seconds) }
  return true, nil, false
end

function Dict:add(key, value, seconds)
  if self:alive(key) then
    return false, "exists", false
  end
  return self:set(key, value, seconds)
end

function Dict:incr(key, amount, initial, seconds)
  local entry = self:alive(key)
  if entry then
    entry.value = entry.value + amount
    return entry.value
  elseif not initial then
    return nil, "not found"
  end
  local ok, message = self:set(key, initial + amount, seconds)
  if not ok then
    return nil, message
  end
  return initial + amount
end

function Dict:expire(key, seconds)
  local entry = self:alive(key)
  if not entry then
    return nil, "not found"
  end
  entry.ends = ends_after(seconds)
  return true
end

function Dict:delete(key)
  self.entries[key] = nil
end

local fake_dict = {}

function fake_dict.new()
  return setmetatable({ entries = {} }, Dict)
end

return fake_dict
