--- CSV as RFC 4180 has it, strictly, a Lua table for each row.
--
--     for row, err, line in assert(csv.rows "sales.csv") do
--       if row then print(line, row.name) else print(err) end
--     end
--
--     local file = assert(csv.writer("contacts.csv", { "name", "phone" }))
--     assert(file:write { name = "Mai Lan", phone = "0900000001" })
--     assert(file:close())
--
-- The first record names the columns. An empty field is absent from its row, so that
-- "nothing was entered" never travels on as an empty text. Values are strings: a phone
-- number keeps its zeros. A file is read as a whole before the first row comes.

local errors = require "frontdesk.errors"

local csv = {}

local BOM = "\239\187\191" -- what some programs put before UTF-8

---@class frontdesk.csv.options
---@field separator? string what stands between fields: "," when not given; often ";" or a tab
---@field columns? string[] columns that the file must have; others may be there as well

-- Beside what every error has: the line, and the sentence without file and line.
local function problem(source, line, message)
  local where = line and ("%s, line %d"):format(source, line) or source
  return errors.new { kind = "invalid_input", message = where .. ": " .. message, line = line, reason = message }
end

local function separator_of(options, level)
  local separator = options and options.separator or ","
  if type(separator) ~= "string" or #separator ~= 1 or separator:find '[%w"\r\n]' then
    error("separator must be one character, such as \",\" or \";\", and no letter, digit, quote or line break", level + 1)
  end
  return separator
end

-- A cursor over a text: where it reads, and the line that is on.
local function new_cursor(text, separator)
  return {
    text = text, at = 1, line = 1,
    separator = separator:byte(),
    special = "[\r\n\"%" .. separator .. "]", -- what cannot stand in a field without quotes
  }
end

local QUOTE, CR, LF = ('"\r\n'):byte(1, 3)

-- Behind a field: is this the end of the record? Steps over what stands there.
-- Returns nil where neither a separator nor an end of line follows.
local function after_field(cursor)
  local text, at = cursor.text, cursor.at
  local byte = text:byte(at)
  if byte == cursor.separator then
    cursor.at = at + 1
    return false
  elseif byte == nil then
    return true
  elseif byte == CR and text:byte(at + 1) == LF then
    at, byte = at + 1, LF
  end
  if byte == LF then
    cursor.at, cursor.line = at + 1, cursor.line + 1
    return true
  end
end

-- The text of a field in quotes; nil when the quotes are never closed.
local function quoted_field(cursor)
  local text, from = cursor.text, cursor.at + 1
  local at = from
  while true do
    local quote = text:find('"', at, true)
    if not quote then
      return nil
    elseif text:byte(quote + 1) ~= QUOTE then
      cursor.at = quote + 1
      local field = text:sub(from, quote - 1):gsub('""', '"')
      local _, lines = field:gsub("\n", "")
      cursor.line = cursor.line + lines
      return field
    end
    at = quote + 2
  end
end

local function skip_line(cursor)
  local lf = cursor.text:find("\n", cursor.at, true)
  cursor.at = lf and lf + 1 or #cursor.text + 1
  cursor.line = cursor.line + 1
end

-- The fields of the next record, or nil and what is wrong with it. After a fault
-- reading can go on with the next line, unless the third value says that it cannot.
local function read_record(cursor)
  local fields = {}
  while true do
    local last
    if cursor.text:byte(cursor.at) == QUOTE then
      local opened = cursor.line
      local field = quoted_field(cursor)
      if not field then
        cursor.at = #cursor.text + 1
        return nil, "a quote is opened here and never closed", true
      end
      fields[#fields + 1] = field
      last = after_field(cursor)
      if last == nil then
        skip_line(cursor)
        return nil, ("text follows the quote that closes field %d; double the quotes inside a field%s")
          :format(#fields, cursor.line - 1 > opened and ", and check where it was opened" or "")
      end
    else
      local stop = cursor.text:find(cursor.special, cursor.at) or #cursor.text + 1
      fields[#fields + 1] = cursor.text:sub(cursor.at, stop - 1)
      cursor.at = stop
      last = after_field(cursor)
      if last == nil then
        local quote = cursor.text:byte(stop) == QUOTE
        skip_line(cursor)
        return nil, quote and ("field %d has a quote but does not begin with one"):format(#fields)
          or "a carriage return stands alone; lines end with a line feed, or with both"
      end
    end
    if last then
      return fields
    end
  end
end

-- Steps over lines with nothing on them. True when something is left.
local function next_line(cursor)
  while true do
    local _, stop = cursor.text:find("^\r?\n", cursor.at)
    if not stop then
      return cursor.at <= #cursor.text
    end
    cursor.at, cursor.line = stop + 1, cursor.line + 1
  end
end

-- The names of the columns, or nil and what is wrong with them.
local function read_header(cursor, options)
  if not next_line(cursor) then
    return nil, "the file is empty; its first line must name the columns"
  end
  local names, message = read_record(cursor)
  if not names then
    return nil, message
  end
  local seen = {}
  for i, name in ipairs(names) do
    if name == "" then
      return nil, ("column %d has no name"):format(i)
    elseif seen[name] then
      return nil, ('two columns are named "%s"'):format(name)
    end
    seen[name] = true
  end
  for _, name in ipairs(options and options.columns or {}) do
    if not seen[name] then
      local other = #names == 1 and names[1]:match "[;\t,|]"
      return nil, ('there is no column "%s"'):format(name)
        .. (other and ('; are the fields separated by "%s"? Then say so with the option separator'):format(other) or "")
    end
  end
  return names
end

local function to_row(names, fields)
  local row = {}
  for i = 1, #names do
    if fields[i] ~= "" then
      row[names[i]] = fields[i]
    end
  end
  return row
end

local function count(number, noun)
  return ("%d %s%s"):format(number, noun, number == 1 and "" or "s")
end

--- An iterator over the rows of a text; nil and an error when its header cannot be used.
-- Each step gives a row, nil and its line; or false, an error with its `line` and the bare
-- `reason`, and the line. After a bad row the next one follows, unless a quote is never closed.
---@param text string
---@param options? frontdesk.csv.options
---@param source? string what errors call the text: "the text" when not given
---@return (fun(): table<string, string>|false, frontdesk.error|nil, integer|nil)|nil rows
---@return frontdesk.error|nil err
function csv.parse(text, options, source)
  if type(text) ~= "string" then
    error("csv.parse takes a text (got a " .. type(text) .. ")", 2)
  end
  local separator = separator_of(options, 2)
  source = source or "the text"
  local mark = text:sub(1, 2)
  if mark == "\255\254" or mark == "\254\255" then
    return nil, problem(source, nil, "the text is UTF-16; save it as CSV in UTF-8")
  end
  local cursor = new_cursor(text, separator)
  if text:sub(1, 3) == BOM then
    cursor.at = 4
  end
  local names, message = read_header(cursor, options)
  if not names then
    return nil, problem(source, 1, message)
  end
  return function()
    if not next_line(cursor) then
      return nil
    end
    local line = cursor.line
    local fields, fault = read_record(cursor)
    if fields and #fields ~= #names then
      fault = ("%s where the header has %s"):format(count(#fields, "field"), count(#names, "column"))
    end
    if fault then
      return false, problem(source, line, fault), line
    end
    return to_row(names, fields), nil, line
  end
end

--- An iterator over the rows of a file: see csv.parse. nil and an error when it cannot be read.
---@param path string
---@param options? frontdesk.csv.options
---@return (fun(): table<string, string>|false, frontdesk.error|nil, integer|nil)|nil rows
---@return frontdesk.error|nil err
function csv.rows(path, options)
  if type(path) ~= "string" then
    error("csv.rows takes the path of a file (got a " .. type(path) .. ")", 2)
  end
  separator_of(options, 2)
  local file, message = io.open(path, "rb")
  local text
  if file then
    text, message = file:read "*a"
    file:close()
  end
  if not text then
    message = tostring(message):gsub("^" .. path:gsub("%p", "%%%0") .. ": ", "")
    return nil, problem(path, nil, "cannot be read: " .. message)
  end
  return csv.parse(text, options, path)
end

-- A value as the text of a field; nil and a reason when it has none.
local function field_text(value, separator)
  local kind = type(value)
  if kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then
      return nil, "is not a finite number"
    elseif value % 1 == 0 and value > -2 ^ 53 and value < 2 ^ 53 then
      return ("%d"):format(value)
    end
    for _, format in ipairs { "%.15g", "%.16g", "%.17g" } do
      local text = format:format(value)
      if tonumber(text) == value then
        return text
      end
    end
  elseif kind == "boolean" then
    return tostring(value)
  elseif kind ~= "string" then
    return nil, "must be a string, a number or a boolean (got a " .. kind .. ")"
  end
  if value:find('["\r\n]') or value:find(separator, 1, true) or value:find "^%s" or value:find "%s$" then
    return '"' .. value:gsub('"', '""') .. '"'
  end
  return value
end

local Writer = { __name = "frontdesk.csv.writer" }
Writer.__index = Writer

function Writer:__tostring()
  return "frontdesk.csv.writer: " .. self.path
end

local function write_fields(self, fields)
  local done, message = self.file:write(table.concat(fields, self.separator), "\r\n")
  if not done then
    return nil, problem(self.path, nil, "cannot be written: " .. tostring(message))
  end
  return true
end

--- Writes a row. What the row leaves out becomes an empty field; what no column has is refused.
---@param row table<string, string|number|boolean>
---@return boolean|nil true
---@return frontdesk.error|nil err
function Writer:write(row)
  if type(row) ~= "table" then
    error("write takes a table, a value for each column (got a " .. type(row) .. ")", 2)
  end
  if not self.file then
    return nil, problem(self.path, nil, "the file was closed")
  end
  for name in pairs(row) do
    if not self.known[name] then
      return nil, problem(self.path, nil, 'there is no column "' .. tostring(name) .. '"')
    end
  end
  local fields = {}
  for i, name in ipairs(self.columns) do
    local text, message = "", nil
    if row[name] ~= nil then
      text, message = field_text(row[name], self.separator)
    end
    if not text then
      return nil, problem(self.path, nil, name .. " " .. message)
    end
    fields[i] = text
  end
  -- A line with nothing on it would not be read back as a row.
  if #fields == 1 and fields[1] == "" then
    fields[1] = '""'
  end
  return write_fields(self, fields)
end

--- Closes the file; only then is all of it written. A second call does nothing.
---@return boolean|nil true
---@return frontdesk.error|nil err
function Writer:close()
  local file = self.file
  self.file = nil
  if file then
    local done, message = file:close()
    if not done then
      return nil, problem(self.path, nil, "cannot be written: " .. tostring(message))
    end
  end
  return true
end

--- Opens a file for writing, replacing what it holds, and writes the header.
-- With `bom` the file begins with the mark by which spreadsheets know UTF-8. A cell that
-- begins with "=" is a formula to a spreadsheet; it is written as it is.
---@param path string
---@param columns string[] in order
---@param options? { separator: string?, bom: boolean? }
---@return table|nil writer
---@return frontdesk.error|nil err
function csv.writer(path, columns, options)
  if type(path) ~= "string" or type(columns) ~= "table" or #columns == 0 then
    error("csv.writer takes the path of a file and a list of columns", 2)
  end
  local separator = separator_of(options, 2)
  local known, names, header = {}, {}, {}
  for i, name in ipairs(columns) do
    if type(name) ~= "string" or name == "" or known[name] then
      error("each column needs a name of its own", 2)
    end
    known[name], names[i], header[i] = true, name, field_text(name, separator)
  end
  local file, message = io.open(path, "wb")
  if not file then
    return nil, problem(path, nil, "cannot be written: " .. message:gsub("^" .. path:gsub("%p", "%%%0") .. ": ", ""))
  end
  local self = setmetatable({ path = path, file = file, columns = names, known = known, separator = separator }, Writer)
  if options and options.bom then
    header[1] = BOM .. header[1]
  end
  local done, err = write_fields(self, header)
  if not done then
    self:close()
    return nil, err
  end
  return self
end

return csv
