--- Hosts made of an event loop whose tasks are coroutines.
--
-- The engine is one descriptor that is readable when there is something to do; a
-- loop that can watch it needs an adapter of three functions (docs/event-loops.md):
--   watch(fd, on_ready)  calls on_ready() whenever fd is readable, until it returns false
--   ticket()             { wait(), wake() }: wait gives up the current task, wake lets it go on
--   spawn(fn)            runs fn() as a task of the loop

local cancellation = require "frontdesk.cancellation"
local core = require "frontdesk.core"
local memory = require "frontdesk.tokens.memory"
local plain = require "frontdesk.host.plain"
local waiting = require "frontdesk.host.waiting"

local loop = {}

-- Outside the loop's tasks (before it runs, say) there is nobody to give way to.
local function in_task()
  local running, is_main = coroutine.running()
  return running ~= nil and not is_main
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
      waiting.wake(engine, waiters)
      watched[engine] = engine:in_flight() > 0 or nil
      return watched[engine] == true
    end)
  end

  function host.wait(engine, transfer)
    if not in_task() then
      return plain.wait(engine, transfer)
    end
    engine:step() -- sends at once, and perhaps completes what others wait for
    waiting.wake(engine, waiters)
    if not transfer:done() then
      watch(engine)
      waiting.await(waiters, transfer, adapter.ticket())
    end
  end

  -- A time to come is one more descriptor.
  function host.sleep(seconds)
    if not in_task() then
      return plain.sleep(seconds)
    end
    local timer = assert(core.timer(seconds))
    local ticket, over = adapter.ticket(), false
    adapter.watch(timer:fd(), function()
      if not timer:is_due() then
        return true
      end
      timer:close()
      if not over then
        ticket:wake()
      end
      return false
    end)
    cancellation.wait(ticket, function() over = true end)
    local state = cancellation.current()
    return not (state and state.cancelled) or nil
  end

  function host.spawner()
    return function(fn)
      adapter.spawn(function()
        cancellation.enter()
        fn()
      end)
    end
  end

  host.ticket = adapter.ticket

  return host
end

return loop
