--- Looks at the steps of a URL's path, as a server might read them.

local steps = {}

local DECODINGS = 4 -- nobody who means well encodes oftener

local function decode(path)
  return path:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
end

--- Whether a path has steps like "..", also where a server might see them after decoding, several
-- times even, or after cutting off what some take for parameters of a step ("..;x").
---@param path string of a URL
---@return boolean
function steps.climb(path)
  local left, found = DECODINGS
  repeat
    path, found = decode(path)
    left = left - 1
  until found == 0 or left == 0
  if found > 0 and path:find "%%%x%x" then
    return true -- what cannot be seen through
  end
  for segment in path:gmatch "[^/\\]+" do
    segment = segment:match "^[^;]*"
    if segment == "." or segment == ".." then
      return true
    end
  end
  return false
end

return steps
