--- Takes secrets out of what is about to be shown.
--
-- The core finds a secret in a text however it is escaped or encoded (csrc/engine/redact.h).
-- One that is too short to be told from a word is hidden where it is all of a value.

local core = require "frontdesk.core"

local redact = {}

local HIDDEN = "(hidden)"
local SHORTEST_NUMBER = 4 -- digits; shorter ones are found in all documents
local DEEPEST = 200 -- levels; a JSON document has 128 at most

---@class frontdesk.redactor
local Redactor = { __name = "frontdesk.redactor" }
Redactor.__index = Redactor

--- Makes what hides these secrets.
---@param secrets table list of values; strings and numbers count
---@return frontdesk.redactor
function redact.new(secrets)
  local texts, whole = {}, {}
  for _, secret in ipairs(secrets) do
    if type(secret) == "number" then
      secret = ("%.14g"):format(secret)
    end
    if type(secret) == "string" and secret ~= "" then
      texts[#texts + 1] = secret
      whole[secret] = true
    end
  end
  return setmetatable({ core = core.redactor(texts), whole = whole }, Redactor)
end

--- Hides secrets in a text.
---@param text string
---@return string
function Redactor:text(text)
  if self.whole[text] then
    return HIDDEN
  end
  return self.core:text(text)
end

--- Hides secrets in a value, in tables at any depth: in their keys too. Tables are changed.
---@param value any
---@param named table<string, boolean>|nil names of members that are hidden whatever they hold
---@param depth integer|nil
---@return any
function Redactor:value(value, named, depth)
  depth = depth or 0
  local kind = type(value)
  if kind == "string" then
    return self:text(value)
  elseif kind == "number" then
    local digits = ("%.14g"):format(value)
    return #digits >= SHORTEST_NUMBER and self.whole[digits] and HIDDEN or value
  elseif kind ~= "table" or depth > DEEPEST then
    return value
  end
  local renamed
  for key, item in pairs(value) do
    local inner = type(item)
    if named and named[key] and (inner == "string" or inner == "number") then
      value[key] = HIDDEN
    elseif inner == "table" or inner == "string" or inner == "number" then
      value[key] = self:value(item, named, depth + 1)
    end
    local name = type(key) == "string" and self:text(key) or key
    if name ~= key then
      renamed = renamed or {}
      renamed[key] = name
    end
  end
  for key, name in pairs(renamed or {}) do
    value[name], value[key] = value[key], nil
  end
  return value
end

--- Hides secrets in a text.
---@param text string
---@param secrets table list of values
---@return string
function redact.text(text, secrets)
  return redact.new(secrets):text(text)
end

return redact
