--- The starting process's side of the control endpoint.

local control = require "frontdesk.sandbox.control"
local core = require "frontdesk.core"
local json = require "frontdesk.sandbox.json"

local control_client = {}
control_client.__index = control_client
control_client.__name = "frontdesk.sandbox.control_client"

---@param base_url string of the sandbox
---@param key string
---@return table? client
---@return string? message
function control_client.new(base_url, key)
  local headers, message = core.headers({ { control.KEY_HEADER, key }, { "Content-Type", "application/json" } })
  if not headers then return nil, message end
  local engine
  engine, message = core.engine()
  if not engine then return nil, message end
  return setmetatable({ base_url = base_url, headers = headers, engine = engine }, control_client)
end

--- Sends a command.
---@param method string
---@param action string
---@param body? table
---@return any answer
---@return string? message
function control_client:call(method, action, body)
  local transfer, failure = self.engine:submit({
    method = method,
    url = self.base_url .. control.PREFIX .. action,
    headers = self.headers,
    body = method == "POST" and json.encode(body or {}) or nil,
    timeout = 10,
  })
  -- perform() comes back early when a signal arrives, so that Ctrl-C is heard.
  while transfer and not transfer:done() do self.engine:perform(transfer) end
  failure = transfer and transfer:failure() or failure
  if failure then return nil, "the sandbox cannot be reached: " .. failure.message end
  local answer = transfer:json()
  if transfer:status() ~= 200 then
    local message = type(answer) == "table" and answer.message
    return nil, message or ("the sandbox answered with status %d"):format(transfer:status())
  end
  return answer
end

function control_client:close()
  self.engine:close()
end

return control_client
