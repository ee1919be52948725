--- Credentials: what a request carries to show who sends it.
--
-- A credential is an object with
--   headers(base, send, deadline) -> headers | nil, err   the header list of a request
--   kind, username, password                  for those that libcurl must answer itself
--   expires                                   whether its headers change in time
--   renew(used)                               may a refused request be sent once more?
--   secrets()                                 values that must never be shown
-- Which one a client has, its service's description and the given options decide.

local core = require "frontdesk.core"
local hosts = require "frontdesk.host"
local tokens = require "frontdesk.tokens"

local unpack = table.unpack or unpack

local credentials = {}

-- A header list with the credential's own on top, compiled once for each base.
-- The cache is emptied when the credential's value changes.
local function compiled(cache, base, own)
  local headers = cache[base]
  if not headers then
    headers = assert(core.headers(own, base))
    cache[base] = headers
  end
  return headers
end

local function nothing()
  return {}
end

local function refuse_renewal()
  return false
end

-- A value from the options goes into the header as it is.
local function fixed(secrets, own)
  local cache = setmetatable({}, { __mode = "k" })
  return {
    kind = "header",
    headers = function(base) return compiled(cache, base, own) end,
    renew = refuse_renewal,
    secrets = function() return secrets end,
  }
end

local function second_of(pairs_of_names)
  local names = {}
  for i, pair in ipairs(pairs_of_names) do
    names[i] = pair[2]
  end
  return names
end

-- The options that a choice needs.
local function needs_of(choice)
  if choice.needs then
    return choice.needs
  elseif choice.kind == "body" then
    return second_of(choice.fields)
  elseif choice.kind == "header" then
    return second_of(choice.headers)
  elseif choice.kind == "bearer" then
    return { choice.token }
  end
  return { choice.username, choice.password }
end

-- Whose credential it is; holds secrets.
local function identity_of(choice, options)
  local values = { options.base_url }
  for _, name in ipairs(needs_of(choice)) do
    values[#values + 1] = options[name]
  end
  return table.concat(values, "\0")
end

local make = {}

function make.bearer(choice, options)
  local token = options[choice.token]
  return fixed({ token }, { { "Authorization", choice.scheme .. " " .. token } })
end

function make.header(choice, options)
  local own, secrets = {}, {}
  for i, pair in ipairs(choice.headers) do
    local value = options[pair[2]]
    own[i], secrets[i] = { pair[1], value }, value
  end
  return fixed(secrets, own)
end

-- Basic and Digest are libcurl's work: the request names user and password.
local function answered_by_curl(choice, options)
  local username, password = options[choice.username], options[choice.password]
  return {
    kind = choice.kind,
    username = username,
    password = password,
    headers = function(base) return base end,
    renew = refuse_renewal,
    secrets = function() return { password } end,
  }
end
make.basic = answered_by_curl
make.digest = answered_by_curl

-- What the body holds; the operation's fields put it there.
function make.body(choice, options)
  local secrets = {}
  for i, name in ipairs(needs_of(choice)) do
    secrets[i] = options[name]
  end
  return {
    kind = "body",
    headers = function(base) return base end,
    renew = refuse_renewal,
    secrets = function() return secrets end,
  }
end

-- Seconds that a token lives: a number, or a rule over an option; nil for ever.
local function lifetime_of(rule, options)
  if type(rule) ~= "table" then
    return rule
  end
  local given = options[rule.option]
  if given == nil then
    return rule.default
  elseif given == rule.forever then
    return nil
  end
  return given * rule.unit
end

local EARLY = 60 -- seconds before its end at which a token is no longer used

-- Asks for a token and reads it. Returns it with the seconds it is good for, or nil and an error.
local function trade(choice, call, input, lifetime, deadline)
  local asked_at = core.wall()
  local answer, err = call(choice.operation, input, deadline)
  if not answer then
    return nil, err
  end
  local token = answer
  if choice.token ~= true then
    token = answer[choice.token]
  end
  if type(token) ~= "string" or token == "" or token:find "[%c]" then
    return nil, { kind = "protocol", message = choice.operation .. " answered without a usable token" }
  end
  local seconds = lifetime and math.max(lifetime - EARLY, lifetime / 2) - (core.wall() - asked_at)
  return token, seconds
end

local function trading(...)
  local arguments, count = { ... }, select("#", ...)
  return function() return trade(unpack(arguments, 1, count)) end
end

-- Trades what was given for a token by an operation of the service, keeps the
-- token until shortly before it expires, and trades again when it is refused.
function make.exchange(choice, options, description)
  local input = {}
  for field, option in pairs(choice.input) do
    input[field] = options[option]
  end
  local lifetime = lifetime_of(choice.lifetime, options)
  local store, key = hosts.tokens(options.shared_dict, description.name .. "\0" .. identity_of(choice, options))
  local token, own, cache -- the last one used, its header, and the lists with that
  local before            -- the one before it, which a late answer may repeat

  return {
    kind = "exchange",
    expires = true,
    headers = function(base, call, deadline)
      local err
      local current = store:get(key)
      if not current then
        local host, failure = hosts.current() -- to log in is to wait
        if not host then
          return nil, failure
        end
        current, err = tokens.obtain(store, key, deadline, trading(choice, call, input, lifetime, deadline))
      end
      if not current then
        return nil, err
      end
      if current ~= token then
        before, token, cache = token, current, setmetatable({}, { __mode = "k" })
        own = { { "Authorization", choice.scheme .. " " .. current } }
      end
      return compiled(cache, base, own), current
    end,
    -- Only the refusal of the token still in use makes it worthless: a late
    -- answer to a request with an older one does not.
    renew = function(used)
      store:drop(key, used)
      return true
    end,
    secrets = function()
      local list = { token }
      list[#list + 1] = before
      for _, option in ipairs(choice.needs) do
        list[#list + 1] = options[option]
      end
      return list
    end,
  }
end

--- The credential of operations that need none.
local function none()
  return {
    kind = "none",
    headers = function(base) return base end,
    renew = refuse_renewal,
    secrets = nothing,
  }
end

-- Whether all that a choice needs was given, and its condition holds; a condition
-- of false stands for an option that was not given.
local function fits(choice, options)
  for name, value in pairs(choice.when or {}) do
    if (options[name] or false) ~= value then
      return false
    end
  end
  for _, name in ipairs(needs_of(choice)) do
    if options[name] == nil then
      return false
    end
  end
  return true
end

-- What an operator can give, as the end of a sentence.
local function remedy(choices)
  local ways, seen = {}, {}
  for _, choice in ipairs(choices) do
    local way = table.concat(needs_of(choice), " and ")
    if not seen[way] then
      seen[way] = true
      ways[#ways + 1] = way
    end
  end
  return table.concat(ways, ", or ")
end

--- Chooses and makes the credential of a role.
---@param description table the service
---@param options table the client's options
---@param role string "default", "shop", ..., or "none"
---@return table|nil credential
---@return string|nil message what to give
function credentials.choose(description, options, role)
  if role == "none" then
    return none()
  end
  local choices = description.credentials[role]
  for _, choice in ipairs(choices) do
    if fits(choice, options) then
      local credential = make[choice.kind](choice, options, description)
      credential.identity = identity_of(choice, options)
      return credential
    end
  end
  return nil, "there is no credential to send; give the client " .. remedy(choices)
end

return credentials
