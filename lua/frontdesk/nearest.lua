--- Finds the known name that a mistyped one was meant to be.

-- Edits (insert, delete, replace, swap of neighbours) between two short names.
local function distance(a, b)
  local before, above, row = {}, {}, {}
  for j = 0, #b do
    above[j] = j
  end
  for i = 1, #a do
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local best = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        best = math.min(best, before[j - 2] + 1)
      end
      row[j] = best
    end
    before, above, row = above, row, before
  end
  return above[#b]
end

--- The end of a sentence that refuses a name: ` (did you mean "...")`, or nothing when no name is near.
---@param name any the refused name
---@param known table names as keys
---@return string
return function(name, known)
  if type(name) ~= "string" or #name > 64 then
    return ""
  end
  local nearest, least = nil, math.max(1, math.floor(#name / 3)) + 1
  for candidate in pairs(known) do
    if type(candidate) == "string" then
      local edits = distance(name:lower(), candidate:lower())
      if edits < least or (edits == least and nearest and candidate < nearest) then
        nearest, least = candidate, edits
      end
    end
  end
  return nearest and (' (did you mean "' .. nearest .. '"?)') or ""
end
