--- A plain script: a call drives the engine itself until its transfer is done; inside
-- `frontdesk.run`, tasks give way to each other instead.

local core = require "frontdesk.core"
local memory = require "frontdesk.tokens.memory"
local scheduler = require "frontdesk.host.scheduler"

local plain = {}

--- Waits for a transfer.
---@param engine table the core's engine
---@param transfer table
function plain.wait(engine, transfer)
  local ticket = scheduler.here()
  if ticket then
    return ticket:await(engine, transfer)
  end
  -- perform gives up control when a signal may have come, so that Ctrl-C works.
  while not engine:perform(transfer) do end
end

local idle -- an engine without work, to wait with

--- Waits for some time.
---@param seconds number
---@return boolean|nil rested nil when the task was cancelled
function plain.sleep(seconds)
  local ticket = scheduler.here()
  if ticket then
    return ticket:sleep(seconds)
  end
  idle = idle or assert(core.engine())
  local due = core.now() + seconds
  repeat
    local left = due - core.now()
    idle:wait(math.max(0, math.min(left, 1)))
  until left <= 1
  return true
end

--- Starts a task; nil where there is no `frontdesk.run` around.
---@return (fun(fn: fun()))|nil
function plain.spawner()
  local ticket = scheduler.here()
  return ticket and function(fn) ticket.scheduler:spawn(fn) end
end

--- Runs a function with tasks, and waits for all of them.
plain.run = scheduler.run

--- A ticket to wait with, in a task; nil outside.
function plain.ticket()
  local ticket = scheduler.here()
  return ticket and ticket:another()
end

--- A store of its own for each client: nobody else is there to share it.
function plain.tokens()
  return memory.new(plain.ticket), "token"
end

return plain
