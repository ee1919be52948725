--- Reads what a service appended to a redirect address, however untidily.
--
-- Some services append "?token=..&shop_id=.." to an address that has a query of
-- its own, so that it holds two '?'. Every '?' after the first counts as '&', and
-- of a name that comes twice the last value is the service's.

local redirect = {}

local function decode(text)
  text = text:gsub("%+", " "):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end)
  return text
end

--- Makes a reader of redirect addresses.
---@param names string[] what the service appends
---@return fun(url: string): table|nil, string|nil  values by name, as strings; nil and a sentence when one is missing
function redirect.reader(names)
  return function(url)
    if type(url) ~= "string" then
      error("parse_redirect takes the address that was called, as a string (call it with a dot)", 2)
    end
    local values = {}
    local query = url:gsub("#.*$", ""):match "%?(.*)$" or ""
    for name, value in query:gmatch "([^=&?]+)=([^&?]*)" do
      values[decode(name)] = decode(value)
    end
    for _, name in ipairs(names) do
      if not values[name] or values[name] == "" then
        return nil, "the address has no " .. name .. "; the service appends it when the login is done"
      end
    end
    return values
  end
end

return redirect
