--- Entries in the order of their time, `at`; those of one time in the order in which they came.

local timeline = {}

--- Puts an entry into its place.
---@param list table[]
---@param entry { at: number }
---@return integer place
function timeline.add(list, entry)
  local place = #list + 1
  while place > 1 and list[place - 1].at > entry.at do
    place = place - 1
  end
  table.insert(list, place, entry)
  return place
end

--- Takes an entry out; nothing happens when it is not there any more.
---@param list table[]
---@param entry { at: number }
function timeline.remove(list, entry)
  local low, high = 1, #list + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if list[middle].at < entry.at then
      low = middle + 1
    else
      high = middle
    end
  end
  while list[low] and list[low].at == entry.at do
    if list[low] == entry then
      table.remove(list, low)
      return
    end
    low = low + 1
  end
end

return timeline
