--- What all hosts share that let several tasks wait at once: who waits for which transfer.

local cancellation = require "frontdesk.cancellation"

local waiting = {}

--- Lets everybody go on whose transfer is done.
---@param engine table the core's engine
---@param waiters table<table, table> tickets by transfer
function waiting.wake(engine, waiters)
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

--- Waits on a ticket for a transfer, until it is done or the task is cancelled.
---@param waiters table<table, table>
---@param transfer table
---@param ticket table
---@param seconds number|nil at most, where the ticket can
---@return any what the ticket's wait gives
function waiting.await(waiters, transfer, ticket, seconds)
  waiters[transfer] = ticket
  return cancellation.wait_as(cancellation.current(), ticket, seconds, waiters, transfer)
end

return waiting
