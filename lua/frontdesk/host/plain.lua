--- A plain script: a call drives the engine itself until its transfer is done.

local memory = require "frontdesk.tokens.memory"

local plain = {}

--- A script can always wait.
function plain.refusal()
  return nil
end

--- Waits for a transfer.
---@param engine table the core's engine
---@param transfer table
function plain.wait(engine, transfer)
  -- perform gives up control when a signal arrives, so that Ctrl-C works.
  while not engine:perform(transfer) do end
end

--- A store of its own for each client: nobody else is there to share it.
function plain.tokens()
  return memory.new(), "token"
end

return plain
