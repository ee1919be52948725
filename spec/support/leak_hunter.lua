--- Looks for secrets in everything that a program can print.
--
--     local hunter = leak_hunter.new { "s3cr3t/one", "s3cr3t/two" }
--     hunter:forms()              every way in which somebody could send them back, as texts
--     hunter:search(value, where) raises when one of them is in the value, however deep
--
-- The forms are made here and not by the code under test.

local mime = require "mime"

local base64 = { encode = function(text) return (mime.b64(text)) end }

local leak_hunter = {}
leak_hunter.__index = leak_hunter

local function each_byte(text, pattern, format)
  return (text:gsub(pattern, function(byte) return format:format(byte:byte()) end))
end

local function swap_case(text)
  return (text:gsub("%a", function(letter)
    return letter == letter:lower() and letter:upper() or letter:lower()
  end))
end

local function url_alphabet(text)
  return (text:gsub("[+/=]", { ["+"] = "-", ["/"] = "_", ["="] = "" }))
end

-- All ways to write one secret.
local function ways(secret)
  local json = secret:gsub('["\\/]', "\\%0")
  local html = secret:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub('"', "&quot;")
  local percent = each_byte(secret, "[^%w]", "%%%02X")
  return {
    secret, secret:upper(), secret:lower(), swap_case(secret),
    percent, percent:lower(), (percent:gsub("%%20", "+")), (percent:gsub("%%", "%%25")),
    each_byte(secret, ".", "%%%02X"),
    json, (json:gsub('["\\]', "\\%0")), each_byte(secret, "[^%w]", "\\u%04x"), each_byte(secret, "[^%w]", "\\u%04X"),
    each_byte(secret, "[^%w]", "\\x%02x"),
    html, each_byte(secret, "[^%w]", "&#%d;"), each_byte(secret, "[^%w]", "&#x%X;"),
    each_byte(secret, ".", "%02x"), each_byte(secret, ".", "%02X"),
    base64.encode(secret), base64.encode("x" .. secret), base64.encode("xy" .. secret), base64.encode("user:" .. secret .. "tail"),
    url_alphabet(base64.encode(secret)), url_alphabet(base64.encode("x" .. secret)), url_alphabet(base64.encode("xy" .. secret)),
  }
end

-- The part of a base64 that no neighbour of the secret changes.
local function core_of(secret, before)
  local text = base64.encode(("x"):rep(before) .. secret):gsub("=+$", "")
  return text:sub(before == 0 and 1 or before + 2, (#secret + before) % 3 == 0 and -1 or -2)
end

---@param secrets string[]
function leak_hunter.new(secrets)
  local self = setmetatable({ secrets = secrets, needles = {}, folded = {} }, leak_hunter)
  for _, secret in ipairs(secrets) do
    for i, way in ipairs(ways(secret)) do
      if i <= 19 then
        self.folded[way:lower()] = true
      end
    end
    for before = 0, 2 do
      local core = core_of(secret, before)
      self.needles[core], self.needles[url_alphabet(core)] = true, true
    end
    self.folded[secret:sub(1, 14):lower()] = true -- the beginning alone says much
  end
  return self
end

--- Every way to write every secret.
---@return string[]
function leak_hunter:forms()
  local list = self.all or {}
  if self.all then
    return list
  end
  self.all = list
  for _, secret in ipairs(self.secrets) do
    for _, way in ipairs(ways(secret)) do
      list[#list + 1] = way
    end
  end
  return list
end

-- Everything that a printer which follows tables and metatables would print.
local function collect(value, list, seen)
  list[#list + 1] = tostring(value)
  if type(value) == "table" and not seen[value] then
    seen[value] = true
    for key, item in next, value do
      collect(key, list, seen)
      collect(item, list, seen)
    end
  end
  local meta = type(value) ~= "string" and debug.getmetatable(value)
  if meta and not seen[meta] then
    collect(meta, list, seen)
  end
end

--- Raises when a secret is in a value.
---@param value any
---@param where string
function leak_hunter:search(value, where)
  local list = {}
  collect(value, list, {})
  local text = table.concat(list, "\n")
  local folded = text:lower()
  for needle in pairs(self.folded) do
    local at = folded:find(needle, 1, true)
    if at then
      error(("%s shows %s: ...%s..."):format(where, needle, text:sub(math.max(1, at - 60), at + 100)), 2)
    end
  end
  for needle in pairs(self.needles) do
    local at = text:find(needle, 1, true)
    if at then
      error(("%s shows %s in base64: ...%s..."):format(where, needle, text:sub(math.max(1, at - 60), at + 100)), 2)
    end
  end
end

return leak_hunter
