--- Time and chance, in one table: modules ask it at each use, so that specs can put
-- their own in its place and take no real time.

local core = require "frontdesk.core"
local hosts = require "frontdesk.host"

local clock = {}

--- Seconds of a clock that never jumps.
---@return number
clock.now = core.now

--- Seconds since 1970.
---@return number
clock.wall = core.wall

--- Lets others run for a while, as the host at hand does.
---@param seconds number
---@return boolean|nil rested nil when the task was cancelled meanwhile, or the host cannot wait here
---@return table|nil failure
function clock.sleep(seconds)
  local host, failure = hosts.current()
  if not host then
    return nil, failure
  end
  return host.sleep(seconds)
end

--- A number from 0 to 1, without 1.
---@return number
clock.random = math.random

return clock
