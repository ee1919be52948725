--- Reads a value inside nested tables by a dotted path, as service descriptions name it.

local null = require("frontdesk.core").null

local paths = {}

--- Compiles `"payload.error.code"` into a function that reads it out of a table.
---@param path string
---@return fun(document: table): any  nil where a step is missing, is null or is no table
function paths.table_reader(path)
  local step, beyond = path:match "^([^%.]+)%.(.+)$"
  if not step then
    return function(document)
      local value = document[path]
      if value ~= null then
        return value
      end
    end
  end
  local read = paths.table_reader(beyond)
  return function(document)
    local inner = document[step]
    if type(inner) == "table" then
      return read(inner)
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
