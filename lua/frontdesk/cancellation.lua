--- What a task knows of being cancelled: a flag, and how to end what it waits for.

local cancellation = {}

-- By coroutine: only coroutines that are tasks of frontdesk are here.
local states = setmetatable({}, { __mode = "k" })

--- Makes a coroutine one that can be cancelled.
---@param task? thread the running one when not given
---@return table state
function cancellation.enter(task)
  local state = { cancelled = false }
  states[task or coroutine.running()] = state
  return state
end

--- The state of the running coroutine.
---@return table|nil state
function cancellation.current()
  local running = coroutine.running()
  return running and states[running]
end

--- The state of a coroutine.
---@param task thread
---@return table|nil state
function cancellation.of(task)
  return states[task]
end

--- Cancels: what is waited for ends at once, and all calls that come after fail.
---@param state table
function cancellation.cancel(state)
  state.cancelled = true
  local interrupt = state.interrupt
  state.interrupt = nil
  if interrupt then
    interrupt()
  end
end

--- Waits on a ticket; a cancellation calls `interrupt` and wakes it.
---@param ticket table
---@param interrupt fun()
---@param seconds number|nil at most, where the ticket can
---@return any what the ticket's wait gives
function cancellation.wait(ticket, interrupt, seconds)
  local state = cancellation.current()
  if not state then
    return ticket:wait(seconds)
  end
  if state.cancelled then
    interrupt()
    return true
  end
  state.interrupt = function()
    interrupt()
    ticket:wake()
  end
  local result = ticket:wait(seconds)
  state.interrupt = nil
  return result
end

return cancellation
