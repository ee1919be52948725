-- Credentials are nowhere in what a program can print or log, whoever sends them back, and in whatever form.
local config = require "frontdesk.config"
local every_service = require "support.every_service"
local fake = require "support.fake_transport"
local frontdesk = require "frontdesk"
local leak_hunter = require "support.leak_hunter"
local resources = require "support.resources"

-- What secrets may look like: one that can be a code of an error, and one that every encoding changes.
local LOOKS = {
  plain = function(name) return ("t0k.%s-7f3a91"):format(name) end,
  awkward = function(name) return ('t0k/%s+%%2 "\\&<é=='):format(name) end,
}

-- Every way to give a client of a service credentials: each choice of each role, with all other secrets given too.
local function clients_of(service)
  local description, list = frontdesk[service].description, {}
  for look, make in pairs(LOOKS) do
    for role, choices in pairs(description.credentials) do
      for i, choice in ipairs(choices) do
        local needed = {}
        for _, name in pairs(choice.needs or { choice.token, choice.username, choice.password }) do
          needed[name] = true
        end
        local options, secrets = {}, {}
        for _, option in ipairs((config.options(description))) do
          local name = option[1]
          if option.secret and (needed[name] or name ~= "token" and name ~= "password") then
            options[name] = make(service .. "-" .. name)
            secrets[#secrets + 1] = options[name]
          end
        end
        if needed.username then
          options.username = "anna"
          secrets[#secrets + 1] = "anna:" .. options.password
        end
        for _, pair in ipairs(choice.fields or {}) do
          options[pair[2]] = options[pair[2]] or "anna"
        end
        for name, value in pairs(choice.when or {}) do
          options[name] = value or nil
        end
        list[#list + 1] = { service = service, role = role, kind = choice.kind, choice = choice, options = options,
          secrets = secrets, make = make, first = i == 1, name = ("%s, %s, %s"):format(role, choice.kind, look) }
      end
    end
  end
  return list
end

-- Which operations to call with a credential: a few that differ, or all.
local function operations_of(given, all)
  local list, seen = {}, {}
  for _, name in ipairs(every_service.operations(given.service)) do
    local spec = frontdesk[given.service].description.operations[name]
    local class = spec.method .. spec.retry
    if (spec.credential or "default") == given.role and (all or not seen[class]) then
      list[#list + 1], seen[class] = name, true
    end
  end
  return list
end

-- Puts a value at a dotted path.
local function put(document, path, value)
  local last = path:match "[^%.]+$"
  for step in path:sub(1, -#last - 1):gmatch "[^%.]+" do
    document[step] = type(document[step]) == "table" and document[step] or {}
    document = document[step]
  end
  document[last] = value
end

local SAMPLES = { string = "fine", boolean = true, any = true }

-- The text of a success. A login gives the token.
local function success(service, operation, token)
  local description = frontdesk[service].description
  local spec, document = description.operations[operation], {}
  local path = spec.value == nil and description.envelope.value or spec.value
  if type(path) == "string" then
    put(document, path, token or SAMPLES[spec.output] or {})
  end
  for _, conditions in ipairs { (spec.envelope or {}).ok or description.envelope.ok, (spec.envelope or {}).also or {} } do
    for _, condition in ipairs(conditions) do
      if condition.is ~= nil then
        put(document, condition[1], type(condition.is) == "table" and condition.is[1] or condition.is)
      end
    end
  end
  return assert(frontdesk.json.encode(document))
end

-- A reply that keeps to itself what a table would show to a printer.
local function reply(status, text, headers)
  local inner = fake.reply(status, text, headers)
  return setmetatable({}, { __index = function(_, name)
    return inner[name] and function(_, ...) return inner[name](inner, ...) end
  end })
end

-- Headers that hold all forms of all secrets, in names and values.
local function echo_headers(trip, more)
  local forms = trip.hunter:forms()
  local headers = { ["content-type"] = "application/json", location = "https://else.example/?key=" .. table.concat(forms, "&key="),
    ["x-request-id"] = trip.secrets[1], ["x-echo"] = forms[3], ["www-authenticate"] = "Bearer " .. forms[1] }
  for _, secret in ipairs(trip.secrets) do
    headers["x-" .. secret:lower()] = "1"
  end
  for name, value in pairs(more or {}) do
    headers[name] = value
  end
  return headers
end

-- A document that holds them wherever a service has its code, its message or its fields.
local function echo_document(trip)
  local forms, secret = trip.hunter:forms(), trip.secrets[1]
  local said = "your key " .. secret .. " is not " .. trip.secrets[#trip.secrets]
  local document = { code = secret, status = secret, result = secret, msg = said, message = said, detail = said, title = said,
    status_code = -9999, validation_messages = { [secret] = { wrong = said } }, all = table.concat(forms, " "),
    payload = { error = { code = secret, message = said }, deep = { { { { [secret] = forms[2] } } } } } }
  return assert(frontdesk.json.encode(document))
end

local function refusal(status, more)
  return function(trip) return reply(status, echo_document(trip), echo_headers(trip, more)) end
end

local function page(status, text)
  return function(trip)
    return reply(status, text:format(table.concat(trip.hunter:forms(), "<br>")), echo_headers(trip, { ["content-type"] = "text/html" }))
  end
end

local function failure(kind, outcome)
  return function(trip)
    local forms = table.concat(trip.hunter:forms(), " ")
    return { kind = kind, outcome = outcome, message = forms, detail = forms }
  end
end

-- Every way in which a call fails: the words for it, what answers, and the kind where it is one for all.
local FAILURES = {
  { "its credential is refused", refusal(401) },
  { "it is forbidden", refusal(403) },
  { "there is no such thing", refusal(404) },
  { "there is a conflict", refusal(409) },
  { "its input is refused", refusal(422) },
  { "there are too many calls", refusal(429, { ["retry-after"] = "7" }) },
  { "the service is out of order", refusal(500) },
  { "a gateway speaks for the service", page(502, "<html>%s</html>") },
  { "a page comes instead of JSON", page(200, "<html>%s</html>"), "decode" },
  { "it is redirected", function(trip) return reply(302, "", echo_headers(trip)) end, "protocol" },
  { "the JSON breaks off", page(200, '{"message":"%s'), "decode" },
  { "a success is refused in its document", refusal(200) },
  { "nothing but headers comes", function(trip) return reply(503, "", echo_headers(trip)) end, "unavailable" },
  { "it takes too long", failure("timeout", "unknown"), "timeout" },
  { "the network fails", failure("network", "not_sent"), "network" },
  { "TLS fails", failure("tls", "not_sent"), "tls" },
  { "the answer is too large", failure("too_large", "unknown"), "too_large" },
  { "it is cancelled", failure("cancelled", "unknown"), "cancelled" },
}

local function fields_of(service, operation)
  local description = frontdesk[service].description
  local fields = description.operations[operation].input or {}
  return type(fields) == "string" and description.types[fields] or fields
end

-- Whether an operation has secret fields.
local function has_secrets(service, operation)
  for _, field in ipairs(fields_of(service, operation)) do
    if field.secret then
      return true
    end
  end
  return false
end

local hunters = {}

local function hunter_of(secrets)
  local key = table.concat(secrets, "\n")
  hunters[key] = hunters[key] or leak_hunter.new(secrets)
  return hunters[key]
end

-- A client whose calls are answered by `answer(trip, request)`; a login succeeds unless `logins` is false.
local function travel(given, operation, answer, logins, extra)
  local trip = { secrets = {}, events = {} }
  for i, secret in ipairs(given.secrets) do
    trip.secrets[i] = secret
  end
  local token = given.make(given.service .. "-from-login")
  if given.kind == "exchange" and logins ~= false then
    trip.secrets[#trip.secrets + 1] = token
  end
  if operation and has_secrets(given.service, operation) then
    trip.secrets[#trip.secrets + 1] = given.make "input"
  end
  trip.hunter = hunter_of(trip.secrets)
  local options = every_service.options(given.service, { retry = 0 })
  for _, name in ipairs { "token", "username", "password" } do
    options[name] = nil
  end
  for _, source in ipairs { given.options, extra or {} } do
    for name, value in pairs(source) do
      options[name] = value
    end
  end
  for _, name in ipairs { "on_request", "on_response", "on_retry" } do
    options[name] = function(event) trip.events[#trip.events + 1] = event end
  end
  local login = given.choice.operation
  options.transport = { send = function(_, request)
    local answered
    if request.operation == login and logins ~= false then
      answered = reply(200, success(given.service, login, given.choice.token == true and token or { [given.choice.token] = token }))
    else
      answered = answer(trip, request)
    end
    if answered.kind then
      return nil, answered
    end
    return answered
  end }
  trip.client = frontdesk[given.service](options)
  return trip
end

-- An input of an operation, with a secret in each secret field.
local function input_of(given, operation)
  local changes = {}
  for _, field in ipairs(fields_of(given.service, operation)) do
    changes[field[1]] = field.secret and given.make "input" or nil
  end
  return every_service.input({ service = given.service, operation = operation }, changes)
end

local function traceback(raised)
  return { raised, debug.traceback(tostring(raised)) }
end

-- Searches what a failed call leaves behind.
local function search(trip, err, where)
  trip.hunter:search(err, where .. ": the error, or its response")
  local _, raised = xpcall(function() error(err) end, traceback)
  trip.hunter:search({ raised[2], trip.events, trip.client }, where .. ": the error raised, the hooks, the client")
end

for _, service in ipairs(every_service.names) do
  describe("the secrets of " .. service .. " are not shown", function()
    for _, case in ipairs(FAILURES) do
      local words, answer, kind = case[1], case[2], case[3]
      it("when " .. words, function()
        for _, given in ipairs(clients_of(service)) do
          for _, operation in ipairs(operations_of(given, words == FAILURES[1][1])) do
            local where = ("%s (%s)"):format(operation, given.name)
            local trip = travel(given, operation, answer)
            local value, err = every_service.call(trip.client, operation, input_of(given, operation))
            assert(value == nil and frontdesk.errors.is(err, kind), where .. ": " .. tostring(err))
            search(trip, err, where)
          end
        end
      end)
    end

    it("when it is tried again and again", function()
      for _, given in ipairs(clients_of(service)) do
        for _, operation in ipairs(operations_of(given)) do
          local trip = travel(given, operation, refusal(503, { ["retry-after"] = "0" }), true, { retry = 2 })
          local _, err = every_service.call(trip.client, operation, input_of(given, operation))
          search(trip, assert(err), operation)
        end
      end
    end)

    it("when its login fails in any of these ways", function()
      for _, given in ipairs(clients_of(service)) do
        if given.kind == "exchange" then
          for _, case in ipairs(FAILURES) do
            local operation = operations_of(given)[1]
            local trip = travel(given, nil, case[2], false)
            local _, err = every_service.call(trip.client, operation, input_of(given, operation))
            assert.equal(given.choice.operation, err.operation)
            search(trip, err, case[1])
          end
        end
      end
    end)

    it("when it succeeds", function()
      for _, given in ipairs(clients_of(service)) do
        for _, operation in ipairs(operations_of(given, true)) do
          local trip = travel(given, nil, function(trip)
            return reply(200, success(service, operation), echo_headers(trip))
          end)
          local value, err, response = every_service.call(trip.client, operation, input_of(given, operation))
          assert(value, operation .. ": " .. tostring(err))
          trip.hunter:search({ value, response, response.headers, response.request_id }, operation)
          trip.hunter:search({ trip.client, trip.events, frontdesk.metrics() }, operation)
        end
      end
    end)

    it("when one stands in a field where it does not belong", function()
      for _, given in ipairs(clients_of(service)) do
        for _, operation in ipairs(given.first and operations_of(given, true) or {}) do
          local trip = travel(given, nil, refusal(400))
          local secret = given.secrets[1]
          local right = every_service.input({ service = service, operation = operation })
          right[secret] = "an unknown name"
          local list = { right }
          for name in pairs(right) do
            for _, wrong in ipairs { secret, { secret }, { [secret] = secret } } do
              local input = every_service.input({ service = service, operation = operation }, { [name] = wrong })
              list[#list + 1] = input
            end
          end
          for _, input in ipairs(list) do
            local value, err = every_service.call(trip.client, operation, input)
            if value == nil then
              search(trip, err, operation)
            end
          end
        end
      end
    end)

    it("when the module is misused", function()
      for _, given in ipairs(clients_of(service)) do
        local trip = travel(given, nil, refusal(400))
        local client, secret = trip.client, given.secrets[1]
        local resource, method = resources.find(client, operations_of(given)[1])
        local misuses = {
          function() return client[secret] end,
          function() client[secret] = secret end,
          function() return resource[secret] end,
          function() return resource[method](secret) end,
          function() return resource[method](resource, {}, { [secret] = secret }) end,
          function() return resource[method](resource, {}, { timeout = secret }) end,
          function() return client.request(secret) end,
          function() return client:request({ path = "/x" }, { headers = secret }) end,
          function() return frontdesk[service](secret) end,
        }
        for _, name in ipairs(every_service.operations(service)) do
          local family = name:match "^([^.]+)%.[^.]+%."
          misuses[#misuses + 1] = family and function() return client[family][secret] end
        end
        for name, value in pairs(given.options) do
          for _, wrong in ipairs { "environment", "timeout", "retry", "http_version", "base_url", "ca_file", value } do
            misuses[#misuses + 1] = function()
              return frontdesk[service] { [name] = value, [wrong] = value, base_url = wrong == "base_url" and value or nil }
            end
          end
        end
        for i, misuse in ipairs(misuses) do
          local ok, raised = xpcall(misuse, traceback)
          trip.hunter:search(raised, "misuse " .. i)
          assert(i > 7 or not ok, "misuse " .. i .. " did not raise")
        end
      end
    end)

    it("when a hook or a transport raises", function()
      for _, given in ipairs(clients_of(service)) do
        local operation = operations_of(given)[1]
        for _, name in ipairs { "on_request", "on_response", "send" } do
          local function raise() error("no luck") end
          local trip = travel(given, operation, name == "send" and raise or refusal(400))
          local options = {}
          for key, value in pairs(given.options) do
            options[key] = value
          end
          for key, value in pairs(every_service.addresses(service)) do
            options[key] = value
          end
          options[name], options.send = name ~= "send" and raise or nil, nil
          options.transport = { send = name == "send" and raise or function() return refusal(400)(trip) end }
          if name == "on_request" or given.kind ~= "exchange" then
            local client = frontdesk[service](options)
            local ok, raised = xpcall(every_service.call, traceback, client, operation, input_of(given, operation))
            assert.is_false(ok)
            assert.matches("no luck", tostring(raised[1]), 1, true)
            trip.hunter:search(raised, name)
          end
        end
      end
    end)
  end)
end
