--- The input: a description and an input as JSON, parted by 0xFF (which no JSON holds). Of the
-- description, members whose names are digits are items.
--
-- Holds: a description compiles or raises a sentence; an input is refused with one, or gives a
-- target of plain characters and a body that is JSON, the same each time.

local core = require "frontdesk.core"

local TARGET = "^[%w%-%._~!$&'()*+,;=:@/%%?]*$"

-- Fields are lists with named members, which JSON has no form for.
local function with_items(value)
  if type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, item in pairs(value) do
    local number = type(key) == "string" and key:find "^%d$" and tonumber(key)
    copy[number or key] = with_items(item)
  end
  return copy
end

return function(data)
  local first, second = data:match "^([^\255]*)\255?([^\255]*)"
  local description, input = with_items(core.json_decode(first)), core.json_decode(second, true)
  if type(description) ~= "table" then
    return
  end
  local ok, shape = pcall(core.shape, description)
  if not ok then
    assert(type(shape) == "string" and shape ~= "", "what is wrong is a sentence")
    return
  end
  local target, body, field = shape:encode(input)
  if not target then
    assert(type(body) == "string" and body ~= "", "a refusal is a sentence")
    assert(field == nil or type(field) == "string" and field ~= "", "a field is a path")
    local good, again = shape:check(input)
    assert(good == nil and again == body, "the second answer is the first")
    return
  end
  assert(target:find(TARGET), "a target is of plain characters")
  if body then
    local _, message = core.json_decode(body)
    assert(not message, message)
  end
  local target_again, body_again = shape:encode(input)
  assert(target_again == target and body_again == body, "the second answer is the first")
  assert(shape:check(input), "what is encoded is good")
end
