--- Turns an answer's value into Lua as its description says: "Y" and "N" become
--- booleans, JSON inside a string becomes a table. Everything else stays as received.

local core = require "frontdesk.core"

local output = {}

local FLAGS = { Y = true, N = false }

local CONVERT = {
  flag = function(value)
    local flag = FLAGS[value]
    if flag == nil then
      return value
    end
    return flag
  end,
  json = function(value)
    if type(value) ~= "string" then
      return value
    end
    local decoded = core.json_decode(value)
    if decoded == nil then
      return value
    end
    return decoded
  end,
}

local compile_type

local function compile_list(item)
  return item and function(value)
    if type(value) == "table" then
      for i = 1, #value do
        value[i] = item(value[i])
      end
    end
    return value
  end
end

local function compile_fields(fields, types, open)
  local names, converters = {}, {}
  for _, field in ipairs(fields) do
    local convert = compile_type(field[2], types, open)
    if convert then
      names[#names + 1] = field.wire or field[1]
      converters[#converters + 1] = convert
    end
  end
  return #names > 0 and function(value)
    if type(value) == "table" then
      for i = 1, #names do
        local inner = value[names[i]]
        if inner ~= nil then
          value[names[i]] = converters[i](inner)
        end
      end
    end
    return value
  end or nil
end

-- `open` holds the names of the types being compiled; one met again converts nothing.
function compile_type(spec, types, open)
  if type(spec) == "table" then
    return compile_fields(spec, types, open)
  end
  local item = spec:match "^(.*)%[%]$"
  if item then
    return compile_list(compile_type(item, types, open))
  end
  local shared = types[spec]
  if not shared or open[spec] then
    return CONVERT[spec]
  end
  open[spec] = true
  local convert = compile_fields(shared, types, open)
  open[spec] = nil
  return convert
end

--- Compiles the `output` of an operation.
---@param spec string|table|nil
---@param types table<string, table> shared types of the service
---@return (fun(value: any): any)|nil  nil when there is nothing to convert
function output.compile(spec, types)
  return spec and compile_type(spec, types, {}) or nil
end

return output
