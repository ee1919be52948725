--- Adapter for luv (libuv): calls made in coroutines give way to the loop.

local uv = require "luv"

local luv = {}

function luv.watch(fd, on_ready)
  local poll = assert(uv.new_poll(fd))
  poll:start("r", function()
    if not on_ready() then
      poll:close()
    end
  end)
end

function luv.spawn(fn)
  coroutine.wrap(fn)()
end

local ready = {} -- tasks that are to go on as soon as no other is under way
local turn       -- the loop's next turn, as a timer

-- An error in a task is an error in the loop's callback; the other tasks go on before.
local function resume_ready()
  local tasks, failure = ready, nil
  ready = {}
  for _, task in ipairs(tasks) do
    local ok, message = coroutine.resume(task)
    if not ok then
      failure = failure or debug.traceback(task, tostring(message))
    end
  end
  if failure then
    error(failure, 0)
  end
end

function luv.ticket()
  local task = coroutine.running()
  return {
    wait = function() coroutine.yield() end,
    wake = function()
      ready[#ready + 1] = task
      turn = turn or uv.new_timer()
      turn:start(0, 0, resume_ready)
    end,
  }
end

return luv
