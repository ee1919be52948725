--- Reads a value inside nested tables by a dotted path, as service descriptions name it.

local null = require("frontdesk.core").null

local paths = {}

--- Compiles `"payload.error.code"` into a function that reads it out of a table.
---@param path string
---@return fun(document: table): any  nil where a step is missing, is null or is no table
function paths.table_reader(path)
  local steps = {}
  for step in path:gmatch("[^%.]+") do
    steps[#steps + 1] = step
  end
  if #steps == 1 then
    local only = steps[1]
    return function(document)
      local value = document[only]
      if value ~= null then
        return value
      end
    end
  end
  return function(document)
    local value = document[steps[1]]
    for i = 2, #steps do
      if type(value) ~= "table" then
        return nil
      end
      value = value[steps[i]]
    end
    if value ~= null then
      return value
    end
  end
end

--- The same for what may be no table.
---@param path string
---@return fun(document: any): any
function paths.reader(path)
  local read = paths.table_reader(path)
  return function(document)
    if type(document) == "table" then
      return read(document)
    end
  end
end

return paths
