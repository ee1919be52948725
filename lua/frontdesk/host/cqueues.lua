--- Adapter for cqueues: calls made in a controller's coroutines give way to it.

local cqueues = require "cqueues"
local condition = require "cqueues.condition"

local adapter = {}

function adapter.watch(fd, on_ready)
  cqueues.running():wrap(function()
    repeat
      cqueues.poll { pollfd = fd, events = "r" }
    until not on_ready()
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
