--- The input: an address that was called, and a value to be found in one.
--
-- Holds: nothing is raised; where there is an answer all names have values; a value that was encoded
-- into an address, behind whatever stands there, comes out as it was.

local core = require "frontdesk.core"
local redirect = require "frontdesk.redirect"

local read = redirect.reader { "token", "shop_id" }

return function(data)
  local values, message = read(data)
  if values then
    for _, name in ipairs { "token", "shop_id" } do
      assert(type(values[name]) == "string" and values[name] ~= "", "each name has a value")
    end
  else
    assert(type(message) == "string" and message:find "^the address has no ", "a refusal names what is missing")
  end
  local encoded = core.url_query_value(data)
  if encoded and encoded ~= "" then
    local before = data:gsub("#", "")
    local found = assert(read("https://shop.example.test/done?" .. before .. "?token=" .. encoded .. "&shop_id=7#top"))
    assert(found.token == data and found.shop_id == "7", "a value comes out as it was")
  end
end
