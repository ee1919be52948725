--- Pages by cursor: each answer says what to ask for next; the last one does not.

local null = require("frontdesk.core").null
local paths = require "frontdesk.paths"
local seen = require "frontdesk.paginate.seen"

local cursor = {}

local LONGEST_SHOWN = 60 -- bytes of a cursor in an error

-- A copy of the fields with a value at a path; what is on no side of the path is shared.
local function with(fields, steps, value, depth)
  local copy = {}
  for key, field in pairs(type(fields) == "table" and fields or {}) do
    copy[key] = field
  end
  local step = steps[depth]
  if depth == #steps then
    copy[step] = value
  else
    copy[step] = with(copy[step], steps, value, depth + 1)
  end
  return copy
end

local function shown(value)
  value = tostring(value)
  return '"' .. (#value > LONGEST_SHOWN and value:sub(1, LONGEST_SHOWN) .. "..." or value) .. '"'
end

--- Prepares a list of this style: see frontdesk.paginate.
---@param paging { cursor: string, next: string, items: string }
---@param input table|nil
---@return table style
function cursor.new(paging, input)
  local steps = {}
  for step in paging.cursor:gmatch "[^%.]+" do
    steps[#steps + 1] = step
  end
  local items, next_of = paths.reader(paging.items), paths.reader(paging.next)
  local known = seen.new()
  local given = paths.reader(paging.cursor)(input)
  if given ~= nil then
    known(given)
  end
  local style = { first = "" } -- the list as the input asks for it

  function style.check(at)
    if type(at) == "string" or type(at) == "number" then
      if at ~= "" then
        known(at)
      end
      return at
    end
    return nil, "a cursor"
  end

  function style.ask(at)
    return at == "" and (input or {}) or with(input, steps, at, 1)
  end

  function style.items(value)
    return items(value)
  end

  function style.follow(_, value)
    local following = next_of(value)
    if following == nil or following == "" or following == null then
      return nil
    elseif type(following) ~= "string" and type(following) ~= "number" then
      return nil, ('"%s" of the answer is a %s, not a cursor'):format(paging.next, type(following))
    elseif known(following) then
      return nil, ("the list leads in a circle: the cursor %s was given before"):format(shown(following))
    end
    return following
  end

  return style
end

return cursor
