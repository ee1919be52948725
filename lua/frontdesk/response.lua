--- The answer itself, for those who look: the third value of a call that succeeds, and
-- `err.response` of one that fails. Its headers show no secret that the client knows; an
-- error's shows none at all of them.

local redact = require "frontdesk.redact"

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

local CONCEALED = { headers = true, request_id = true } -- what the service may send a secret back in

local function tostring_response(self)
  return "frontdesk.response: HTTP " .. self.status
end

local function concealed_of(name, reply, redactor)
  local value = LAZY[name](reply)
  if CONCEALED[name] then
    value = redactor:value(value)
  end
  return value
end

--- Makes what makes the responses of a client.
---@param secrets fun(): table list of what the client knows that must not be shown
---@return fun(reply: table, status: integer, attempts: integer, document: any): frontdesk.response
function response.maker(secrets)
  local Response = { __name = "frontdesk.response", __tostring = tostring_response }

  function Response.__index(self, name)
    local reply = LAZY[name] and rawget(self, REPLY)
    if not reply then
      return nil
    end
    local value = concealed_of(name, reply, redact.new(secrets()))
    rawset(self, name, value)
    return value
  end

  return function(reply, status, attempts, document)
    return setmetatable({
      status = status,
      attempts = attempts,
      document = document,
      [REPLY] = reply,
    }, Response)
  end
end

--- Makes an error's response one that can be printed: what it had not read it reads now, and it
-- lets the transfer go.
---@param self frontdesk.response
---@param redactor frontdesk.redactor
---@param named table<string, boolean>|nil
function response.conceal(self, redactor, named)
  local reply = rawget(self, REPLY)
  if not reply then
    return
  end
  for name in pairs(LAZY) do
    rawset(self, name, concealed_of(name, reply, redactor))
  end
  self.document = redactor:value(self.document, named)
  self[REPLY] = nil
end

return response
