--- The nginx sandbox for specs, with clients whose replies can be looked at.

local engine_transport = require "frontdesk.transport.engine"
local frontdesk = require "frontdesk"

local live = {}
live.__index = live

--- Starts nginx.
---@param options? table of sandbox.start
function live.start(options)
  return setmetatable({ server = assert(frontdesk.sandbox.start(options)) }, live)
end

--- A transport over libcurl that remembers the replies: `seen` lists them, oldest first.
function live.watching_transport()
  local inner = engine_transport.new()
  local transport = { seen = {} }
  function transport.send(_, request)
    local reply, failure = inner:send(request)
    transport.seen[#transport.seen + 1] = reply
    return reply, failure
  end
  return transport
end

--- A client of a service, with a transport (and so connections) of its own.
---@param service string
---@param extra? table options; false leaves one of the sandbox's out; `https = true` for TLS
---@return table client
---@return table transport
function live:client(service, extra)
  local options = self.server:options(service, extra)
  for name, value in pairs(options) do
    if value == false then
      options[name] = nil
    end
  end
  options.transport = live.watching_transport()
  options.retry = options.retry or 0 -- a spec sees each failure
  return frontdesk[service](options), options.transport
end

--- The requests that the server has seen, as texts "operation status".
---@return string[]
function live:log()
  local list = {}
  for i, request in ipairs(assert(self.server:requests())) do
    list[i] = ("%s %d"):format(request.operation, request.status)
  end
  return list
end

return live
