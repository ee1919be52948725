--- Adapter for cqueues: calls made in a controller's coroutines give way to it.

local cqueues = require "cqueues"
local condition = require "cqueues.condition"

local adapter = {}

-- In a coroutine that a task has made for itself, cqueues cannot wait.
function adapter.loop()
  local controller, is_task = cqueues.running()
  return is_task and controller or nil
end

function adapter.watch(fd, on_ready)
  cqueues.running():wrap(function()
    local readable = { pollfd = fd, events = "r" }
    repeat
      cqueues.poll(readable)
    until not on_ready()
    cqueues.cancel(fd) -- the number may be another file's by the next time
  end)
end

function adapter.spawn(fn)
  cqueues.running():wrap(fn)
end

function adapter.ticket()
  local ready = condition.new()
  return {
    wait = function() ready:wait() end,
    wake = function() ready:signal() end,
  }
end

return adapter
