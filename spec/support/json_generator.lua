--- Invented JSON documents, the same for the same seed on every Lua.
--
--     local generator = require "support.json_generator"
--     local random = generator.random(42)
--     local text, value = generator.document(random)   -- the text is put together here, by no codec
--     local page = generator.contact_page(50, 7)       -- what a contact search answers, about 70 kB
local generator = {}

--- The JSON null in generated values.
generator.null = require("frontdesk.core").null

--- A stream of numbers: `random(n)` gives an integer from 1 to n, n up to 2^20. (Park and Miller's generator; its
--- products stay below 2^53, so that it runs alike with and without integers.)
---@param seed integer
---@return fun(n: integer): integer
function generator.random(seed)
  local state = seed % 2147483646 + 1
  return function(n)
    state = state * 16807 % 2147483647
    return math.floor(state / 2147483647 * n) + 1
  end
end

-- Each piece of text with the ways to write it in JSON.
local PIECES = {
  { "a", "a", "\\u0061" },
  { "Mai", "Mai" },
  { "kiosk 7", "kiosk 7" },
  { '"', '\\"', "\\u0022" },
  { "\\", "\\\\", "\\u005c", "\\u005C" },
  { "/", "/", "\\/" },
  { "\n", "\\n", "\\u000a" },
  { "\t", "\\t", "\\u0009" },
  { "\b\f\r", "\\b\\f\\r" },
  { "\0", "\\u0000" },
  { "\31", "\\u001f", "\\u001F" },
  { "\127", "\127", "\\u007f" },
  { "\195\169", "\195\169", "\\u00e9" }, -- U+00E9
  { "\225\187\133", "\225\187\133", "\\u1ec5" }, -- U+1EC5
  { "\237\159\191", "\237\159\191", "\\ud7ff" }, -- U+D7FF, below the surrogates
  { "\238\128\128", "\238\128\128", "\\ue000" }, -- U+E000, above them
  { "\240\159\152\128", "\240\159\152\128", "\\ud83d\\ude00", "\\uD83D\\uDE00" }, -- U+1F600
  { "\244\143\191\191", "\244\143\191\191", "\\udbff\\udfff" }, -- U+10FFFF
}

local function string_of(random)
  local text, value = {}, {}
  for i = 1, random(12) - 1 do
    local piece = PIECES[random(#PIECES)]
    value[i] = piece[1]
    text[i] = piece[random(#piece - 1) + 1]
  end
  return '"' .. table.concat(text) .. '"', table.concat(value)
end

local SPACES = { "", "", "", " ", "\n  ", "\t", "\r\n", "   " }

local function space(random)
  return SPACES[random(#SPACES)]
end

-- Numbers that every codec writes and reads exactly: up to 13 digits, and fractions that end soon.
local function number_of(random)
  local kind = random(4)
  local sign = random(2) == 1 and "-" or ""
  local digits = tostring(random(9))
  for _ = 2, random(kind == 1 and 3 or 13) do
    digits = digits .. random(10) - 1
  end
  if kind == 3 then
    local fractions = { "5", "25", "75", "125", "0" }
    digits = digits:sub(1, 6) .. "." .. fractions[random(#fractions)]
  elseif kind == 4 then
    local exponents = { "e0", "e2", "E+3", "e1" }
    digits = digits:sub(1, 6) .. exponents[random(#exponents)]
  end
  return sign .. digits, tonumber(sign .. digits)
end

local value_of

local function array_of(random, depth)
  local text, value = {}, {}
  local size = random(5)
  for i = 1, size do
    local item
    item, value[i] = value_of(random, depth + 1)
    text[i] = space(random) .. item .. space(random)
  end
  return "[" .. table.concat(text, ",") .. "]", value
end

local function object_of(random, depth)
  local text, value = {}, {}
  for i = 1, random(5) do
    local name_text, name = string_of(random)
    -- a number in front: names are never the same, and never empty (stock lua-cjson is fine with both)
    name_text, name = '"' .. i .. name_text:sub(2), i .. name
    local member
    member, value[name] = value_of(random, depth + 1)
    text[i] = space(random) .. name_text .. space(random) .. ":" .. space(random) .. member .. space(random)
  end
  return "{" .. table.concat(text, ",") .. "}", value
end

function value_of(random, depth)
  local kind = random(depth < 5 and 10 or 6)
  if kind <= 2 then
    return string_of(random)
  elseif kind <= 4 then
    return number_of(random)
  elseif kind == 5 then
    local truth = random(2) == 1
    return tostring(truth), truth
  elseif kind == 6 then
    return "null", generator.null
  elseif kind <= 8 then
    return array_of(random, depth)
  end
  return object_of(random, depth)
end

--- A document and the value it stands for. Nulls are `generator.null` everywhere; arrays and objects are never empty.
---@param random fun(n: integer): integer
---@return string text
---@return any value
function generator.document(random)
  local text, value = value_of(random, 0)
  return space(random) .. text .. space(random), value
end

--- Whether two values are the same all through; numbers by value, whatever their subtype.
---@return boolean same
---@return string|nil path of the first difference
function generator.same(a, b, path)
  path = path or "value"
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b, path
  end
  for key, value in next, a do
    local same, where = generator.same(value, b[key], path .. "." .. tostring(key))
    if not same then
      return false, where
    end
  end
  for key in next, b do
    if a[key] == nil then
      return false, path .. "." .. tostring(key)
    end
  end
  return true
end

local FAMILY = { "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi" }
local MIDDLE = { "Thị", "Văn", "Ngọc", "Minh", "Thu" }
local GIVEN = { "Mai", "Lan", "Hùng", "Dũng", "Hương", "Tuấn", "Ánh", "Quỳnh" }

local function attribute(random, code, kind, ...)
  local values = {}
  for i, display in ipairs { ... } do
    values[i] = ('{"display_value":"%s","data_type":"text","value_type":"%s"}'):format(display, i == 1 and "home" or "work")
  end
  return ('{"identify":"%05x%05x","field_code":"%s","field_type":"%s","value":[%s]}'):format(
    random(2 ^ 20),
    random(2 ^ 20),
    code,
    kind,
    table.concat(values, ",")
  )
end

--- A page as OMICall's contact search answers it, all of it invented; 50 contacts make about 70 kB.
---@param contacts integer
---@param seed integer
---@return string text
function generator.contact_page(contacts, seed)
  local random = generator.random(seed)
  local items = {}
  for i = 1, contacts do
    local name = FAMILY[random(#FAMILY)] .. " " .. MIDDLE[random(#MIDDLE)] .. " " .. GIVEN[random(#GIVEN)]
    local attributes = {
      attribute(random, "full_name", "single_text", name),
      attribute(random, "job_title", "single_text", "kế toán"),
      attribute(random, "gender", "radio", "Nữ"),
      attribute(random, "phone_number", "phone", ("09000000%02d"):format(random(99)), ("09000000%02d"):format(random(99))),
      attribute(random, "mail", "email", "khach" .. i .. "@example.test"),
      attribute(random, "address", "single_text", random(300) .. " Đường số " .. random(20) .. ", Quận " .. random(12)),
      attribute(random, "note", "multi_text", "gọi lại buổi chiều"),
    }
    items[i] = ('{"public_id":"%05x-%05x","create_by":{"name":"Trần Bình"},"last_update_by":{"name":"Lê Thu"},'
      .. '"created_date":17048196%05d,"last_updated_date":17048197%05d,"contact_type":"customer","tags_view":"",'
      .. '"is_deleted":false,"tags":[%s],"attribute_structure":[%s]}'):format(
      random(2 ^ 20),
      random(2 ^ 20),
      random(99999),
      random(99999),
      random(2) == 1 and '"vip","kiosk"' or "",
      table.concat(attributes, ",")
    )
  end
  return ('{"status_code":9999,"payload":{"next_page":2,"page_number":1,"has_previous":false,"has_next":true,'
    .. '"total_pages":9,"previous_page":0,"total_items":412,"page_size":%d,"items":[%s]}}'):format(contacts, table.concat(items, ","))
end

return generator
