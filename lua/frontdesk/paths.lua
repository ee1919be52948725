--- Reads a value inside nested tables by a dotted path, as service descriptions name it.

local null = require("frontdesk.core").null

local paths = {}

--- Compiles `"payload.error.code"` into a function that reads it.
---@param path string
---@return fun(document: any): any  nil where a step is missing, is null or is no table
function paths.reader(path)
  local steps = {}
  for step in path:gmatch("[^%.]+") do
    steps[#steps + 1] = step
  end
  if #steps == 1 then
    local only = steps[1]
    return function(document)
      if type(document) == "table" and document[only] ~= null then
        return document[only]
      end
    end
  end
  return function(document)
    for i = 1, #steps do
      if type(document) ~= "table" then
        return nil
      end
      document = document[steps[i]]
    end
    if document ~= null then
      return document
    end
  end
end

return paths
