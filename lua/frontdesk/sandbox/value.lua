--- What a simulated service asks about the values it is sent. Written without looking at the client's checks.

local json = require "frontdesk.sandbox.json"

local value = { array = json.is_array, object = json.is_object }

--- Something is there: not absent, not null, not the empty string.
---@param v any
---@return boolean
function value.given(v)
  return v ~= nil and v ~= json.null and v ~= ""
end

--- Absent or null.
---@param v any
---@return boolean
function value.absent(v)
  return v == nil or v == json.null
end

---@param v any
---@return boolean
function value.text(v)
  return type(v) == "string"
end

--- A whole number. (lua-cjson reads every number as a double.)
---@param v any
---@return boolean
function value.integer(v)
  return type(v) == "number" and v % 1 == 0
end

--- A calendar day written YYYY-MM-DD.
---@param v any
---@return boolean
function value.date(v)
  if type(v) ~= "string" then return false end
  local year, month, day = v:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if not year or month < 1 or month > 12 or day < 1 then return false end
  local days = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
  local leap = month == 2 and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return day <= days[month] + (leap and 1 or 0)
end

--- The token of an Authorization header with that scheme (schemes are case-insensitive), else nil.
---@param header string?
---@param scheme string
---@return string?
function value.token(header, scheme)
  local given, token = (header or ""):match("^(%S+) +(%S+)$")
  return given and given:lower() == scheme:lower() and token or nil
end

return value
