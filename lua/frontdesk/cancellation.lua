--- What a task knows of being cancelled: a flag, and how to end what it waits for.

local running = coroutine.running

local cancellation = {}

-- By coroutine: only coroutines that are tasks of frontdesk are here.
local states = setmetatable({}, { __mode = "k" })

--- Makes a coroutine one that can be cancelled.
---@param task? thread the running one when not given
---@return table state
function cancellation.enter(task)
  local state = { cancelled = false }
  states[task or running()] = state
  return state
end

--- The state of the running coroutine.
---@return table|nil state
function cancellation.current()
  local task = running()
  return task and states[task]
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
  local ticket, waiters, transfer = state.ticket, state.waiters, state.transfer
  state.ticket, state.waiters, state.transfer = nil, nil, nil
  if transfer then
    waiters[transfer] = nil
    transfer:cancel()
  end
  if ticket then
    ticket:wake()
  end
end

--- Waits on a ticket, which a cancellation wakes.
---@param ticket table
---@param seconds number|nil at most, where the ticket can
---@return any what the ticket's wait gives
function cancellation.wait(ticket, seconds)
  return cancellation.wait_as(cancellation.current(), ticket, seconds)
end

--- The same for who knows the state; a cancellation cancels the transfer that is waited for, if any.
---@param state table|nil of the running coroutine
---@param ticket table
---@param seconds number|nil
---@param waiters table<table, table>|nil where the ticket stands, by transfer
---@param transfer table|nil
---@return any what the ticket's wait gives
function cancellation.wait_as(state, ticket, seconds, waiters, transfer)
  if not state then
    return ticket:wait(seconds)
  end
  if state.cancelled then
    if transfer then
      waiters[transfer] = nil
      transfer:cancel()
    end
    return true
  end
  -- In fields, not in a closure: this is done for every call.
  state.ticket, state.waiters, state.transfer = ticket, waiters, transfer
  local result = ticket:wait(seconds)
  state.ticket, state.waiters, state.transfer = nil, nil, nil
  return result
end

--- Whether what was raised is the interpreter's word for Ctrl-C.
---@param raised any
---@return boolean
function cancellation.is_interrupt(raised)
  return type(raised) == "string" and raised:find("interrupted!", 1, true) ~= nil
end

return cancellation
