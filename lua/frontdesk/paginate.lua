--- Iterates over all pages of a listing operation.
--
-- A page that cannot be read ends the iteration with `false, err`: a loop that
-- does not look at it fails loudly instead of taking half a list for the whole.

local errors = require "frontdesk.errors"
local paths = require "frontdesk.paths"

local paginate = {}

-- Pages by number: on while the answer says there are more, and it has items.
local function page_number(paging, call, input)
  local has_more = paths.reader(paging.more)
  local items_of = paths.reader(paging.items)
  local fields = {}
  for key, value in pairs(input or {}) do
    fields[key] = value
  end
  local number = fields[paging.page] or 1
  local finished = false
  return function()
    if finished then
      return nil
    end
    fields[paging.page] = number
    local page, err = call(fields)
    if page == nil then
      finished = true
      return false, err
    end
    local items = items_of(page)
    if type(items) ~= "table" then
      finished = true
      return false, errors.new {
        kind = "protocol", outcome = "rejected",
        message = "page " .. number .. ' of the list has no "' .. paging.items .. '"',
      }
    end
    number = number + 1
    finished = has_more(page) ~= true or #items == 0
    return page, items
  end
end

local STYLES = { page = page_number }

--- An iterator over pages; each step gives the page, or `false, err`.
---@param paging table the operation's paging rule
---@param call fun(fields: table): any, table|nil
---@param input table|nil
---@return fun(): any, any
function paginate.pages(paging, call, input)
  return STYLES[paging.style](paging, call, input)
end

--- An iterator over items; each step gives one item, or `false, err`.
---@param paging table the operation's paging rule
---@param call fun(fields: table): any, table|nil
---@param input table|nil
---@return fun(): any, any
function paginate.each(paging, call, input)
  local next_page = paginate.pages(paging, call, input)
  local items, index = {}, 0
  return function()
    index = index + 1
    if items and items[index] == nil then
      local page, more = next_page()
      if not page then
        items = nil
        return page, more
      end
      items, index = more, 1
    end
    return items and items[index]
  end
end

return paginate
