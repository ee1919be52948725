--- JSON, strict in both directions, exact with numbers.
--
--     local text, err = json.encode { name = "Mai", tags = json.array {} }
--     local value, err = json.decode(text)
--
-- Reading (RFC 8259, no leniency):
--   * null is absent in an object and `json.null` in an array; `keep_null = true` keeps it in both.
--   * Of members with the same name the last one wins; a last one that is null removes the earlier.
--   * An integer that this Lua cannot hold exactly (LuaJIT: past 2^53, Lua 5.4: past 64 bits) comes as a string of its
--     digits; numbers past the range of a double are refused.
--   * An empty array comes with the metatable `json.array_mt`, so that it is written as `[]` again.
-- Writing:
--   * A table with the keys 1..n is an array, one with string keys an object, `{}` an object; holes, mixed keys,
--     cycles, functions and strings that are not UTF-8 are refused, with their path.
--   * Members come in the order of `next`; metamethods are never called.
--   * A number comes in the fewest digits that read back as the same.
--
-- `null`, `empty_array`, `array_mt` and `empty_array_mt` are lua-cjson's own values where it is there and has them.

local core = require "frontdesk.core"
local errors = require "frontdesk.errors"

---@class frontdesk.json
---@field null lightuserdata the JSON null
---@field empty_array lightuserdata stands for `[]`
---@field array_mt table metatable of tables that are arrays, also when empty
---@field empty_array_mt table metatable of tables that are arrays when empty
local json = {}

local has_cjson, cjson = pcall(require, "cjson")
if not has_cjson and tostring(cjson):find("not enough memory", 1, true) then
  error(cjson, 0) -- it may well be there
end
cjson = has_cjson and type(cjson) == "table" and cjson or {}

local function shared(name, kind)
  local value = cjson[name]
  return type(value) == kind and value or core[name]
end

json.null = core.null
json.empty_array = shared("empty_array", "userdata")
json.array_mt = shared("array_mt", "table")
json.empty_array_mt = shared("empty_array_mt", "table")

core.json_sentinels {
  empty_array = json.empty_array,
  array_mt = json.array_mt,
  empty_array_mt = json.empty_array_mt,
}

--- Encodes a value.
---@param value any what JSON can hold
---@return string|nil text
---@return frontdesk.error|nil err kind `invalid_input`; `field` is the path of what cannot be encoded
function json.encode(value)
  local text, message, path = core.json_encode(value)
  if text then
    return text
  end
  return nil, errors.new { kind = "invalid_input", message = message, field = path ~= "" and path or nil }
end

--- Decodes a document.
---@param text string
---@param options? { keep_null: boolean? }
---@return any value nil when the text is not JSON
---@return frontdesk.error|nil err kind `decode`; the message gives the byte, counted from 1
function json.decode(text, options)
  if type(text) ~= "string" then
    error("json.decode takes the text as a string (got " .. type(text) .. ")", 2)
  end
  if options ~= nil and type(options) ~= "table" then
    error("json.decode takes its options as a table (got " .. type(options) .. ")", 2)
  end
  local value, message = core.json_decode(text, options and options.keep_null)
  if message then
    return nil, errors.new { kind = "decode", message = message }
  end
  return value
end

--- Marks a table as an array, so that it is written as `[]` when it is empty.
---@generic T: table
---@param list? T a new table when absent
---@return T list the same table
function json.array(list)
  list = list == nil and {} or list
  if type(list) ~= "table" then
    error("json.array takes a table (got " .. type(list) .. ")", 2)
  end
  local meta = getmetatable(list)
  if meta ~= nil and meta ~= json.array_mt then
    error("json.array takes a table without a metatable", 2)
  end
  return setmetatable(list, json.array_mt)
end

return json
