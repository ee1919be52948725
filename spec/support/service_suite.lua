--- Declares the specs of one service, and one more that fails when something of its description was left without a spec.
--
--     local acme = suite.new("acme", { base = "https://acme.example", options = { token = "tok-1" },
--       headers = { accept = "application/json", authorization = "Bearer tok-1" } })
--     acme:success("things.add", "sends the name", { input = { name = "Lamp" }, value = true,
--       sends = { "POST", "/things", '{"name":"Lamp"}' }, answer = { 201, '{"ok":true}' } })
--     acme:refuses("things.add", { { "name", "required" }, { "name", "type", 7, "must be a string" } })
--     acme:fails("things.add", "TAKEN", "tells that the name is taken", { answer = { 409, '{"code":"TAKEN"}' }, kind = "conflict" })
--     acme:leaves_nothing_out()
--
-- A success is declared twice: over a transport that answers what the case says, and over the sandbox in this process.
-- All specs of a service's operations stand in one file, so that its last line can tell what is missing.

local assert = require "luassert"
local busted = require "busted"
local errors = require "frontdesk.errors"
local fake = require "support.fake_transport"
local frontdesk = require "frontdesk"
local input_rules = require "support.input_rules"
local resources = require "support.resources"

local suite = {}
suite.__index = suite

--- Specs of a service.
---@param name string
---@param settings table `base` (the address before the paths), `options` (of the client), `headers` (all of a request without
---  body but User-Agent, lower-case), `content_type` (of bodies; default application/json)
function suite.new(name, settings)
  return setmetatable({
    name = name, description = frontdesk[name].description, settings = settings, cases = {}, covered = {},
    content_type = settings.content_type or "application/json",
  }, suite)
end

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local result = {}
  for name, item in pairs(value) do
    result[name] = copy(item)
  end
  return setmetatable(result, getmetatable(value))
end

-- Entries of `changes` over those of `base`; false leaves one out.
local function merged(base, changes)
  local result = {}
  for _, source in ipairs { base or {}, changes or {} } do
    for name, item in pairs(source) do
      result[name] = item
    end
  end
  for name, item in pairs(changes or {}) do
    if item == false then
      result[name] = nil
    end
  end
  return result
end

--- A client over planned answers.
---@param options table|nil over the suite's; false leaves one out
---@param ... any answers: { status, text, headers } or what fake.transport takes
---@return table client
---@return table transport
function suite:client(options, ...)
  local answers = { ... }
  for i, answer in ipairs(answers) do
    if type(answer) == "table" and type(answer[1]) == "number" then
      answers[i] = fake.reply(answer[1], answer[2], answer[3])
    end
  end
  local transport = fake.transport((table.unpack or unpack)(answers))
  local given = merged(self.settings.options, options)
  given.transport = transport
  given.retry = 0 -- one answer is planned for each request
  return frontdesk[self.name](given), transport
end

function suite:note(operation, what)
  assert(self.description.operations[operation], operation .. " is no operation of " .. self.name)
  self.covered[operation .. " " .. what] = true
end

-- Calls as the case says: `call(client)`, or the operation with `input`.
local function call(client, operation, case, input)
  if case.call then
    return case.call(client)
  end
  local resource, method = resources.find(client, operation)
  return resource[method](resource, copy(input or case.input))
end

--- Holds a request against what is expected of it.
---@param sent table what the fake transport saw
---@param sends table { method, path below the base or a whole address, body }
---@param headers table|nil over the suite's; false: must not be there
function suite:expect(sent, sends, headers)
  assert.equal(sends[1], sent.method)
  assert.equal((sends[2]:find "^https?://" and "" or self.settings.base) .. sends[2], sent.url)
  assert.equal(sends[3], sent.body)
  local expected = merged(self.settings.headers, { ["content-type"] = sends[3] and self.content_type })
  expected = merged(expected, headers)
  assert.matches("^frontdesk/%d", sent.headers["user-agent"])
  sent.headers["user-agent"] = nil
  assert.same(expected, sent.headers)
end

local function value_of(value, err)
  assert(value ~= nil, "the call failed: " .. tostring(err))
  return value
end

--- Declares that a call succeeds: what goes out, and what comes back.
---@param operation string
---@param behaviour string
---@param case table `input` or `call`; `sends`, `headers`, `answer`, `value`; `options` of the client. For the sandbox:
---  `sandbox_options`, `sandbox_input` (function of the state), `prepare` (function of the state), `in_sandbox` (checks value,
---  state and client, when the value is not `value`); `sandbox = false` leaves the sandbox out
function suite:success(operation, behaviour, case)
  self:note(operation, "success")
  self.cases[operation] = self.cases[operation] or case

  busted.it(operation .. " " .. behaviour, function()
    local client, transport = self:client(case.options, case.answer)
    local value, err, response = call(client, operation, case)
    assert.same(case.value, value_of(value, err))
    assert.is_nil(err)
    assert.equal(1, #transport.sent)
    self:expect(transport.sent[1], case.sends, case.headers)
    assert.equal(case.answer[1], response.status)
  end)

  if case.sandbox == false then
    return
  end
  busted.it(operation .. " " .. behaviour .. ", in the sandbox", function()
    local transport = frontdesk.sandbox.transport { services = { self.name } }
    local state = transport:state(self.name)
    if case.prepare then
      case.prepare(state)
    end
    local client = frontdesk[self.name](transport:options(self.name, case.sandbox_options))
    local value = value_of(call(client, operation, case, case.sandbox_input and case.sandbox_input(state)))
    if case.in_sandbox then
      case.in_sandbox(value, state, client)
    else
      assert.same(case.value, value)
    end
  end)
end

-- Puts a value at a path such as "phones[1].type".
local function put(input, path, value)
  local keys = {}
  for name in path:gmatch "[^%.%[%]]+" do
    keys[#keys + 1] = tonumber(name) or name
  end
  for i = 1, #keys - 1 do
    input[keys[i]] = input[keys[i]] or {}
    input = input[keys[i]]
  end
  local last = keys[#keys]
  local before = input[last]
  input[last] = value
  return before
end

local function shown(value)
  if type(value) == "string" then
    return (("%q"):format(value):gsub("[%c]", "?"))
  end
  return value == frontdesk.null and "null" or type(value) == "table" and "a table" or tostring(value)
end

function suite:expect_refusal(operation, input, options, field, words)
  local client, transport = self:client(options)
  local value, err = call(client, operation, { input = input })
  assert.is_nil(value)
  assert.is_true(errors.is(err, "invalid_input"))
  assert.equal(field, err.field)
  assert.is_truthy(err.message:find(words, 1, true), err.message)
  assert.equal("not_sent", err.outcome)
  assert.is_false(err.retryable)
  assert.equal(0, #transport.sent)
  assert.equal(("%s.%s: invalid input: %s"):format(self.name, operation, err.message), tostring(err))
end

--- Declares that an input is refused and nothing sent. Each row is { path, rule, wrong value, words of the message }.
-- rule "required" needs no wrong value: leaving the field out, null and (for a text) "" are tried;
-- for the rule "condition" the wrong value is the whole input.
---@param operation string
---@param rows table[]
---@param case table|nil `input`: the right one (default: that of the first success), `options`: of the client
function suite:refuses(operation, rows, case)
  case = case or {}
  local right = case.input or self.cases[operation].input or {}
  for _, row in ipairs(rows) do
    local path, rule, wrong, words = row[1], row[2], row[3], row[4]
    self:note(operation, input_rules.key(path, rule))
    if rule == "required" then
      busted.it(("%s needs %s"):format(operation, path), function()
        local input = copy(right)
        local before = put(input, path, nil)
        self:expect_refusal(operation, input, case.options, path, path .. " is required")
        put(input, path, frontdesk.null)
        self:expect_refusal(operation, input, case.options, path, path .. " is required")
        if type(before) == "string" then
          put(input, path, "")
          self:expect_refusal(operation, input, case.options, path, path .. " is required")
        end
      end)
    elseif rule == "condition" then
      busted.it(("%s needs %s: %s"):format(operation, path, words), function()
        self:expect_refusal(operation, wrong, case.options, path, words)
      end)
    else
      busted.it(("%s refuses %s = %s: %s"):format(operation, path, shown(wrong), words), function()
        local input = copy(right)
        put(input, path, copy(wrong))
        self:expect_refusal(operation, input, case.options, path, path .. " " .. words)
      end)
    end
  end
end

-- For each type a value that it is not, and what the error says.
local OTHER_TYPES = {
  string = { 7, "must be a string" },
  id = { true, "must be a string or an integer" },
  integer = { "seven", "must be an integer" },
  number = { "seven", "must be a number" },
  boolean = { "yes", "must be true or false" },
  object = { "text", "must be an object" },
  array = { "text", "must be a list" },
}

--- Declares that no field of an input takes a value of another type than the description says. The rows of `refuses` for the
--- rule "type" come from the description: for large inputs, where the facts to pin down are which fields there are, and what
--- they ask beside their type.
---@param operation string
---@param case table|nil as of `refuses`
function suite:refuses_other_types(operation, case)
  case = case or {}
  local right = case.input or self.cases[operation].input or {}
  local fields = input_rules.types(self.description, operation)
  assert(#fields > 0, operation .. " has no field with a type")
  for _, field in ipairs(fields) do
    self:note(operation, input_rules.key(field[1], "type"))
  end
  busted.it(operation .. " refuses a value of another type in each of its fields", function()
    for _, field in ipairs(fields) do
      local path, other = field[1], assert(OTHER_TYPES[field[2]], "no wrong value for the type " .. field[2])
      local input = copy(right)
      put(input, path, other[1])
      self:expect_refusal(operation, input, case.options, path, path .. " " .. other[2])
    end
  end)
end

--- Declares that inputs are taken, and what is sent for each. A row is { input, body } or { input, nil, path }.
---@param operation string
---@param path string of the field
---@param rule string the rule that this covers
---@param behaviour string
---@param rows table[]
---@param case table|nil `options` of the client, `headers`
function suite:accepts(operation, path, rule, behaviour, rows, case)
  case = case or {}
  self:note(operation, input_rules.key(path, rule))
  busted.it(operation .. " " .. behaviour, function()
    local usual = self.cases[operation]
    for _, row in ipairs(rows) do
      local client, transport = self:client(case.options or usual.options, usual.answer)
      value_of(call(client, operation, { input = row[1] }))
      self:expect(transport.sent[1], { usual.sends[1], row[3] or usual.sends[2], row[2] }, case.headers or usual.headers)
    end
  end)
end

--- Declares that an answer is an error.
---@param operation string
---@param code string|nil the service's code
---@param behaviour string
---@param case table `answer`, `kind`; `message` (default: any), `field`, `outcome` (default "rejected"), `retryable`,
---  `input` or `call` (default: those of the first success), `options`
function suite:fails(operation, code, behaviour, case)
  if code then
    self:note(operation, "error " .. code)
    self.covered["code " .. code] = true
  end
  busted.it(operation .. " " .. behaviour, function()
    local usual = self.cases[operation]
    local client, transport = self:client(case.options or usual.options, case.answer)
    local value, err = call(client, operation, (case.input or case.call) and case or usual)
    assert.is_nil(value)
    assert.is_true(errors.is(err))
    assert.same({ kind = case.kind, code = code, status = case.answer[1], field = case.field, outcome = case.outcome or "rejected",
      service = self.name, operation = operation, attempts = 1 },
      { kind = err.kind, code = err.code, status = err.status, field = err.field, outcome = err.outcome,
        service = err.service, operation = err.operation, attempts = err.attempts })
    assert.is_true(#err.message > 0)
    if case.message then
      assert.equal(case.message, err.message)
    end
    if case.retryable ~= nil then
      assert.equal(case.retryable, err.retryable)
    end
    local status = case.answer[1] >= 400 and case.answer[1] .. " " or ""
    local line = ("%s.%s: %s%s"):format(self.name, operation, status, code or "")
    assert.equal(line, tostring(err):sub(1, #line))
    assert.is_nil(tostring(err):find("\n", 1, true))
    assert.equal(1, #transport.sent)
    assert.equal(case.answer[1], err.response.status)
  end)
end

local function operations_of(description)
  local names = {}
  for name in pairs(description.operations) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

--- Declares that the specs before (and after) this leave nothing of the description out.
function suite:leaves_nothing_out()
  local function missing(list, operation, what)
    if not self.covered[operation .. " " .. what] then
      list[#list + 1] = operation .. ": " .. what
    end
  end
  local function check(behaviour, collect)
    busted.it(behaviour, function()
      local list = {}
      for _, name in ipairs(operations_of(self.description)) do
        collect(list, name, self.description.operations[name])
      end
      assert.same({}, list)
    end)
  end

  busted.describe("the specs of " .. self.name, function()
    check("have a success of every operation", function(list, name)
      missing(list, name, "success")
    end)
    check("have every documented code of every operation", function(list, name, operation)
      for _, code in ipairs(operation.errors or {}) do
        missing(list, name, "error " .. code)
      end
    end)
    check("have every rule of every input", function(list, name)
      for _, rule in ipairs(input_rules.of(self.description, name)) do
        missing(list, name, rule)
      end
    end)
    busted.it("have every code of the service", function()
      local list = {}
      for code in pairs(self.description.errors or {}) do
        missing(list, "code", code)
      end
      assert.same({}, list)
    end)
  end)
end

return suite
