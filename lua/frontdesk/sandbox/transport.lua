--- The sandbox in this process: a transport that a client sends through, with no server behind it.

local application = require "frontdesk.sandbox.application"
local reply = require "frontdesk.sandbox.reply"

local BASE = "http://127.0.0.1"

local transport = {}
transport.__index = transport
transport.__name = "frontdesk.sandbox.transport"

function transport:__tostring()
  local names = {}
  for name in pairs(self.application.services) do names[#names + 1] = name end
  table.sort(names)
  return "frontdesk.sandbox.transport (" .. table.concat(names, ", ") .. ")"
end

--- A fresh sandbox.
---@param options? table `services`: list of names (default: all); `now`: a clock, function returning seconds since the epoch;
---  `sleep`: function(seconds) that really waits when latency is on order (default: only the figures tell of it)
---@return table transport
function transport.new(options)
  options = options or {}
  return setmetatable({ application = application.new(options), sleep = options.sleep }, transport)
end

local function failure(kind, message, outcome)
  return nil, { kind = kind, message = message, outcome = outcome }
end

-- core.headers objects give a list of pairs; repeated names are joined as HTTP allows.
local function incoming_headers(headers)
  local incoming = {}
  for _, header in ipairs(headers and headers:list() or {}) do
    local name, content = header[1]:lower(), tostring(header[2])
    incoming[name] = incoming[name] and incoming[name] .. ", " .. content or content
  end
  return incoming
end

local function target_of(url)
  local host, target = url:match("^http://([^/?]*)(.*)$")
  if host ~= "127.0.0.1" and host ~= "localhost" then return nil end
  return target:sub(1, 1) == "/" and target or "/" .. target
end

--- Answers a request, or fails as a network can.
---@param request table the engine's request
---@return table? reply
---@return table? failure `{ kind =, message =, outcome = }`
function transport:send(request)
  local target = target_of(request.url)
  if not target then
    return failure("network", "could not connect: the in-process sandbox serves " .. BASE .. "/<service> only", "not_sent")
  end
  local incoming = { method = request.method, target = target, headers = incoming_headers(request.headers), body = request.body }
  if request.auth then
    incoming.presented = { kind = request.auth, username = request.username, password = request.password }
  end
  local waited = 0
  local response, cut = self.application:handle(incoming, function(seconds)
    waited = waited + seconds
  end)
  local allowed = request.timeout or math.huge
  if self.sleep and waited > 0 then self.sleep(math.min(waited, allowed)) end
  if waited > allowed then
    return failure("timeout", ("no answer within %g s"):format(allowed), "unknown")
  elseif cut == "reset" then
    return failure("network", "the connection was reset by the server", "unknown")
  elseif cut == "truncate" then
    return failure("protocol", "the connection was closed in the middle of the answer", "unknown")
  elseif request.max_body and #response.body > request.max_body then
    return failure("too_large", ("the answer is larger than the %d bytes allowed"):format(request.max_body), "unknown")
  end
  return reply.new(response, waited)
end

local function known_service(self, service)
  return self.application.services[service] or error(("the sandbox has no service named %q"):format(tostring(service)), 3)
end

--- Constructor options of a client for that service.
---@param service string
---@param extra? table options to add, or to put in place of the sandbox's
---@return table options
function transport:options(service, extra)
  local known = known_service(self, service)
  local options = application.addresses(known, BASE .. "/" .. service)
  options.transport = self
  for name, given in pairs(known.behaviour.credentials) do options[name] = given end
  for name, given in pairs(extra or {}) do options[name] = given end
  return options
end

--- Orders a fault: `{ service =, operation =, kind =, status =, retry_after =, seconds =, times = 1, after = 0, processed = false }`.
-- `kind`: "latency" (seconds), "reset", "truncate", "status" (status, retry_after), "html", or "revoked" (the token that the
-- request presents is no longer valid).
-- `times` may be math.huge. With `processed` the service acts before the request fails.
---@param order table
---@return boolean true
function transport:fault(order)
  local done, message = self.application:fault(order)
  return done or error(message, 2)
end

--- The requests so far: a list of `{ service =, operation =, method =, path =, status = }`.
---@return table[]
function transport:requests()
  return self.application:requests()
end

--- Fresh states, no faults, an empty log.
function transport:reset()
  self.application:reset()
end

--- Moves the services' clock on, so that tokens expire.
---@param seconds number
function transport:advance(seconds)
  self.application:advance(seconds)
end

--- What a service holds at the moment, to look at and to prepare.
---@param service string
---@return table state
function transport:state(service)
  known_service(self, service)
  return self.application.states[service]
end

return transport
