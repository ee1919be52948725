--- Who waits for a time to come: all of an event loop's behind one descriptor, which the
-- loop watches only as long as somebody waits.

local core = require "frontdesk.core"
local timeline = require "frontdesk.host.timeline"

local Alarms = {}
Alarms.__index = Alarms

-- Tells those whose time has come. Whether others still wait.
function Alarms:look()
  self.timer:is_due()
  local list, now = self.list, core.now()
  while list[1] and list[1].at <= now do
    table.remove(list, 1).ring()
  end
  if list[1] then
    self.timer:set(list[1].at - now)
  end
  self.is_watched = list[1] ~= nil
  return self.is_watched
end

--- Has a function called when the time has come.
---@param seconds number from now
---@param ring fun()
---@return table alarm to be given to `remove` when it is no longer wanted
function Alarms:add(seconds, ring)
  local alarm = { at = core.now() + seconds, ring = ring }
  if timeline.add(self.list, alarm) == 1 then
    self.timer:set(seconds)
  end
  if not self.is_watched then
    self.is_watched = true
    self.watch(self.timer:fd(), function() return self:look() end)
  end
  return alarm
end

--- Takes an alarm back; nothing happens when it has rung.
---@param alarm table
function Alarms:remove(alarm)
  timeline.remove(self.list, alarm)
  if self.is_watched and not self.list[1] then
    self.timer:set(0) -- for the loop to see that nobody waits any more
  end
end

local alarms = {}

--- Alarms for one loop.
---@param watch fun(fd: integer, on_ready: fun(): boolean) the adapter's
function alarms.new(watch)
  return setmetatable({ timer = assert(core.timer()), list = {}, is_watched = false, watch = watch }, Alarms)
end

return alarms
