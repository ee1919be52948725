--- Tokens in this Lua state's memory: a plain script's, or a worker's when nothing is shared.

local cancellation = require "frontdesk.cancellation"
local core = require "frontdesk.core"

-- Stands for the main thread, where Lua has no name for it.
local MAIN = coroutine.create(function() end)

local Memory = { __name = "frontdesk.tokens.memory" }
Memory.__index = Memory

function Memory:get(key)
  local entry = self.entries[key]
  if entry and (not entry.good_until or core.wall() < entry.good_until) then
    return entry.token
  end
end

function Memory:put(key, token, seconds)
  self.entries[key] = { token = token, good_until = seconds and core.wall() + seconds }
end

function Memory:drop(key, token)
  local entry = self.entries[key]
  if entry and entry.token == token then
    self.entries[key] = nil
  end
end

-- Whether the task that took a lock can still give it back. Of a login that runs apart from
-- its task nobody can tell.
local function is_held(self, key)
  local holder = self.holders[key]
  return self.apart ~= nil or holder ~= nil and coroutine.status(holder) ~= "dead"
end

-- A lock holds no longer than its holder may take, nor than its holder is there: a task can go
-- away without a word.
function Memory:lock(key, seconds)
  local held_until, now = self.locked[key], core.now()
  if held_until and now < held_until and is_held(self, key) then
    return false
  end
  self.locked[key], self.holders[key] = now + seconds, coroutine.running() or MAIN
  return true
end

function Memory:unlock(key)
  local waiting = self.waiting[key] or {}
  self.locked[key], self.waiting[key] = nil, nil
  for _, ticket in ipairs(waiting) do
    ticket:wake()
  end
end

function Memory:wait(key, seconds)
  local ticket = self.ticket()
  if not ticket then
    return false
  end
  local waiting = self.waiting[key] or {}
  self.waiting[key] = waiting
  waiting[#waiting + 1] = ticket
  cancellation.wait(ticket, math.min(seconds, self.locked[key] - core.now()))
end

function Memory:fail(key, err)
  self.failed[key] = { err = err, at = core.now() }
end

function Memory:failure(key, since)
  local failed = self.failed[key]
  if failed and failed.at >= since then
    return failed.err
  end
end

local memory = {}

--- An empty store.
---@param ticket fun(): table|nil the host's, to wait for each other with; gives nil outside of tasks
---@param apart (fun(action: fun()): any, any)|nil see frontdesk.tokens
---@return table store
function memory.new(ticket, apart)
  return setmetatable({
    entries = {}, locked = {}, waiting = {}, failed = {}, holders = setmetatable({}, { __mode = "v" }),
    ticket = ticket, apart = apart,
  }, Memory)
end

return memory
