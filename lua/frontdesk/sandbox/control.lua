--- The control endpoint of the nginx sandbox, under /_sandbox/: faults, the log, the clock, reset. A random key guards it.

local json = require "frontdesk.sandbox.json"
local respond = require "frontdesk.sandbox.respond"

local control = { PREFIX = "/_sandbox/", KEY_HEADER = "x-sandbox-key" }

local actions = {}

-- Fails when the worker could not load the services.
actions["GET ready"] = function(app)
  return respond.json(200, { ready = app:now() > 0 })
end

actions["POST faults"] = function(app, body)
  local done, message = app:fault(body)
  if not done then return respond.json(400, { message = message }) end
  return respond.json(200, { done = true })
end

actions["GET requests"] = function(app)
  return respond.json(200, respond.array(app:requests()))
end

actions["GET counts"] = function(app)
  return respond.json(200, app:counts())
end

actions["POST clock"] = function(app, body)
  if type(body.seconds) ~= "number" then return respond.json(400, { message = "seconds must be a number" }) end
  app:advance(body.seconds)
  return respond.json(200, { done = true })
end

actions["POST reset"] = function(app)
  app:reset()
  return respond.json(200, { done = true })
end

--- Answers a request to the control endpoint.
---@param app table the application
---@param key string
---@param incoming table as for application:handle
---@return table response
function control.handle(app, key, incoming)
  if incoming.headers[control.KEY_HEADER] ~= key then
    return respond.json(403, { message = "the control endpoint needs the sandbox's key" })
  end
  local action = actions[incoming.method .. " " .. incoming.target:sub(#control.PREFIX + 1)]
  if not action then return respond.json(404, { message = "the control endpoint has no such action" }) end
  if incoming.body == "" then return action(app, {}) end
  local body, message = json.decode(incoming.body)
  if not json.is_object(body) then return respond.json(400, { message = message or "the body must be an object" }) end
  return action(app, body)
end

return control
