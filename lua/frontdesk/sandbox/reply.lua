--- The answer of the in-process sandbox, with the reading methods of the engine's transfer.

local core = require "frontdesk.core"

local reply = {}
reply.__index = reply
reply.__name = "frontdesk.sandbox.reply"

---@param response table see frontdesk/sandbox/respond.lua
---@param seconds number how long it took, latency on order included
---@return table
function reply.new(response, seconds)
  return setmetatable({ _status = response.status, _headers = response.headers, _body = response.body, _seconds = seconds }, reply)
end

function reply:__tostring()
  return ("frontdesk.sandbox.reply (%d, %d bytes)"):format(self._status, #(self._body or ""))
end

local function body_of(self)
  return self._body or error("this reply was released: read its body before release()", 3)
end

---@return boolean
function reply.done()
  return true
end

--- A reply is there only when nothing failed.
---@return nil
function reply.failure()
  return nil
end

---@return integer
function reply:status()
  return self._status
end

--- The last header of that name (case does not matter).
---@param name string
---@return string?
function reply:header(name)
  local found
  for _, header in ipairs(self._headers) do
    if header[1]:lower() == name:lower() then found = header[2] end
  end
  return found
end

--- All headers: lower-case names, repeated ones joined by commas.
---@return table<string, string>
function reply:headers()
  local all = {}
  for _, header in ipairs(self._headers) do
    local name = header[1]:lower()
    all[name] = all[name] and all[name] .. ", " .. header[2] or header[2]
  end
  return all
end

---@return string
function reply:body()
  return body_of(self)
end

---@return integer
function reply:size()
  return #body_of(self)
end

--- The body, decoded by the client's own strict codec, as over HTTP.
---@param keep_null? boolean
---@return any value
---@return string? message
---@return integer? offset
function reply:json(keep_null)
  return core.json_decode(body_of(self), keep_null)
end

---@return table<string, number>
function reply:timings()
  return { name_lookup = 0, connect = 0, tls = 0, first_byte = self._seconds, total = self._seconds }
end

---@return string
function reply.http_version()
  return "1.1"
end

---@return boolean
function reply.reused()
  return true
end

--- Gives the body up; body(), json() and size() raise afterwards.
function reply:release()
  self._body = nil
end

return reply
