--- A plain script: a call drives the engine itself until its transfer is done.

local plain = {}

--- Waits for a transfer.
---@param engine table the core's engine
---@param transfer table
function plain.wait(engine, transfer)
  -- perform gives up control when a signal arrives, so that Ctrl-C works.
  while not engine:perform(transfer) do end
end

return plain
