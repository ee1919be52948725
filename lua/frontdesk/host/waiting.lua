--- What all hosts share that let several tasks wait at once: who waits for which transfer.
--
-- Who waits says so to the transfer (transfer:awaited_by), and is told by whoever drives its
-- engine, which may be another loop. A host that must know itself who waits keeps tickets by transfer.

local cancellation = require "frontdesk.cancellation"

local waiting = {}

--- Lets everybody go on who awaits a transfer that is done.
---@param engine table the core's engine
function waiting.tell(engine)
  local waiter = engine:completed()
  while waiter do
    local wake = waiter.wake -- a transfer that nobody awaits has none
    if wake then
      wake(waiter)
    end
    waiter = engine:completed()
  end
end

--- The same, for a host that keeps tickets by transfer.
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

--- Waits on a ticket for a transfer, until it is done or the task is cancelled; for such a host, too.
---@param waiters table<table, table>
---@param transfer table
---@param ticket table
---@param seconds number|nil at most, where the ticket can
---@return any what the ticket's wait gives
function waiting.await(waiters, transfer, ticket, seconds)
  waiters[transfer] = ticket
  return cancellation.wait(ticket, seconds, transfer, waiters)
end

return waiting
