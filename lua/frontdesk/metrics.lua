--- Counts what all clients of this process did, and tells a client's hooks.
--
-- Hooks are functions among a client's options: on_request, on_response, on_retry. They
-- get a table of plain values: names, numbers, the address without its query. No header,
-- no body and no credential is ever in it; one that stands in the address is hidden.

local clock = require "frontdesk.clock"
local limits = require "frontdesk.limits"

local metrics = {}

local requests, retries, seconds_paused = 0, 0, 0
local failures = {} -- counts by kind

-- Where a request goes, without what may identify more than the place.
local function describe(client, request, attempt)
  return {
    service = request.service,
    operation = request.operation,
    method = request.method,
    url = client:conceal(request.url:match "^[^?]*"),
    attempt = attempt,
  }
end

--- Before a request goes out.
function metrics.request()
  requests = requests + 1
end

--- The same, to who wants to know; may raise what the hook raises.
---@param client table the inside of a client
function metrics.announce(client, request, attempt)
  if client.options.on_request then
    client.options.on_request(describe(client, request, attempt))
  end
end

--- After its answer came, or it failed.
---@param failure table|nil kind and more, when the answer is not a success
---@param status integer|nil
---@param began number|nil on the clock of clock.now(); must be there when there is a hook
function metrics.response(client, request, attempt, failure, status, began)
  if failure then
    failures[failure.kind] = (failures[failure.kind] or 0) + 1
  end
  if client.options.on_response then
    local event = describe(client, request, attempt)
    event.status, event.seconds, event.kind = status, clock.now() - began, failure and failure.kind
    client.options.on_response(event)
  end
end

--- Before the pause in front of another try.
---@param failure table what the last try met
---@param pause number seconds
function metrics.retry(client, request, attempt, failure, pause)
  retries, seconds_paused = retries + 1, seconds_paused + pause
  if client.options.on_retry then
    local event = describe(client, request, attempt)
    event.kind, event.status, event.pause = failure.kind, failure.status, pause
    client.options.on_retry(event)
  end
end

--- What was counted since the process began.
---@return { requests: integer, retries: integer, seconds_paused: number, seconds_limited: number, failures: table<string, integer> }
function metrics.read()
  local copy = {
    requests = requests, retries = retries, seconds_paused = seconds_paused,
    seconds_limited = limits.counters().waited,
    failures = {},
  }
  for kind, count in pairs(failures) do
    copy.failures[kind] = count
  end
  return copy
end

return metrics
