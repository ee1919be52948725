--- One call, from start to end: build, authenticate, send, read; and again, where that is allowed.

local cancellation = require "frontdesk.cancellation"
local clock = require "frontdesk.clock"
local core = require "frontdesk.core"
local credentials = require "frontdesk.credentials"
local envelope = require "frontdesk.envelope"
local errors = require "frontdesk.errors"
local hosts = require "frontdesk.host"
local limits = require "frontdesk.limits"
local metrics = require "frontdesk.metrics"
local operations = require "frontdesk.operation"
local redact = require "frontdesk.redact"
local response = require "frontdesk.response"
local retry = require "frontdesk.retry"
local secrets = require "frontdesk.secrets"
local transports = require "frontdesk.transport"
require "frontdesk.json" -- tells the core of lua-cjson's sentinels

---@class frontdesk.client the inside of a client; users hold the table that service.lua makes
local Client = {}
Client.__index = Client

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
    chosen = setmetatable({}, BY_OPERATION), -- of the credentials
    spare = setmetatable({}, BY_OPERATION),  -- a request to use again
    service = description.name,
    given_secrets = secrets.of_options(description, options),
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
  if self.chosen[operation] then
    return self.chosen[operation]
  end
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
  self.chosen[operation] = credential
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

-- Whether a call has headers beside the standing and the credential's own.
local function has_headers(operation, call_options)
  return operation.header_fields or call_options and call_options.headers
end

-- All headers of a call that has some of its own.
local function call_headers(operation, input, call_options, base)
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
  return core.headers(list, base)
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

-- The headers of a try; may log in for them. Returns them and the token used, or nil and
-- the fields of an error.
local function headers_of(self, operation, credential, input, call_options, deadline)
  local headers, used = credential.headers(self.standing[operation.body], self.trade, deadline)
  if not headers or not has_headers(operation, call_options) then
    return headers, used
  end
  local message, name
  headers, message, name = call_headers(operation, input, call_options, headers)
  if not headers then
    return nil, { kind = "invalid_input", field = name, message = message }
  end
  return headers, used
end

-- nginx ends a light thread without a word when its client has gone.
local function on_abandoned(request)
  request.limiter:leave(request.place, { kind = "cancelled" })
end

-- Sends a built request, as soon as the limits let it go. Returns the reply, or nil and the
-- fields of an error, and the place to give back when the network was tried.
local function send(self, credential, request, deadline, attempt)
  local limiter = credential.limiter
  local place, failure = limiter:enter(deadline)
  if not place then
    return nil, failure
  end
  local left = deadline - clock.now()
  if left <= 0 then
    limiter:leave(place, { kind = "cancelled" })
    return nil, { kind = "timeout", message = "the deadline passed before the request was sent" }
  end
  request.timeout = left
  request.limiter, request.place = limiter, place
  if not self.options.on_request then
    metrics.request(self, request, attempt)
  else -- which may raise, and must not keep the call's place then
    local told, raised = pcall(metrics.request, self, request, attempt)
    if not told then
      limiter:leave(place, { kind = "cancelled" })
      error(raised, 0)
    end
  end
  local reply
  reply, failure = credential.transport:send(request)
  return reply, failure, place
end

local PLAIN_HTTP = "%s is plain http to another machine, or by a proxy on one, where anyone on the way can read the secrets; "
  .. "use https, or say allow_http = true"

--- Calls a compiled operation.
---@param operation table from Client:operation
---@param input table|nil
---@param call_options table|nil timeout (seconds), headers (name = value), keep_null
---@param deadline number|nil on the clock of clock.now(); the timeout from now when not given
---@return any value, or nil
---@return table|nil err, or nil
---@return table|nil response beside a value; beside an error it is err.response
function Client:call(operation, input, call_options, deadline)
  if operation.holds_credential then
    local credential, message = self:credential(operation)
    if not credential then
      return self:fail(operation, input, { kind = "auth", message = message })
    end
  end
  if operation.option_fields then
    input = with_options(operation, input, self.options)
  end
  local target, body, field = operation.shape:encode(input)
  if not target then
    return self:fail(operation, input, { kind = "invalid_input", field = field, message = body }, call_options)
  end
  return self:perform(operation, target, body, input, call_options, deadline)
end

-- What all requests of an operation share.
local function new_request(self, operation, credential)
  local options = self.options
  local request = {
    method = operation.method,
    connect_timeout = options.connect_timeout,
    max_body = options.max_body,
    http_version = options.http_version,
    ca_file = options.ca_file,
    crl_file = options.crl_file,
    proxy = options.proxy,
    repeatable = operation.retry ~= "never", -- over a kept connection that turns out dead
    service = self.service,
    operation = operation.name,
    on_abandoned = on_abandoned,
  }
  if credential.username then
    request.auth, request.username, request.password = credential.kind, credential.username, credential.password
  end
  if not options.transport then -- which might change what it is sent
    request.prepared = core.request(request)
  end
  return request
end

-- The request of a call, but for its headers and the time it has.
local function request_of(self, operation, credential, target, body)
  local request = self.spare[operation] or new_request(self, operation, credential)
  self.spare[operation] = nil
  request.url = self.options.bases[operation.base].prefix .. target
  request.body = body
  return request
end

-- Keeps the request of a call that has succeeded for the next one. Who was given a transport
-- of his own may look at it later.
local function keep(self, operation, request)
  if not self.options.transport then
    request.body = nil
    self.spare[operation] = request
  end
end

-- One try: authenticates, sends, reads. Returns the value, or nil and the fields of an error
-- (or a whole error, of the login); then the response where an answer came, the token that
-- was used, and whether the network was tried.
local function try(self, operation, credential, request, input, call_options, deadline, attempt)
  local options, limiter = self.options, credential.limiter
  local headers, used = headers_of(self, operation, credential, input, call_options, deadline)
  if not headers then
    return nil, used
  end
  request.headers = headers
  local began = options.on_response and clock.now()
  local reply, failure, place = send(self, credential, request, deadline, attempt)
  if not reply then
    if place then
      limiter:leave(place, failure)
      metrics.response(self, request, attempt, failure, nil, began)
    end
    return nil, failure, nil, nil, place ~= nil
  end
  local keep_null = options.keep_null
  if call_options and call_options.keep_null ~= nil then
    keep_null = call_options.keep_null
  end
  local value, document
  local status = reply:status()
  value, failure, document = envelope.read(operation.envelope, reply, status, keep_null)
  if not failure and operation.convert then
    value = operation.convert(value)
  end
  local answer = self.new_response(reply, status, attempt, document or failure and failure.body)
  reply:release()
  limiter:leave(place, failure)
  metrics.response(self, request, attempt, failure, status, began)
  return value, failure, answer, used, true
end

local CANCELLED = { kind = "cancelled", outcome = "not_sent", message = "the task was cancelled before the request was sent" }

-- Seconds to pause before a failed call is tried again, or nil when it is not.
local function pause_after(self, operation, limiter, failure, failures, call_options, deadline)
  local tries = call_options and call_options.retry
  if tries == nil then
    tries = self.options.retry
  end
  local pause = retry.plan(operation.retry, failure, failures, tries or 0, deadline - clock.now())
  return pause and limiter.quota:take(failure.kind) and pause or nil
end

--- Sends an encoded call and reads its answer. A refused token is renewed once; a failed
-- try is repeated as retry.lua allows.
function Client:perform(operation, target, body, input, call_options, deadline)
  local options = self.options
  local base = options.bases[operation.base]
  if base.plain_http then
    return self:fail(operation, input, { kind = "invalid_input", field = base.option, message = PLAIN_HTTP:format(base.option) })
  end
  local credential, message = self:credential(operation)
  if not credential then
    return self:fail(operation, input, { kind = "auth", message = message })
  end
  -- now, before a login is made for a call that cannot be sent
  if has_headers(operation, call_options) then
    local fit, words, name = call_headers(operation, input, call_options, self.standing[operation.body])
    if not fit then
      return self:fail(operation, input, { kind = "invalid_input", field = name, message = words }, call_options)
    end
  end
  deadline = deadline or clock.now() + (call_options and call_options.timeout or options.timeout)
  local request = request_of(self, operation, credential, target, body)
  local attempts, failures, renewed, lost = 0, 0, false, false
  while true do
    local state = cancellation.current()
    local value, failure, answer, used, tried
    if state and state.cancelled then
      failure = CANCELLED
    else
      value, failure, answer, used, tried =
        try(self, operation, credential, request, input, call_options, deadline, attempts + 1)
    end
    if tried then
      attempts = attempts + 1
    end
    if not failure then
      keep(self, operation, request)
      return value, nil, answer
    elseif errors.is(failure) then -- the login's: it says itself what went wrong
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
      local pause = pause_after(self, operation, credential.limiter, failure, failures, call_options, deadline)
      if pause then
        metrics.retry(self, request, attempts, failure, pause)
      end
      if not pause or not clock.sleep(pause) then
        local _, err = self:fail(operation, input, {
          kind = failure.kind, message = failure.message, hint = failure.hint, code = failure.code, status = failure.status,
          outcome = lost and failure.outcome == "not_sent" and "unknown" or failure.outcome, field = failure.field,
          retry_after = failure.retry_after, body = failure.body, retry = operation.retry, attempts = attempts,
          response = answer,
        }, call_options)
        -- Two values: LuaJIT's assert raises its last argument, not its second, when that is a table.
        return nil, err
      end
    end
  end
end

return client
