--- Remembers keys, in bounded memory, to notice a list that leads in a circle: the latest
-- ones, and of all before them the 1st, 2nd, 4th, 8th, ... A circle that is shorter than what
-- is kept shows at its first turn; every longer one runs into one of the others.

local seen = {}

local LATEST = 256

--- A fresh memory.
---@return fun(key: string|number): boolean known whether the key is remembered; if not, it is from now on
function seen.new()
  local kept = {} -- key = true, or "always"
  local latest, count, milestone = {}, 0, 1
  return function(key)
    if kept[key] then
      return true
    end
    count = count + 1
    local slot = count % LATEST
    local oldest = latest[slot]
    if oldest ~= nil and kept[oldest] ~= "always" then
      kept[oldest] = nil
    end
    latest[slot], kept[key] = key, true
    if count == milestone then
      kept[key], milestone = "always", milestone * 2
    end
    return false
  end
end

return seen
