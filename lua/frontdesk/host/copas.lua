--- Adapter for copas: calls made in its threads give way to the others.

local copas = require "copas"

local adapter = {}

-- To copas the descriptor is a socket with nothing to read, which a thread keeps trying.
function adapter.watch(fd, on_ready)
  local over = false
  local socket = {
    getfd = function() return fd end,
    settimeout = function() end,
    close = function() end,
    receive = function()
      over = not on_ready()
      if over then
        return ""
      end
      return nil, "timeout", ""
    end,
  }
  copas.addthread(function()
    repeat
      copas.receive(socket, 1) -- which later versions give up after a while
    until over
  end)
end

function adapter.spawn(fn)
  copas.addthread(fn)
end

-- Later versions can wait for another thread; to earlier ones, a thread that waits is
-- in a queue like those of readers and writers, and is added again to go on.
local function queue_ticket()
  local task
  local queue = {
    insert = function() end,
    push = function(_, _, thread) task = thread end,
  }
  return {
    wait = function() coroutine.yield(true, queue) end,
    wake = function() copas.addthread(task) end,
  }
end

local function wakeup_ticket()
  local task = coroutine.running()
  return {
    wait = function() copas.sleep(-1) end,
    wake = function() copas.wakeup(task) end,
  }
end

adapter.ticket = copas.wakeup and wakeup_ticket or queue_ticket

return adapter
