--- Reads the text of a profile: `return`, and a table of texts, numbers, booleans and tables.
--
-- It is taken as data and nothing in it runs. An empty environment would not do: texts have methods there all the same,
-- so that ("x"):rep(1e9) takes the memory, and a loop never ends. Problems name a line and repeat nothing of the text.

local profile = {}

local DEEPEST = 16 -- tables within tables

local ESCAPES = {
  a = "\a", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v", ["\\"] = "\\", ['"'] = '"', ["'"] = "'",
}
local RESERVED = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or
  repeat return then true until while]]):gmatch "%l+" do
  RESERVED[word] = true
end

local WORDS = { ["true"] = true, ["false"] = false }

local DATA_ONLY = "texts, numbers, true, false, nil and tables of them may stand here, and no code"

-- Ends the reading at a place of the text; profile.parse catches it.
local function refuse(reader, kind, words, at)
  local _, breaks = reader.text:sub(1, (at or reader.at) - 1):gsub("\n", "")
  error({ problem = ("%s: %s:%d: %s"):format(kind, reader.path, breaks + 1, words) }, 0)
end

local function refuse_syntax(reader, words, at)
  refuse(reader, "the profile does not read as Lua", words, at)
end

local function refuse_code(reader, words)
  refuse(reader, "the profile must be a plain table", words or DATA_ONLY)
end

-- Passes blanks and comments, and gives the character behind them; "" at the end.
local function peek(reader)
  local text = reader.text
  while true do
    local at = text:find("[^ \t\r\n\v\f]", reader.at) or #text + 1
    reader.at = at
    if text:sub(at, at + 1) ~= "--" then
      return text:sub(at, at)
    end
    local level = text:match("^%[(=*)%[", at + 2)
    if level then
      local _, last = text:find("]" .. level .. "]", at + 2, true)
      if not last then
        refuse_syntax(reader, "a comment does not end")
      end
      reader.at = last + 1
    else
      reader.at = text:find("[\r\n]", at) or #text + 1
    end
  end
end

-- The text that an escape stands for, and where it ends.
local function read_escape(reader, at)
  local text = reader.text
  local digits = text:match("^%d%d?%d?", at + 1)
  if digits and tonumber(digits) < 256 then
    return string.char(tonumber(digits)), at + 1 + #digits
  end
  local hex = text:match("^x(%x%x)", at + 1)
  if hex then
    return string.char(tonumber(hex, 16)), at + 4
  end
  local plain = ESCAPES[text:sub(at + 1, at + 1)]
  if not plain then
    refuse_syntax(reader, "a text holds an escape that a profile does not know", at)
  end
  return plain, at + 2
end

local function read_quoted(reader, quote)
  local text, pieces, at = reader.text, {}, reader.at + 1
  while true do
    local stop = text:find("[\\\r\n" .. quote .. "]", at)
    local what = stop and text:sub(stop, stop)
    if what ~= quote and what ~= "\\" then
      refuse_syntax(reader, "a text does not end on its line")
    end
    pieces[#pieces + 1] = text:sub(at, stop - 1)
    if what == quote then
      reader.at = stop + 1
      return table.concat(pieces)
    end
    pieces[#pieces + 1], at = read_escape(reader, stop)
  end
end

local function read_long(reader)
  local level, from = reader.text:match("^%[(=*)%[\r?\n?()", reader.at)
  if not level then
    refuse_code(reader)
  end
  local first, last = reader.text:find("]" .. level .. "]", from, true)
  if not first then
    refuse_syntax(reader, "a text does not end")
  end
  local text = reader.text:sub(from, first - 1):gsub("\r\n", "\n")
  if text:find("\r", 1, true) then
    refuse_syntax(reader, "a text holds a carriage return that ends no line")
  end
  reader.at = last + 1
  return text
end

local function read_number(reader)
  local word, after = reader.text:match("^(%-?[%w%.]+)()", reader.at)
  if word and word:find "^%-?[%d%.]+[eE]$" then -- "1e-5"
    word, after = reader.text:match("^(%-?[%w%.]+[+-]%d+)()", reader.at)
  end
  local number = word and word:find "^%-?%.?%d" and tonumber(word)
  if not number then
    refuse_code(reader)
  end
  reader.at = after
  return number
end

local read_value

-- The key before a value; nil where the value is an item of a list.
local function read_key(reader)
  local first = peek(reader)
  local start = reader.at
  if first == "[" and not reader.text:find("^%[=*%[", start) then
    reader.at = start + 1
    local key = peek(reader) ~= "{" and read_value(reader, DEEPEST)
    if type(key) ~= "string" and type(key) ~= "number" or peek(reader) ~= "]" then
      refuse_code(reader)
    end
    reader.at = reader.at + 1
    if peek(reader) ~= "=" then
      refuse_code(reader)
    end
    reader.at = reader.at + 1
    return key
  end
  local name = reader.text:match("^[A-Za-z_][A-Za-z0-9_]*", start)
  if name then
    reader.at = start + #name
    if peek(reader) == "=" and reader.text:sub(reader.at + 1, reader.at + 1) ~= "=" then
      if RESERVED[name] then
        refuse_code(reader, "a word of Lua's own stands here for a name")
      end
      reader.at = reader.at + 1
      return name
    end
    reader.at = start
  end
end

local function read_table(reader, depth)
  if depth >= DEEPEST then
    refuse_code(reader, "tables stand too deep within tables here")
  end
  local result, given, count = {}, {}, 0
  reader.at = reader.at + 1
  while peek(reader) ~= "}" do
    if reader.at > #reader.text then
      refuse_syntax(reader, "a table does not end")
    end
    local key = read_key(reader)
    if key == nil then
      count = count + 1
      key = count
    end
    if given[key] then
      refuse_code(reader, "a name stands here for the second time")
    end
    given[key] = true
    peek(reader)
    result[key] = read_value(reader, depth + 1)
    local separator = peek(reader)
    if separator == "," or separator == ";" then
      reader.at = reader.at + 1
    elseif separator ~= "}" and separator ~= "" then
      refuse_code(reader)
    end
  end
  reader.at = reader.at + 1
  return result
end

-- The value at the reader's place, where no blank is.
function read_value(reader, depth)
  local first = reader.text:sub(reader.at, reader.at)
  if first == "{" then
    return read_table(reader, depth)
  elseif first == '"' or first == "'" then
    return read_quoted(reader, first)
  elseif first == "[" then
    return read_long(reader)
  elseif first == "" then
    refuse_syntax(reader, "a value is missing")
  end
  local word = reader.text:match("^[A-Za-z_][A-Za-z0-9_]*", reader.at)
  if not word then
    return read_number(reader)
  elseif WORDS[word] == nil and word ~= "nil" then
    refuse_code(reader)
  end
  reader.at = reader.at + #word
  return WORDS[word]
end

local function read(reader)
  if peek(reader) == "" then
    return nil
  elseif reader.text:match("^[A-Za-z0-9_]*", reader.at) ~= "return" then
    refuse_code(reader, 'a profile begins with "return", and a table follows')
  end
  reader.at = reader.at + #"return"
  peek(reader)
  local value = read_value(reader, 0)
  if peek(reader) == ";" then
    reader.at = reader.at + 1
  end
  if peek(reader) ~= "" then
    refuse_code(reader)
  end
  return value
end

--- Reads a profile's text.
---@param text string
---@param path string for messages
---@return table|nil profile
---@return string|nil message what is wrong and on which line, without a word of the text
function profile.parse(text, path)
  if text:byte(1) == 27 then
    return nil, path .. " is compiled Lua; a profile must be source text"
  end
  local ok, value = pcall(read, { text = text, path = path, at = 1 })
  if not ok then
    if type(value) == "table" and value.problem then
      return nil, value.problem
    end
    error(value, 0)
  elseif type(value) ~= "table" then
    return nil, path .. " must return a table, one entry a service"
  end
  return value
end

return profile
