--- What of a client's options and a call's headers must never be shown.

local secrets = {}

-- Names of headers that carry credentials. Others may hold an id that people look for.
local TELLING = { "auth", "cookie", "key", "password", "secret", "session", "signature", "token" }

local function is_telling(name)
  name = tostring(name):lower()
  for _, word in ipairs(TELLING) do
    if name:find(word, 1, true) then
      return true
    end
  end
  return false
end

--- Adds the values of headers that carry credentials; with a scheme, what follows it too.
---@param list table to add to
---@param headers table|nil name = value
function secrets.add_headers(list, headers)
  for name, value in pairs(headers or {}) do
    if is_telling(name) and (type(value) == "string" or type(value) == "number") then
      list[#list + 1] = value
      list[#list + 1] = type(value) == "string" and value:match "^%a+%s+(.+)$" or nil
    end
  end
end

-- User name and password travel together in Basic; apart, only one of them is secret.
local function add_pairs(list, description, options)
  for _, choices in pairs(description.credentials or {}) do
    for _, choice in ipairs(choices) do
      local username, password = options[choice.username], options[choice.password]
      if type(username) == "string" and type(password) == "string" then
        list[#list + 1] = username .. ":" .. password
      end
    end
  end
end

-- A proxy's address may name who uses it.
local function add_proxy(list, proxy)
  local user = type(proxy) == "string" and (proxy:match "^%w+://([^/]*)@" or proxy:match "^([^/]*)@")
  if user then
    local plain = user:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
    list[#list + 1] = plain
    list[#list + 1] = plain:match ":(.+)$"
  end
end

--- The secrets among a client's options, whichever of them it uses.
---@param description table the service
---@param options table
---@return table list of values
function secrets.of_options(description, options)
  local list = {}
  for _, option in ipairs(description.options or {}) do
    if option.secret then
      list[#list + 1] = options[option[1]]
    end
  end
  add_pairs(list, description, options)
  add_proxy(list, options.proxy)
  secrets.add_headers(list, type(options.headers) == "table" and options.headers or nil)
  return list
end

return secrets
