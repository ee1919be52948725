--- What a task knows of being cancelled: a flag, and how to end what it waits for.

local running = coroutine.running

local cancellation = {}

-- By coroutine: only coroutines that are tasks of frontdesk are here.
local states = setmetatable({}, { __mode = "k" })
local has_states = false -- a script without tasks need not ask each time what is running

--- Makes a coroutine one that can be cancelled.
---@param task? thread the running one when not given
---@return table state
function cancellation.enter(task)
  local state = { cancelled = false }
  states[task or running()] = state
  has_states = true
  return state
end

--- The state of the running coroutine.
---@return table|nil state
function cancellation.current()
  local task = has_states and running()
  return task and states[task] or nil
end

--- The state of a coroutine.
---@param task thread
---@return table|nil state
function cancellation.of(task)
  return states[task]
end

-- Ends the transfer that is waited for, if any.
local function give_up(transfer, waiters)
  if waiters then
    waiters[transfer] = nil
  end
  if transfer then
    transfer:cancel()
  end
end

--- Cancels: what is waited for ends at once, and all calls that come after fail.
---@param state table
function cancellation.cancel(state)
  state.cancelled = true
  local ticket, transfer, waiters = state.ticket, state.transfer, state.waiters
  state.ticket, state.transfer, state.waiters = nil, nil, nil
  give_up(transfer, waiters)
  if ticket then
    ticket:wake()
  end
end

--- Waits on a ticket, which a cancellation wakes; it also cancels the transfer that is waited for, if any.
---@param ticket table
---@param seconds number|nil at most, where the ticket can
---@param transfer table|nil
---@param waiters table<table, table>|nil where the ticket stands, by transfer
---@return any what the ticket's wait gives
function cancellation.wait(ticket, seconds, transfer, waiters)
  return cancellation.wait_as(cancellation.current(), ticket, seconds, transfer, waiters)
end

--- The same for who knows the state.
---@param state table|nil of the running coroutine
---@param ticket table
---@param seconds number|nil
---@param transfer table|nil
---@param waiters table<table, table>|nil
---@return any what the ticket's wait gives
function cancellation.wait_as(state, ticket, seconds, transfer, waiters)
  if not state then
    return ticket:wait(seconds)
  end
  if state.cancelled then
    give_up(transfer, waiters)
    return true
  end
  state.ticket, state.transfer, state.waiters = ticket, transfer, waiters
  local result = ticket:wait(seconds)
  state.ticket, state.transfer, state.waiters = nil, nil, nil
  return result
end

--- Whether what was raised is the interpreter's word for Ctrl-C.
---@param raised any
---@return boolean
function cancellation.is_interrupt(raised)
  return type(raised) == "string" and raised:find("interrupted!", 1, true) ~= nil
end

return cancellation
