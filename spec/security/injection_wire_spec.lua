-- What injection_spec.lua proves before the transport, seen from a server: one call is one request, and holds what it should.

local core = require "frontdesk.core"
local every_service = require "support.every_service"
local frontdesk = require "frontdesk"
local raw_server = require "support.raw_server"

local SECRET = "t0k-hidden-99"

describe("on the wire", function()
  local server

  setup(function()
    server = raw_server.start [[
      while read_request() do
        send "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
      end
    ]]
  end)

  teardown(function()
    server:stop()
  end)

  local function client_of(name, extra)
    return frontdesk[name](every_service.options(name, extra, server.url))
  end

  local HOSTILE = "a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n"

  -- The input of an operation with every text in it hostile, at any depth.
  local function poisoned(value)
    if value == "a text" or value == "any" then
      return HOSTILE
    elseif type(value) == "table" and value ~= frontdesk.null then
      local copy = {}
      for key, item in pairs(value) do
        copy[key] = poisoned(item)
      end
      return copy
    end
    return value
  end

  it("one call is one request, whatever its texts hold: every field of every operation", function()
    local calls = 0
    for _, name in ipairs(every_service.names) do
      local client = client_of(name)
      for _, operation in ipairs(every_service.operations(name)) do
        local case = { service = name, operation = operation }
        local input = poisoned(every_service.input(case))
        for _, header in ipairs(every_service.fields "header") do -- they are refused, as seen above
          if header.service == name and header.operation == operation then
            input[header.field] = "till-1"
          end
        end
        local value, err = every_service.call(client, operation, input)
        assert.is_nil(value)
        if err.outcome ~= "not_sent" then
          calls = calls + 1
        else
          assert.equal("invalid_input", err.kind)
        end
      end
    end
    local requests = server:requests()
    assert.is_true(calls > 30)
    assert.equal(calls, #requests)
    for _, request in ipairs(requests) do
      local head, body = request:match "^(.-)\r\n\r\n(.*)$"
      assert.is_nil(head:find("\nX-Evil", 1, true), head)
      assert.is_nil(body:find("%c"), body)
    end
  end)

  it("what is allowed in a header is one header there", function()
    local before = #server:requests()
    local odd = "tab\there, \226\128\168 line separator, \194\133 next line, \255, %0d%0aX-Evil: 1, \\r\\nX-Evil: 1"
    client_of("pos", { user_agent = "agent \226\128\168 %0d%0a", token = "t0k-%0d%0aX-Evil:1" }).me:info(nil, { headers = { ["X-Odd"] = odd, ["X-Empty"] = "" } })
    local head = server:requests()[before + 1]
    assert.is_truthy(head:find("\r\nX-Odd: " .. odd .. "\r\n", 1, true), head)
    assert.is_truthy(head:find("\r\nX-Empty:\r\n", 1, true), head)
    assert.is_truthy(head:find("\r\nAuthorization: Bearer t0k-%0d%0aX-Evil:1\r\n", 1, true), head)
    assert.is_truthy(head:find("\r\nUser-Agent: agent \226\128\168 %0d%0a\r\n", 1, true), head)
    assert.is_nil(head:find("\nX-Evil", 1, true))
  end)

  it("there is nothing of a name that Basic cannot carry", function()
    local before = server:count()
    local client = client_of("pos", { auth = "basic", username = "mai:" .. SECRET, password = "t0k-pass" })
    local value, err = client.me:info()
    assert.is_nil(value)
    assert.equal("invalid_input", err.kind)
    assert.equal("username", err.field)
    assert.equal("not_sent", err.outcome)
    assert.equal(before, server:count())
  end)

  it("there is nothing of what a transport of a script's own would hand to the core", function()
    local before, engine = server:count(), core.engine()
    for _, field in ipairs { "url", "method", "username", "password", "proxy", "ca_file" } do
      for _, control in ipairs { "\r", "\n", "\r\nX-Evil: 1", "\0", "\27", "\127" } do
        local text = SECRET .. control
        local request = { url = server.url .. "/x", method = "GET", auth = "basic", username = "mai", password = "pw" }
        request[field] = field == "url" and request.url .. text or text
        local transfer, failure = engine:submit(request)
        assert.is_nil(transfer, field)
        assert.equal("invalid_input", failure.kind)
        assert.equal(field, failure.field)
        assert.equal("not_sent", failure.outcome)
        assert.is_nil(failure.message:find(SECRET, 1, true))
        assert.is_nil(failure.message:find "%c")
      end
    end
    engine:close()
    assert.equal(before, server:count())
  end)
end)
