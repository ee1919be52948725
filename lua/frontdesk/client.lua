--- One call, from start to end: build, authenticate, send, read; and again, where that is allowed.

local clock = require "frontdesk.clock"
local core = require "frontdesk.core"
local credentials = require "frontdesk.credentials"
local errors = require "frontdesk.errors"
local hosts = require "frontdesk.host"
local limits = require "frontdesk.limits"
local metrics = require "frontdesk.metrics"
local operations = require "frontdesk.operation"
local redact = require "frontdesk.redact"
local response = require "frontdesk.response"
local retry = require "frontdesk.retry"
local routes = require "frontdesk.route"
local secrets = require "frontdesk.secrets"
local transports = require "frontdesk.transport"
require "frontdesk.json" -- tells the core of lua-cjson's sentinels

---@class frontdesk.client the inside of a client; users hold the table that service.lua makes
local Client = {}
Client.__index = Client

local try = require("frontdesk.attempt").make

local client = {}

local BY_OPERATION = { __mode = "k" } -- `client:request` has one of its own for each call

-- A header's value in a description: a text, or an option with a default.
local function described(value, options)
  if type(value) == "table" then
    return options[value.option] or value.default
  end
  return value
end

-- The header lists that do not change from call to call: without and with a body.
local function standing_headers(description, options)
  local list = { { "User-Agent", options.user_agent or ("frontdesk/" .. core.version) } }
  for _, pair in ipairs(description.headers or {}) do
    local value = described(pair[2], options)
    if value ~= nil then
      list[#list + 1] = { pair[1], value }
    end
  end
  for name, value in pairs(options.headers or {}) do
    if type(name) ~= "string" then
      error("frontdesk." .. description.name .. ": headers must have names as keys: { [\"X-Name\"] = value }", 0)
    end
    list[#list + 1] = { name, value }
  end
  local plain, message = core.headers(list)
  if not plain then
    error("frontdesk." .. description.name .. ": headers: " .. message, 0)
  end
  return {
    none = plain,
    json = assert(core.headers({ { "Content-Type", described(description.content_type, options) } }, plain)),
  }
end

--- Makes a client from complete options (config.resolve gives them).
---@param description table the service
---@param options table
---@return frontdesk.client
function client.new(description, options)
  local self = setmetatable({
    description = description,
    options = options,
    standing = standing_headers(description, options),
    operations = {},
    credentials = {}, -- by role and base address
    routes = setmetatable({}, BY_OPERATION),
    service = description.name,
    is_watched = options.on_request ~= nil or options.on_response ~= nil,
    given_secrets = secrets.of_options(description, options),
    call = Client.call, -- at hand: the way through a metatable is long
  }, Client)
  self.new_response = response.maker(function() return self:secrets() end)
  self.trade = function(name, input, deadline)
    return self:call(self:operation(name), input, nil, deadline)
  end
  return self
end

--- The compiled operation of a name; compiled when first asked for.
---@param name string "contacts.add"
function Client:operation(name)
  local operation = self.operations[name]
  if not operation then
    operation = operations.compile(self.description, name, self.options)
    self.operations[name] = operation
  end
  return operation
end

-- What the calls of a credential keep to. A transport that was given has limits of its own:
-- what happens in one test, say, is nothing to the next.
function Client:limiter(role, credential, base)
  local options = self.options
  return limits.new {
    key = self.service .. " " .. role .. " " .. hosts.key(credential.identity or ""),
    origin = self.options.bases[base].origin,
    rate = options.rate,
    burst = options.burst,
    max_in_flight = options.max_in_flight,
    shared_dict = options.shared_dict,
    store = options.transport and limits.store_of(options.transport) or nil,
  }
end

-- The credential of an operation, chosen when first asked for. nil, message when none was given.
-- Each base address has its own, since its limits are those of one place.
function Client:credential(operation)
  local role, base = operation.role, operation.base
  local key = base == "main" and role or role .. " " .. base
  local credential = self.credentials[key]
  if not credential then
    local message
    credential, message = credentials.choose(self.description, self.options, role)
    if not credential then
      return nil, message
    end
    credential.limiter = self:limiter(role, credential, base)
    credential.transport = self.options.transport or transports.of(credential, self.options.proxy)
    self.credentials[key] = credential
  end
  return credential
end

-- All secrets that the client knows: those it was given, used or not, and its tokens.
function Client:secrets()
  local list = {}
  for i, secret in ipairs(self.given_secrets) do
    list[i] = secret
  end
  for _, credential in pairs(self.credentials) do
    for _, secret in pairs(credential.secrets()) do
      list[#list + 1] = secret
    end
  end
  return list
end

--- Hides the client's secrets in a text that is about to be shown.
---@param text string
---@return string
function Client:conceal(text)
  return redact.text(text, self:secrets())
end

local SAID = { "message", "hint", "code", "field" }

-- Makes the error of a failed call; no secret that the client or the call knows is in it.
function Client:fail(operation, input, fields, call_options)
  local list = self:secrets()
  for _, secret in ipairs(operation.secrets(input)) do
    list[#list + 1] = secret
  end
  secrets.add_headers(list, call_options and call_options.headers)
  local redactor = redact.new(list)
  for _, name in ipairs(SAID) do
    fields[name] = fields[name] ~= nil and redactor:text(tostring(fields[name])) or nil
  end
  fields.body = redactor:value(fields.body, operation.secret_names)
  if fields.response then
    response.conceal(fields.response, redactor, operation.secret_names)
  end
  fields.service = self.service
  fields.operation = operation.name
  return nil, errors.new(fields)
end

-- The headers that a call has beside the standing and the credential's own.
local function own_headers(operation, input, call_options)
  local list = {}
  for _, pair in ipairs(operation.header_fields or {}) do
    local value = input and input[pair[2]]
    if value ~= nil and value ~= core.null then
      list[#list + 1] = { pair[1], value }
    end
  end
  for name, value in pairs(call_options and call_options.headers or {}) do
    list[#list + 1] = { name, value }
  end
  return list
end

-- Fields that the call leaves out and a client option stands in for.
local function with_options(operation, input, options)
  local filled = input
  for _, pair in ipairs(operation.option_fields) do
    local name, option = pair[1], pair[2]
    if (input == nil or input[name] == nil) and options[option] ~= nil then
      if filled == input then
        filled = {}
        for key, value in pairs(input or {}) do
          filled[key] = value
        end
      end
      filled[name] = options[option]
    end
  end
  return filled
end

-- Seconds to pause before a failed call is tried again, or nil when it is not.
local function pause_after(self, operation, limiter, failure, failures, call_options, deadline)
  local tries = call_options and call_options.retry
  if tries == nil then
    tries = self.options.retry
  end
  local pause = retry.plan(operation.retry, failure, failures, tries or 0, deadline - clock.now())
  return pause and limiter.quota:take(failure.kind) and pause or nil
end

-- What comes after a first try that failed: a refused token is renewed once, and the try is
-- repeated as retry.lua allows. `call` holds what the call is; then what the first try gave.
local function persist(self, call, failure, answer, used, tried)
  local operation, credential, deadline = call.operation, call.route.credential, call.deadline
  local attempts, failures, renewed, lost = tried and 1 or 0, 0, false, false
  local value
  repeat
    if errors.is(failure) then -- the login's: it says itself what went wrong
      if failure.outcome == "unknown" and not lost then
        failure.outcome = "not_sent" -- what may have been done is the login, not this call
      end
      return nil, failure
    elseif lost and failure.kind == "not_found" and operation.method == "DELETE" then
      return true, nil, answer -- the try whose answer was lost has done it
    end
    if failure.kind == "auth" and not renewed and credential.renew(used) then
      renewed = true
    else
      failures = failures + 1
      lost = lost or failure.outcome == "unknown"
      local pause = pause_after(self, operation, credential.limiter, failure, failures, call.options, deadline)
      if pause then
        metrics.retry(self, call.request, attempts, failure, pause)
      end
      if not pause or not clock.sleep(pause) then
        local _, err = self:fail(operation, call.input, {
          kind = failure.kind, message = failure.message, hint = failure.hint, code = failure.code, status = failure.status,
          outcome = lost and failure.outcome == "not_sent" and "unknown" or failure.outcome, field = failure.field,
          retry_after = failure.retry_after, body = failure.body, retry = operation.retry, attempts = attempts,
          response = answer,
        }, call.options)
        -- Two values: LuaJIT's assert raises its last argument, not its second, when that is a table.
        return nil, err
      end
    end
    value, failure, answer, used, tried =
      try(self, operation, call.route, call.request, call.own, call.keep_null, deadline, attempts + 1)
    attempts = attempts + (tried and 1 or 0)
  until not failure
  return value, nil, answer
end

-- Sends an encoded call over its route and reads the answer.
local function perform(self, operation, route, url, body, input, call_options, deadline)
  if not route.credential then
    local is_open, err = routes.open(self, operation, route, input)
    if not is_open then
      return nil, err
    end
  end
  local options = self.options
  local timeout, keep_null, own = options.timeout, options.keep_null, nil
  if call_options then
    timeout = call_options.timeout or timeout
    if call_options.keep_null ~= nil then
      keep_null = call_options.keep_null
    end
  end
  if operation.header_fields or call_options and call_options.headers then
    own = own_headers(operation, input, call_options)
    -- now, before a login is made for a call that cannot be sent
    local fit, message, name = core.headers(own, route.standing)
    if not fit then
      return self:fail(operation, input, { kind = "invalid_input", field = name, message = message }, call_options)
    end
  end
  deadline = deadline or clock.now() + timeout

  local request = route.spare or routes.new_request(self, operation, route)
  route.spare = nil
  request.url, request.body = url, body
  local value, failure, answer, used, tried = try(self, operation, route, request, own, keep_null, deadline, 1)
  if failure then
    return persist(self, {
      operation = operation, route = route, request = request, own = own, input = input,
      options = call_options, keep_null = keep_null, deadline = deadline,
    }, failure, answer, used, tried)
  end
  if not options.transport then -- who was given one may look at its requests later
    request.body = nil
    route.spare = request
  end
  return value, nil, answer
end

--- Sends an encoded call and reads its answer. A refused token is renewed once; a failed
-- try is repeated as retry.lua allows.
---@param operation table from Client:operation
---@param target string what stands behind the base address in the URL
---@param body string|nil
---@param input table|nil
---@param call_options table|nil
---@param deadline number|nil
function Client:perform(operation, target, body, input, call_options, deadline)
  local route = self.routes[operation] or routes.new(self, operation)
  return perform(self, operation, route, route.prefix .. target, body, input, call_options, deadline)
end

--- Calls a compiled operation.
---@param operation table from Client:operation
---@param input table|nil
---@param call_options table|nil timeout (seconds), headers (name = value), keep_null
---@param deadline number|nil on the clock of clock.now(); the timeout from now when not given
---@return any value, or nil
---@return table|nil err, or nil
---@return table|nil response beside a value; beside an error it is err.response
function Client:call(operation, input, call_options, deadline)
  if operation.option_fields then
    if operation.holds_credential then
      local credential, message = self:credential(operation)
      if not credential then
        return self:fail(operation, input, { kind = "auth", message = message })
      end
    end
    input = with_options(operation, input, self.options)
  end
  local route = self.routes[operation] or routes.new(self, operation)
  local url, body, field = operation.shape:encode(input, route.prefix)
  if not url then
    return self:fail(operation, input, { kind = "invalid_input", field = field, message = body }, call_options)
  end
  return perform(self, operation, route, url, body, input, call_options, deadline)
end

return client
