--- Pages by number: on while the answer says that there are more, and it has items.

local paths = require "frontdesk.paths"

local page = {}

--- Prepares a list of this style: see frontdesk.paginate.
---@param paging { page: string, items: string, more: string, number: string|nil }
---@param input table|nil
---@return table style
function page.new(paging, input)
  local items = paths.reader(paging.items)
  local more = paths.reader(paging.more)
  local number = paging.number and paths.reader(paging.number)
  local last -- number that the last answer gave itself
  local fields = {}
  for key, value in pairs(input or {}) do
    fields[key] = value
  end
  local style = { first = fields[paging.page] or 1 }

  function style.check(at)
    local wanted = tonumber(at)
    if wanted and wanted >= 1 and wanted < 2 ^ 53 and wanted % 1 == 0 then
      return wanted
    end
    return nil, "the number of a page"
  end

  function style.ask(at)
    fields[paging.page] = at
    return fields
  end

  function style.items(value)
    return items(value)
  end

  function style.follow(at, value, _, count)
    local given = number and number(value)
    if type(given) == "number" then
      if last and given <= last then
        return nil, ("asked for page %g, the service gave page %g again"):format(at, given), true
      end
      last = given
    end
    return more(value) == true and count > 0 and at + 1 or nil
  end

  return style
end

return page
