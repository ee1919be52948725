--- One simulated service, spoken to through the sandbox's router as a front does it: no client, no sockets.

local application = require "frontdesk.sandbox.application"
local json = require "frontdesk.sandbox.json"

local simulated = {}
simulated.__index = simulated

--- Starts a service with fresh state.
---@param service string
---@param base? string what its operations' paths begin with, below /service
---@param media_type? string of the bodies it is sent
function simulated.new(service, base, media_type)
  local self = setmetatable({ service = service, base = base or "", media_type = media_type or "application/json" }, simulated)
  self.application = application.new({ services = { service }, now = function() return 1760000000 end })
  return self
end

--- Sends a request.
---@param method string
---@param path string below `base`
---@param options? table `body` (table or text), `token` (bearer), `headers` (lower-case names; false leaves one out), `presented`
---@return table answer `{ status =, headers = { lower-case = }, text =, json = }`
function simulated:send(method, path, options)
  options = options or {}
  local body = options.body
  if type(body) == "table" then body = json.encode(body) end
  local headers = { ["content-type"] = body and self.media_type or nil, accept = "application/json",
    authorization = options.token and "Bearer " .. options.token or nil }
  for name, content in pairs(options.headers or {}) do headers[name] = content or nil end
  local response = self.application:handle({ method = method, target = "/" .. self.service .. self.base .. path, headers = headers,
    body = body, presented = options.presented }, function() end)
  local answer = { status = response.status, headers = {}, text = response.body }
  for _, header in ipairs(response.headers) do answer.headers[header[1]:lower()] = header[2] end
  if (answer.headers["content-type"] or ""):find("json", 1, true) then answer.json = assert(json.decode(response.body)) end
  return answer
end

--- What the service holds.
function simulated:state()
  return self.application.states[self.service]
end

function simulated:advance(seconds)
  self.application:advance(seconds)
end

return simulated
