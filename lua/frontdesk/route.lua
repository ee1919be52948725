--- What the calls of one operation go through in a client: all that is the same from one to the next.

local core = require "frontdesk.core"

local routes = {}

local PLAIN_HTTP = "%s is plain http to another machine, or by a proxy on one, where anyone on the way can read the secrets; "
  .. "use https, or say allow_http = true"

---@class frontdesk.route
---@field prefix string of the URL
---@field standing table headers of the service and the client
---@field headers table|nil the same with the credential's own, where those do not change
---@field credential table|nil calls may go when there is one
---@field limiter table|nil
---@field transport table|nil
---@field spare table|nil a request to use again

--- A route on which no call can go yet. It must not hold its operation, which could never be collected then.
---@param client table the inside of a client
---@param operation table
---@return frontdesk.route
function routes.new(client, operation)
  local route = {
    prefix = client.options.bases[operation.base].prefix,
    standing = client.standing[operation.body],
    -- room for what comes when calls may go
    headers = nil, credential = nil, limiter = nil, transport = nil, spare = nil,
  }
  client.routes[operation] = route
  return route
end

--- Opens a route for calls.
---@return boolean|nil opened
---@return table|nil err why no call may go
function routes.open(client, operation, route, input)
  local base = client.options.bases[operation.base]
  if base.plain_http then
    return client:fail(operation, input, { kind = "invalid_input", field = base.option, message = PLAIN_HTTP:format(base.option) })
  end
  local credential, message = client:credential(operation)
  if not credential then
    return client:fail(operation, input, { kind = "auth", message = message })
  end
  route.credential, route.limiter, route.transport = credential, credential.limiter, credential.transport
  route.headers = not credential.expires and credential.headers(route.standing) or nil
  return true
end

-- nginx ends a light thread without a word when its client has gone.
local function on_abandoned(request)
  request.limiter:leave(request.place, { kind = "cancelled" })
end

--- What all requests of a call's operation share.
---@return table request
function routes.new_request(client, operation, route)
  local options = client.options
  local request = {
    method = operation.method,
    connect_timeout = options.connect_timeout,
    max_body = options.max_body,
    http_version = options.http_version,
    ca_file = options.ca_file,
    crl_file = options.crl_file,
    proxy = options.proxy,
    repeatable = operation.retry ~= "never", -- over a kept connection that turns out dead
    service = client.service,
    operation = operation.name,
    limiter = route.limiter,
    on_abandoned = on_abandoned,
  }
  local credential = route.credential
  if credential.username then
    request.auth, request.username, request.password = credential.kind, credential.username, credential.password
  end
  if not options.transport then -- which might change what it is sent
    request.prepared = core.request(request)
  end
  return request
end

return routes
