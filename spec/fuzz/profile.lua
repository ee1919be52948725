--- The input: the text of a profile.
--
-- Holds: a profile that is accepted means to Lua what it means to us; a problem is one of our
-- sentences, with a line, and repeats nothing of the text.

local profile = require "frontdesk.profile"

local sentences
do
  local file = assert(io.open "lua/frontdesk/profile.lua")
  sentences = file:read "a"
  file:close()
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return rawequal(a, b) or a ~= a and b ~= b
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

return function(text)
  local value, message = profile.parse(text, "p")
  if value == nil then
    local words = message:match "^the profile [%w ]+: p:%d+: (.+)$" or message:match "^p (.+)$"
    assert(words, "a problem has its place")
    for part in words:gmatch "[^\"]+" do
      assert(sentences:find(part, 1, true), "a problem is told in our words")
    end
    return
  end
  assert(type(value) == "table", "a profile is a table")
  local chunk, problem = load(text, "=p", "t", {})
  assert(chunk, problem)
  assert(same(value, chunk()), "a profile means to Lua what it means to us")
end
