--- One try of a call: authenticate, send, read.

local cancellation = require "frontdesk.cancellation"
local clock = require "frontdesk.clock"
local core = require "frontdesk.core"
local envelope = require "frontdesk.envelope"
local metrics = require "frontdesk.metrics"

local attempt = {}

-- The headers of a try, with the call's own; may log in for them. Returns them and the token used,
-- or nil and the fields of an error.
local function headers_of(client, route, own, deadline)
  local headers, used = route.credential.headers(route.standing, client.trade, deadline)
  if not headers or not own then
    return headers, used
  end
  local message, name
  headers, message, name = core.headers(own, headers)
  if not headers then
    return nil, { kind = "invalid_input", field = name, message = message }
  end
  return headers, used
end

-- Tells the hook of a request, which may raise, and must not keep the call's place then.
local function announce(client, request, number)
  local told, raised = pcall(metrics.announce, client, request, number)
  if not told then
    request:on_abandoned()
    error(raised, 0)
  end
end

-- Sends a built request, as soon as the limits let it go. Returns the reply, or nil and the
-- fields of an error, and the place to give back when the network was tried.
local function send(client, route, request, deadline, number)
  local limiter = route.limiter
  local place, refusal = limiter:enter(deadline)
  if not place then
    return nil, refusal
  end
  local left = deadline - clock.now()
  if left <= 0 then
    limiter:leave(place, { kind = "cancelled" })
    return nil, { kind = "timeout", message = "the deadline passed before the request was sent" }
  end
  request.timeout, request.place = left, place
  metrics.request()
  if client.is_watched then
    announce(client, request, number)
  end
  local reply, failure = route.transport:send(request)
  return reply, failure, place
end

local CANCELLED = { kind = "cancelled", outcome = "not_sent", message = "the task was cancelled before the request was sent" }

--- Makes a try.
---@param client table the inside of a client
---@param operation table
---@param route frontdesk.route an open one
---@param request table from routes.new_request, with URL and body
---@param own table[]|nil headers of the call's own
---@param keep_null boolean|nil
---@param deadline number
---@param number integer of the try, from 1
---@return any value
---@return table|nil failure the fields of an error, or a whole error, of the login
---@return frontdesk.response|nil answer where one came
---@return string|nil used the token
---@return boolean|nil sent whether the network was tried
function attempt.make(client, operation, route, request, own, keep_null, deadline, number)
  local state = cancellation.current()
  if state and state.cancelled then
    return nil, CANCELLED
  end
  local headers, used = route.headers, nil
  if not headers or own then
    headers, used = headers_of(client, route, own, deadline)
    if not headers then
      return nil, used
    end
  end
  request.headers = headers
  local began = client.is_watched and clock.now()
  local reply, problem, place = send(client, route, request, deadline, number)
  if not reply then
    if place then
      route.limiter:leave(place, problem)
      metrics.response(client, request, number, problem, nil, began)
    end
    return nil, problem, nil, nil, place ~= nil
  end
  local status = reply:status()
  local value, failure, document = envelope.read(operation.envelope, reply, status, keep_null)
  if not failure and operation.convert then
    value = operation.convert(value)
  end
  local answer = client.new_response(reply, status, number, document)
  reply:release()
  route.limiter:leave(place, failure)
  if failure or began then
    metrics.response(client, request, number, failure, status, began)
  end
  return value, failure, answer, used, true
end

return attempt
