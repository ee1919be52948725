--- The answer itself, for those who look: the third value of a call that succeeds, and
-- `err.response` of one that fails.

---@class frontdesk.response
---@field status integer HTTP status
---@field headers table<string, string> lower-case names; repeated ones joined with ", "
---@field timings table<string, number> seconds: name_lookup, connect, tls, first_byte, total
---@field attempts integer requests sent for the call
---@field request_id string|nil what the service calls this request
---@field document any the whole decoded answer; the value is often a part of it

local response = {}

local REQUEST_ID_HEADERS = { "x-request-id", "x-correlation-id", "request-id" }

-- Read from the transfer when first looked at: most calls never are.
local LAZY = {
  headers = function(reply) return reply:headers() end,
  timings = function(reply) return reply:timings() end,
  request_id = function(reply)
    for _, name in ipairs(REQUEST_ID_HEADERS) do
      local id = reply:header(name)
      if id then
        return id
      end
    end
  end,
}

local REPLY = {} -- key of the transfer in a response; nobody else has it

local Response = { __name = "frontdesk.response" }

function Response:__index(name)
  local read = LAZY[name]
  if not read then
    return nil
  end
  local value = read(self[REPLY])
  rawset(self, name, value)
  return value
end

function Response:__tostring()
  return "frontdesk.response: HTTP " .. self.status
end

--- Makes the response of an answered call.
---@param reply table the transfer
---@param attempts integer
---@param document any
---@return frontdesk.response
function response.new(reply, attempts, document)
  return setmetatable({
    status = reply:status(),
    attempts = attempts,
    document = document,
    [REPLY] = reply,
  }, Response)
end

return response
