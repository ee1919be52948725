--- Hosts made of an event loop whose tasks are coroutines.
--
-- The engine is one descriptor that is readable when there is something to do; a
-- loop that can watch it needs an adapter of two functions (docs/event-loops.md):
--   watch(fd, on_ready)  calls on_ready() whenever fd is readable, until it returns false
--   ticket()             { wait(), wake() }: wait gives up the current task, wake lets it go on

local memory = require "frontdesk.tokens.memory"
local plain = require "frontdesk.host.plain"

local loop = {}

-- Outside the loop's tasks (before it runs, say) there is nobody to give way to.
local function in_task()
  local running, is_main = coroutine.running()
  return running ~= nil and not is_main
end

--- Lets everybody go on whose transfer is done.
---@param engine table the core's engine
---@param waiters table<table, table> tickets by transfer
function loop.wake(engine, waiters)
  local transfer = engine:completed()
  while transfer do
    local ticket = waiters[transfer]
    if ticket then
      waiters[transfer] = nil
      ticket:wake()
    end
    transfer = engine:completed()
  end
end

--- Makes a host from an adapter.
---@param adapter table
---@return table host
function loop.host(adapter)
  local host = {}
  local waiters, watched = {}, {}
  local store = memory.new(adapter.ticket)

  function host.refusal()
    return nil
  end

  function host.tokens(_, identity)
    return store, identity
  end

  local function watch(engine)
    if watched[engine] then
      return
    end
    watched[engine] = true
    adapter.watch(engine:fd(), function()
      engine:step()
      loop.wake(engine, waiters)
      watched[engine] = engine:in_flight() > 0 or nil
      return watched[engine] == true
    end)
  end

  function host.wait(engine, transfer)
    if not in_task() then
      return plain.wait(engine, transfer)
    end
    engine:step() -- sends at once, and perhaps completes what others wait for
    loop.wake(engine, waiters)
    if not transfer:done() then
      watch(engine)
      local ticket = adapter.ticket()
      waiters[transfer] = ticket
      ticket:wait()
    end
  end

  return host
end

return loop
