--- What work on many items can be given: a list, an iterator, or a table that can be called as one.

local source = {}

local function is_callable(given)
  return type(given) == "function" or (getmetatable(given) or {}).__call ~= nil
end

--- The items one by one.
---@param given any
---@return (fun(): any, any, any)|nil iterator nil when it is none of these; else what it gives is what `given` gives
function source.iterator(given)
  if is_callable(given) then
    return given
  elseif type(given) ~= "table" then
    return nil
  end
  local index = 0
  return function()
    index = index + 1
    return given[index]
  end
end

--- How many items there are, where that is known beforehand.
---@param given any
---@return integer|nil
function source.count(given)
  return type(given) == "table" and not is_callable(given) and #given or nil
end

return source
