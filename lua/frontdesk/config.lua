--- Where a client's options come from: the constructor, the environment, a profile file.

local core = require "frontdesk.core"
local descriptions = require "frontdesk.description"
local nearest = require "frontdesk.nearest"

local config = {}

-- Options that every service has; a description adds its own.
local GENERIC = {
  { "base_url", "string", doc = "Where the service is; wins over `environment`." },
  { "environment", "string", doc = "Which of the service's environments to use." },
  { "timeout", "number", default = 30, doc = "Seconds that a call may take in all." },
  { "connect_timeout", "number", default = 10, doc = "Seconds to get a connection." },
  { "max_body", "integer", default = 16 * 1024 * 1024, doc = "Largest answer, in bytes." },
  { "allow_http", "boolean", doc = "Send secrets over plain http to hosts other than this machine." },
  { "ca_file", "string", shared = true, doc = "File of the certificate authorities to trust, instead of the system's." },
  { "crl_file", "string", shared = true, doc = "File of the authorities' revocation lists; what they name is refused." },
  { "proxy", "string", shared = true, doc = "Proxy to use; none is taken from the environment." },
  { "http_version", "string", doc = 'Keep to one version of HTTP: "1.1", "2" or "2-prior-knowledge".' },
  { "retry", "integer", min = 0, default = 2, doc = "How often a failed call may be tried again." },
  { "rate", "number", min = 1e-4, max = 1e6, doc = "Requests a second with this credential, at most; no limit when not given." },
  { "burst", "integer", min = 1, max = 1e6, doc = "Requests at once after a rest, where there is a rate." },
  { "max_in_flight", "integer", min = 1, max = 1e6, doc = "Requests under way at once with this credential: 256 when not given." },
  { "on_request", "function", doc = "Called before each request, with safe values only." },
  { "on_response", "function", doc = "Called after each answer or failure." },
  { "on_retry", "function", doc = "Called before each pause in front of another try." },
  { "user_agent", "string", doc = "What the client calls itself." },
  { "headers", "table", doc = "Further headers for every request, name = value." },
  { "keep_null", "boolean", doc = "Keep JSON nulls in answers as frontdesk.null." },
  { "transport", "table", doc = "What sends the requests, instead of libcurl: frontdesk.sandbox.transport()." },
  { "shared_dict", "string", doc = 'In nginx, the lua_shared_dict that all workers keep tokens in: "frontdesk" when not given.' },
  { "profile", "string", doc = "File with options, instead of the usual one." },
}

-- Options that stand for code or for a place to look: never from environment or profile.
local CONSTRUCTOR_ONLY = {
  transport = true, headers = true, profile = true, on_request = true, on_response = true, on_retry = true,
}

local HTTP_VERSIONS = { ["1.1"] = true, ["2"] = true, ["2-prior-knowledge"] = true }

local CONVERT = {
  string = function(text) return text end,
  number = tonumber,
  integer = function(text) return text:match "^%-?%d+$" and tonumber(text) or nil end,
  boolean = function(text)
    if text == "true" or text == "1" then
      return true
    elseif text == "false" or text == "0" then
      return false
    end
  end,
}

-- In the names that other clients give to a switch that there is not.
local SWITCHES = { "verif", "insecure", "unauthorized", "strict_ssl", "check_cert", "self_?signed" }

-- The end of the sentence that refuses a name.
local function advice(name, by_name)
  for _, part in ipairs(SWITCHES) do
    if type(name) == "string" and name:lower():find(part) then
      return ": the server's certificate is always checked; to trust an authority of your own give its certificate as ca_file"
    end
  end
  return nearest(name, by_name)
end

local function fail(description, message)
  error("frontdesk." .. description.name .. ": " .. message, 0)
end

-- A sentence about the first thing that is wrong with a value, or nil.
local function complaint(option, value)
  local name, kind = option[1], option[2]
  if kind == "integer" then
    if type(value) ~= "number" or value % 1 ~= 0 then
      return name .. " must be a whole number"
    end
  elseif type(value) ~= kind then
    return name .. " must be a " .. kind .. " (got a " .. type(value) .. ")"
  end
  if kind == "number" and value ~= value then
    return name .. " must be a number"
  elseif option.min and value < option.min then
    return name .. " must be at least " .. option.min
  elseif option.max and value > option.max then
    return ("%s must be at most %d"):format(name, option.max)
  end
  if option.enum then
    for _, allowed in ipairs(option.enum) do
      if value == allowed then
        return nil
      end
    end
    return name .. ' must be one of "' .. table.concat(option.enum, '", "') .. '"'
  end
  if value == "" then
    return name .. " must not be empty"
  end
  if option.word and not value:find "^%a[%w_]*$" then
    return name .. " must be one word of letters, digits and _"
  end
  if kind == "string" and value:find "[%z\1-\31\127]" then
    return name .. " must not hold line breaks or other control characters"
  end
end

--- All options of a service: its own, then the generic ones.
---@param description table
---@return table[] options in order
---@return table<string, table> options by name
function config.options(description)
  local list, by_name = {}, {}
  for _, source in ipairs { description.options or {}, GENERIC } do
    for _, option in ipairs(source) do
      list[#list + 1] = option
      by_name[option[1]] = option
    end
  end
  return list, by_name
end

--- Where the profile file is when nobody says otherwise.
---@param getenv fun(name: string): string|nil
---@return string|nil path
function config.profile_path(getenv)
  local named = getenv "FRONTDESK_PROFILE"
  if named and named ~= "" then
    return named, true
  end
  local folder = getenv "XDG_CONFIG_HOME"
  if not folder or folder == "" then
    local home = getenv "HOME"
    if not home or home == "" then
      return nil
    end
    folder = home .. "/.config"
  end
  return folder .. "/frontdesk/profile.lua"
end

--- Reads a profile file: a Lua table of tables, one a service. Nothing in it runs.
---@param path string
---@return table|nil profile
---@return string|nil message
---@return boolean|nil absent true when there is no such file
function config.read_profile(path)
  local text, message, absent = core.read_private(path)
  if not text then
    return nil, message, absent
  end
  return require("frontdesk.profile").parse(text, path)
end

local function from_environment(description, option, getenv)
  local name = option[1]
  local names = { ("FRONTDESK_%s_%s"):format(description.name, name):upper() }
  if option.shared then
    names[2] = ("FRONTDESK_%s"):format(name):upper()
  end
  for _, variable in ipairs(names) do
    local text = getenv(variable)
    if text and text ~= "" then
      local value = CONVERT[option[2]](text)
      if value == nil then
        fail(description, "the environment variable " .. variable .. " must be of the type " .. option[2])
      end
      return value
    end
  end
end

local function base_url(description, options)
  local environments = description.environments or {}
  if options.base_url then
    return options.base_url, options.allow_http
  end
  local name = options.environment or description.default_environment
  if not name then
    fail(description, "base_url is missing: give the address of the service, as its operator told you")
  end
  local environment = environments[name]
  if not environment then
    fail(description, 'environment "' .. name .. '" is not known' .. nearest(name, environments))
  end
  if options.allow_http == nil then
    return environment.base_url, environment.allow_http
  end
  return environment.base_url, options.allow_http
end

-- A base address as the client needs it: checked, and ready to have a path put behind it.
---@return { option: string, prefix: string, origin: string, plain_http: boolean }
local function new_base(description, options, stays_here, option, name)
  local url = options[option]
  local parsed, message = core.url_parse(url)
  if not parsed then
    fail(description, option .. " is not usable: " .. message)
  end
  if parsed.query then
    fail(description, option .. " must not have a query (the part after '?')")
  end
  local join = descriptions.join(description, name)
  -- a dot behind the bare host would make it another one: https://svc.example.Shop/Current
  if join == "." and not parsed.path:find "[^/%.]" then
    fail(description, option .. " must have a path, which the names of the calls are joined to by a dot")
  end
  url = url:gsub(join == "." and "[/%.]+$" or "/+$", "")
  options[option] = url
  return {
    option = option,
    prefix = url .. (join == "." and "." or ""),
    origin = parsed.origin,
    plain_http = parsed.scheme == "http" and not options.allow_http and not (parsed.loopback and stays_here),
  }
end

local function check_needs_together(description, options)
  for _, choices in pairs(description.credentials or {}) do
    for _, choice in ipairs(choices) do
      local given, missing
      for _, name in ipairs(choice.needs or { choice.username, choice.password }) do
        if options[name] then
          given = name
        else
          missing = name
        end
      end
      if given and missing then
        fail(description, missing .. " is missing: " .. given .. " is given and is of no use without it")
      end
    end
  end
end

local PROXIES = { http = true, https = true, socks4 = true, socks4a = true, socks5 = true, socks5h = true }

-- Takes a proxy's address apart: a scheme, and a name and password, may stand before the host, or not.
local function parse_proxy(proxy)
  local scheme, rest = proxy:match "^([^/?#@]-)://(.*)$"
  if scheme and not PROXIES[scheme:lower()] then
    return nil, 'the URL must start with "http://", "https://", "socks4://", "socks4a://", "socks5://" or "socks5h://"'
  end
  local authority = (rest or proxy):gsub("[/?#].*$", ""):gsub("^.*@", "")
  return core.url_parse("http://" .. authority .. "/")
end

-- Whether what goes to this machine stays on it: by a proxy elsewhere it does not.
local function check_proxy(description, url)
  if not url then
    return true
  end
  local proxy, problem = parse_proxy(url)
  if not proxy then
    fail(description, "proxy is not usable: " .. problem)
  end
  return proxy.loopback
end

--- Puts a client's options together. Raises a sentence that names the option and the fix.
---@param description table the service
---@param given table|nil what the constructor was called with
---@param sources? { getenv: (fun(name: string): string|nil), read_profile: (fun(path: string): table|nil, string|nil, boolean|nil) }
---@return table options complete, checked
function config.resolve(description, given, sources)
  local getenv = sources and sources.getenv or os.getenv
  local read_profile = sources and sources.read_profile or config.read_profile
  local list, by_name = config.options(description)
  given = given or {}

  local function check_names(source, where)
    for name in pairs(source) do
      if not by_name[name] then
        fail(description, where .. '"' .. tostring(name) .. '" is not an option' .. advice(name, by_name))
      end
    end
  end
  check_names(given, "")

  local path, wanted = given.profile, true
  local unfit = path ~= nil and complaint(by_name.profile, path)
  if unfit then
    fail(description, unfit)
  elseif path == nil then
    path, wanted = config.profile_path(getenv)
  end
  local profile
  local function from_profile(name)
    if profile == nil then
      local all, message, absent
      if path then
        all, message, absent = read_profile(path)
      end
      if message and (wanted or not absent) then
        fail(description, message)
      end
      profile = all and all[description.name] or false
      if profile then
        if type(profile) ~= "table" then
          fail(description, "the profile's entry " .. description.name .. " must be a table")
        end
        check_names(profile, "the profile " .. path .. ": ")
      end
    end
    if profile then
      return profile[name]
    end
  end

  local options = {}
  for _, option in ipairs(list) do
    local name = option[1]
    local value = given[name]
    if value == nil and not CONSTRUCTOR_ONLY[name] then
      value = from_environment(description, option, getenv)
      if value == nil then
        value = from_profile(name)
      end
    end
    if value == nil then
      value = option.default
    end
    if value ~= nil then
      local message = complaint(option, value)
      if message then
        fail(description, message)
      end
      options[name] = value
    end
  end

  for _, name in ipairs { "timeout", "connect_timeout", "max_body" } do
    if not (options[name] > 0 and options[name] < math.huge) then
      fail(description, name .. " must be a positive number")
    end
  end
  if options.http_version and not HTTP_VERSIONS[options.http_version] then
    fail(description, 'http_version must be "1.1", "2" or "2-prior-knowledge"')
  end
  check_needs_together(description, options)

  options.base_url, options.allow_http = base_url(description, options)
  local stays_here = check_proxy(description, options.proxy)
  options.bases = { main = new_base(description, options, stays_here, "base_url") }
  for name, base in pairs(description.bases or {}) do
    options.bases[name] = new_base(description, options, stays_here, base.option, name)
  end
  return options
end

return config
