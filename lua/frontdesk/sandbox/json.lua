--- The sandbox's JSON: lua-cjson, with the one thing it lacks put around it.
--
-- Stock lua-cjson cannot tell `[]` from `{}`, in either direction. A server that is strict about types has to: so empty
-- arrays are marked with a metatable, both when they are read and when they are to be written.
-- The client's own codec is never used here: client and server must not share a bug.

local cjson = require("cjson").new()

-- NaN, Infinity and hexadecimal numbers are no JSON.
cjson.decode_invalid_numbers(false)
cjson.encode_invalid_numbers(false)

local json = { null = cjson.null }

local array_mt = { __name = "frontdesk.sandbox.array" }

--- Marks a table as a JSON array, so that it is written as `[]` even when it is empty.
---@param list table
---@return table list the same table
function json.array(list)
  return setmetatable(list, array_mt)
end

--- True for a JSON array, also an empty one.
---@param value any
---@return boolean
function json.is_array(value)
  return type(value) == "table" and (getmetatable(value) == array_mt or value[1] ~= nil)
end

--- True for a JSON object, also an empty one.
---@param value any
---@return boolean
function json.is_object(value)
  return type(value) == "table" and not json.is_array(value)
end

-- Well-formed UTF-8 as one loop over the lead bytes; only called when there is a byte beyond ASCII.
local function valid_utf8(text)
  local at = text:find("[\128-\255]")
  while at do
    local tail = text:sub(at, at + 3)
    local length
    if tail:find("^[\194-\223][\128-\191]") then
      length = 2
    elseif tail:find("^\224[\160-\191][\128-\191]") or tail:find("^[\225-\236\238\239][\128-\191][\128-\191]")
      or tail:find("^\237[\128-\159][\128-\191]") then
      length = 3
    elseif tail:find("^\240[\144-\191][\128-\191][\128-\191]") or tail:find("^[\241-\243][\128-\191][\128-\191][\128-\191]")
      or tail:find("^\244[\128-\143][\128-\191][\128-\191]") then
      length = 4
    else
      return false
    end
    at = text:find("[\128-\255]", at + length)
  end
  return true
end

-- Stands in a document for an empty array while cjson reads it. A document that already holds this text would be misread,
-- so one that does is given a longer mark.
local function unused_mark(text)
  local mark = "empty-array"
  while text:find(mark, 1, true) do
    mark = mark .. "-"
  end
  return mark
end

-- Puts the mark into every `[]` outside strings.
local function mark_empty_arrays(text, mark)
  local parts, at = {}, 1
  while true do
    local quote = text:find('"', at, true)
    local gap = text:sub(at, quote and quote - 1 or -1)
    parts[#parts + 1] = gap:gsub("%[[ \t\r\n]*%]", function() return '["' .. mark .. '"]' end)
    if not quote then break end
    -- The end of the string: the first quote that an even number of backslashes (so also none) precedes.
    local close = quote
    repeat
      close = text:find('"', close + 1, true)
      local slashes = close and #text:sub(quote + 1, close - 1):match("\\*$") or 0
    until not close or slashes % 2 == 0
    parts[#parts + 1] = text:sub(quote, close or -1)
    if not close then break end
    at = close + 1
  end
  return table.concat(parts)
end

local function unmark(value, mark)
  if type(value) ~= "table" then return value end
  if value[1] == mark then return json.array({}) end
  for key, item in pairs(value) do
    if type(item) == "table" then value[key] = unmark(item, mark) end
  end
  return value
end

--- Reads a JSON text.
---@param text string
---@return any value nil on failure (JSON null is `json.null`)
---@return string? message
function json.decode(text)
  if not valid_utf8(text) then return nil, "the text is not valid UTF-8" end
  local mark
  if text:find("%[[ \t\r\n]*%]") then
    mark = unused_mark(text)
    text = mark_empty_arrays(text, mark)
  end
  local ok, value = pcall(cjson.decode, text)
  if not ok then return nil, (tostring(value):gsub("^.-:%d+: ", "")) end
  return mark and unmark(value, mark) or value
end

local write

local function write_array(list, out)
  out[#out + 1] = "["
  for index = 1, #list do
    if index > 1 then out[#out + 1] = "," end
    write(list[index], out)
  end
  out[#out + 1] = "]"
end

local function write_object(object, out)
  local separator = "{"
  for key, value in pairs(object) do
    assert(type(key) == "string", "the sandbox was to write an object with a key that is no string")
    out[#out + 1] = separator
    out[#out + 1] = cjson.encode(key)
    out[#out + 1] = ":"
    write(value, out)
    separator = ","
  end
  out[#out + 1] = separator == "{" and "{}" or "}"
end

function write(value, out)
  local kind = type(value)
  if kind == "table" then
    local write_table = json.is_array(value) and write_array or write_object
    write_table(value, out)
  elseif kind == "number" and value % 1 == 0 and value > -2 ^ 53 and value < 2 ^ 53 then
    -- cjson writes 14 digits; times in milliseconds and counts are to be exact.
    out[#out + 1] = string.format("%d", value)
  else
    out[#out + 1] = cjson.encode(value)
  end
end

--- Writes a value as JSON text. Tables are arrays when marked by `json.array` or when they have a first element.
---@param value any
---@return string
function json.encode(value)
  local out = {}
  write(value, out)
  return table.concat(out)
end

return json
