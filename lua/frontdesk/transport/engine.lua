--- The transport over libcurl: hands requests to the core's engine, and lets the host wait.

local core = require "frontdesk.core"
local hosts = require "frontdesk.host"

local Transport = { __name = "frontdesk.transport.engine" }
Transport.__index = Transport

function Transport:open()
  local engine, message = core.engine()
  if not engine then
    return nil, { kind = "network", outcome = "not_sent", message = message }
  end
  self.engine = engine
  return engine
end

--- Sends a request and waits for its end, as the host at hand waits.
---@param request table the engine's request; see docs/architecture.md. Its
---  on_abandoned(request) is called when the host has ended the caller's task, and `send` never returns
---@return table|nil reply
---@return table|nil failure kind, message, outcome
function Transport:send(request)
  local host, failure = hosts.current()
  if not host then
    return nil, failure
  end
  local engine, transfer = self.engine, nil
  if engine then
    transfer, failure = engine:submit(request, true) -- to wait is to step first
  end
  -- The engine, with its connections, is the process's that made it: after a fork it refuses.
  if not engine or (not transfer and failure.kind == "cancelled") then
    engine, failure = self:open()
    if engine then
      transfer, failure = engine:submit(request, true)
    end
  end
  if not transfer then
    return nil, failure
  end
  host.wait(engine, transfer, request.timeout, request)
  failure = transfer:failure()
  if failure then
    return nil, failure
  end
  return transfer
end

local transport = {}

--- A transport with an engine of its own, which it makes at the first request.
function transport.new()
  return setmetatable({ send = Transport.send }, Transport) -- at hand: the way through a metatable is long
end

return transport
