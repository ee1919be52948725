--- Adapter for luv (libuv): calls made in coroutines give way to the loop.

local uv = require "luv"

local luv = {}

function luv.watch(fd, on_ready)
  local poll = uv.new_poll(fd)
  poll:start("r", function()
    if not on_ready() then
      poll:close()
    end
  end)
end

function luv.spawn(fn)
  coroutine.wrap(fn)()
end

function luv.ticket()
  local task = coroutine.running()
  return {
    wait = function() coroutine.yield() end,
    wake = function()
      local ok, message = coroutine.resume(task)
      if not ok then
        error(debug.traceback(task, message), 0)
      end
    end,
  }
end

return luv
