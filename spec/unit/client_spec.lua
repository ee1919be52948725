local acme = require "support.acme"
local errors = require "frontdesk.errors"
local fake = require "support.fake_transport"
local frontdesk = require "frontdesk"
local service = require "frontdesk.service"

local reply = fake.reply

-- A client of the made-up service over planned answers.
local function client_with(options, ...)
  local transport = fake.transport(...)
  options.transport = transport
  options.retry = options.retry or 0 -- retry_spec.lua looks at tries
  options.profile = nil
  return service.new(acme)(options), transport
end

local OK = '{"status":0,"payload":{"id":5}}'

describe("a call", function()
  it("sends method, address, headers and body", function()
    local client, transport = client_with({ token = "tok-1" }, reply(200, OK))
    assert.is_true(client.things:add { name = "Lamp" })
    local sent = transport.sent[1]
    assert.equal("POST", sent.method)
    assert.equal("https://acme.example/api/things", sent.url)
    assert.equal('{"name":"Lamp"}', sent.body)
    assert.equal("Bearer tok-1", sent.headers.authorization)
    assert.equal("application/json", sent.headers["content-type"])
    assert.equal("application/json", sent.headers.accept)
    assert.truthy(sent.headers["user-agent"]:find("^frontdesk/"))
  end)

  it("gives value, no error and the response", function()
    local client = client_with({ token = "tok-1" }, reply(200, '{"status":0,"payload":{"id":5}}', {
      ["content-type"] = "application/json", ["x-request-id"] = "r-9",
    }))
    local value, err, response = client.things:get "a b/c"
    assert.same({ id = 5 }, value)
    assert.is_nil(err)
    assert.equal(200, response.status)
    assert.equal(1, response.attempts)
    assert.equal("r-9", response.request_id)
    assert.equal("r-9", response.headers["x-request-id"])
    assert.equal(0.001, response.timings.total)
    assert.same({ status = 0, payload = { id = 5 } }, response.document)
    assert.equal("frontdesk.response: HTTP 200", tostring(response))
  end)

  it("says true when there is nothing else to say", function()
    local client = client_with({ token = "tok-1" }, reply(204), reply(200, OK))
    assert.is_true(client.things:delete(7))
    assert.is_true(client.things:rename(7, "Desk"))
  end)

  it("does not take an answer without content for a value, nor an interim one for an answer", function()
    local client = client_with({ token = "tok-1" }, reply(204), reply(101, OK))
    for _, words in ipairs { "HTTP 204 and nothing in it", "HTTP 101, which is no final answer" } do
      local value, err = client.things:get(7)
      assert.is_nil(value)
      assert.equal("protocol", err.kind)
      assert.equal("unknown", err.outcome)
      assert.truthy(err.message:find(words, 1, true))
    end
  end)

  it("takes fields by position where the operation names them, and call options behind", function()
    local client, transport = client_with({ token = "tok-1" }, reply(200, OK), reply(200, OK), reply(200, OK))
    client.things:rename("7", "Desk", { headers = { ["X-Trace"] = "t" } })
    client.things:rename({ id = "7", name = "Desk" }, { headers = { ["X-Trace"] = "t" } })
    for i = 1, 2 do
      assert.equal("https://acme.example/api/things/7", transport.sent[i].url)
      assert.equal('{"name":"Desk"}', transport.sent[i].body)
      assert.equal("t", transport.sent[i].headers["x-trace"])
    end
  end)

  it("refuses bad data before anything is sent", function()
    local client, transport = client_with { token = "tok-1" }
    local value, err = client.things:add { nme = "Lamp" }
    assert.is_nil(value)
    assert.equal("invalid_input", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal("nme", err.field)
    assert.truthy(tostring(err):find('^acme.things.add: invalid input: .*did you mean "name"'))
    for _, id in ipairs { "", ".", ".." } do
      value, err = client.things:get(id)
      assert.is_nil(value)
      assert.equal("id", err.field)
    end
    value, err = client.things:get(nil)
    assert.is_nil(value)
    assert.equal("id", err.field)
    value, err = client.things:get "a\0b"
    assert.is_nil(value)
    assert.equal("id", err.field)
    assert.equal(0, #transport.sent)
  end)

  it("refuses a header with a line break, naming it and not its value", function()
    local client, transport = client_with { token = "tok-1" }
    local _, err = client.things:add({ name = "Lamp" }, { headers = { ["X-Trace"] = "one\r\nX-Evil: two" } })
    assert.equal("invalid_input", err.kind)
    assert.truthy(err.message:find("X-Trace", 1, true))
    assert.is_nil(err.message:find("Evil", 1, true))
    assert.equal(0, #transport.sent)
  end)

  it("refuses to send secrets over plain http to another machine", function()
    local client, transport = client_with { token = "tok-1", base_url = "http://acme.example" }
    local _, err = client.things:get(1)
    assert.equal("invalid_input", err.kind)
    assert.equal("base_url", err.field)
    assert.truthy(err.message:find("allow_http", 1, true))
    _, err = client:request { path = "/things/1" }
    assert.equal("base_url", err.field)
    assert.equal(0, #transport.sent)
    client, transport = client_with({ token = "tok-1", base_url = "http://acme.example", allow_http = true }, reply(200, OK))
    assert.is_table((client.things:get(1)))
    assert.equal("http://acme.example/things/1", transport.sent[1].url)
  end)

  it("passes the transport's failure on, with the outcome", function()
    local client = client_with({ token = "tok-1" },
      { kind = "timeout", outcome = "unknown", message = "no answer within 30 s" },
      { kind = "network", outcome = "not_sent", message = "could not connect" },
      { kind = "timeout", outcome = "unknown", message = "no answer within 30 s" })
    local _, err = client.things:add { name = "Lamp" }
    assert.equal("timeout", err.kind)
    assert.equal("unknown", err.outcome)
    assert.equal(1, err.attempts)
    assert.is_false(err.retryable)
    _, err = client.things:add { name = "Lamp" }
    assert.equal("not_sent", err.outcome)
    assert.is_true(err.retryable)
    _, err = client.things:get(1)
    assert.is_true(err.retryable)
  end)

  it("never shows a secret in an error, even when the service echoes it", function()
    local client = client_with({ token = "tok-very-secret" },
      reply(400, '{"status":3,"code":"BAD","message":"token tok-very-secret, pin 4711-0815, pin 0815-4711"}'))
    local _, err = client.things:add { name = "Lamp", pin = "4711-0815", parts = { { pin = "0815-4711" } } }
    assert.equal("token (hidden), pin (hidden), pin (hidden)", err.message)
  end)

  it("hands limits and deadlines to the transport", function()
    local client, transport = client_with({ token = "tok-1", timeout = 5, connect_timeout = 2, max_body = 1000 }, reply(200, OK), reply(200, OK))
    client.things:get(1)
    assert.equal(2, transport.sent[1].connect_timeout)
    assert.equal(1000, transport.sent[1].max_body)
    assert.is_true(transport.sent[1].timeout > 4 and transport.sent[1].timeout <= 5)
    client.things:get(1, { timeout = 1 })
    assert.is_true(transport.sent[2].timeout <= 1)
  end)

  it("keeps nulls in objects when asked to", function()
    local client = client_with({ token = "tok-1" },
      reply(200, '{"status":0,"payload":{"id":null}}'), reply(200, '{"status":0,"payload":{"id":null}}'))
    assert.same({}, (client.things:get(1)))
    assert.same({ id = frontdesk.null }, (client.things:get(1, { keep_null = true })))
  end)

  it("converts flags and JSON strings of the answer, at any depth", function()
    local client = client_with({ token = "tok-1" },
      reply(200, [[{"status":0,"payload":{"id":1,"active":"Y","extra":"[1,2]","parts":[{"active":"N"},{"active":"W"}]}}]]))
    assert.same({ id = 1, active = true, extra = { 1, 2 }, parts = { { active = false }, { active = "W" } } }, (client.things:get(1)))
  end)
end)

describe("an answer that is not a success", function()
  local function failure(...)
    local client = client_with({ token = "tok-1" }, ...)
    local value, err, response = client.things:get(1)
    assert.is_nil(value)
    assert.is_true(errors.is(err))
    assert.is_nil(response)
    assert.is_table(err.response)
    return err, err.response
  end

  it("is what assert raises, whatever Lua it is", function()
    local client = client_with({ token = "tok-1" }, reply(404, '{"status":4,"message":"none"}'))
    local ok, raised = pcall(function() return assert(client.things:get(1)) end)
    assert.is_false(ok)
    assert.equal("acme.things.get: 404 4: none", tostring(raised))
  end)

  it("has the service's code, its words, their meaning and the whole document", function()
    local err, response = failure(reply(400, '{"status":3,"code":"TAKEN","message":"sorry"}'))
    assert.equal("conflict", err.kind)
    assert.equal("TAKEN", err.code)
    assert.equal("sorry", err.message)
    assert.equal("It is taken.", err.hint)
    assert.equal(400, err.status)
    assert.equal("rejected", err.outcome)
    assert.equal(1, err.attempts)
    assert.same({ status = 3, code = "TAKEN", message = "sorry" }, err.body)
    assert.equal(400, response.status)
  end)

  it("may come with HTTP 200", function()
    assert.equal("7", failure(reply(200, '{"status":7,"message":"no"}')).code)
    assert.equal("rejected", failure(reply(200, '{"status":0,"payload":false}')).kind)
    assert.equal("rejected", failure(reply(200, '{"status":0,"payload":{"error":{"a":1}}}')).kind)
  end)

  it("is none where an error member is there and empty", function()
    local client = client_with({ token = "tok-1" }, reply(200, '{"status":0,"payload":{"error":{}}}'))
    assert.is_table((client.things:get(1)))
  end)

  it("takes words for a code only where the description knows them", function()
    assert.equal("TAKEN", failure(reply(409, '{"title":"TAKEN"}')).code)
    assert.is_nil(failure(reply(409, '{"title":"Conflict"}')).code)
  end)

  it("names the field of a validation report", function()
    local err = failure(reply(422, '{"title":"Failed","problems":{"zip":{"isEmpty":"must be given"},"age":{"b":"too low","a":"not a number"}}}'))
    assert.equal("invalid_input", err.kind)
    assert.equal("age", err.field)
    assert.equal("Failed: age: not a number", err.message)
  end)

  it("may be plain text that the description knows", function()
    local err = failure(reply(200, "Go away\n", { ["content-type"] = "text/plain" }), reply(200, "Go away"))
    assert.equal("auth", err.kind)
    assert.equal("unwelcome", err.code)
  end)

  it("may be a page of HTML, with 502 and with 200", function()
    local page = "<html><body>oops</body></html>"
    local err = failure(reply(502, page, { ["content-type"] = "text/html; charset=utf-8" }))
    assert.equal("unavailable", err.kind)
    assert.equal("unknown", err.outcome)
    assert.truthy(err.message:find("text/html", 1, true))
    assert.is_nil(err.message:find("oops", 1, true))
    assert.equal("decode", failure(reply(200, page, { ["content-type"] = "text/html" })).kind)
  end)

  it("may be empty or a redirect", function()
    assert.truthy(failure(reply(500, "")).message:find("empty body", 1, true))
    assert.equal("decode", failure(reply(200, "")).kind)
    assert.equal("protocol", failure(reply(302, "", { location = "https://elsewhere.example" })).kind)
  end)

  it("may lack what the service promises, or have it of another type", function()
    local err = failure(reply(200, '{"status":0}'))
    assert.equal("protocol", err.kind)
    assert.truthy(err.message:find('no "payload"', 1, true))
    err = failure(reply(200, '{"status":0,"payload":"text"}'))
    assert.equal("protocol", err.kind)
    assert.truthy(err.message:find('"payload" is not a table', 1, true))
    assert.equal("unknown", err.outcome)
  end)

  it("tells how long to wait", function()
    local err = failure(reply(429, '{"message":"slow down"}', { ["retry-after"] = "7" }))
    assert.equal("rate_limited", err.kind)
    assert.equal(7, err.retry_after)
    assert.is_true(err.retryable)
    assert.is_nil(failure(reply(503, "{}", { ["retry-after"] = "-1" })).retry_after)
  end)
end)

describe("a credential", function()
  it("can be a pair of raw headers", function()
    local client, transport = client_with({ left = "one", right = "two" }, reply(200, OK))
    assert.is_table((client.pairs:current()))
    assert.equal("one", transport.sent[1].headers.authorization)
    assert.equal("two", transport.sent[1].headers["x-key"])
  end)

  it("can be a name and a password that libcurl sends", function()
    local client, transport = client_with({ username = "mai", password = "pw-12345", scheme = "digest" }, reply(200, OK))
    client.things:get(1)
    assert.equal("digest", transport.sent[1].auth)
    assert.equal("mai", transport.sent[1].username)
    assert.equal("pw-12345", transport.sent[1].password)
    assert.is_nil(transport.sent[1].headers.authorization)
  end)

  it("that is missing is an error which says what to give", function()
    local client, transport = client_with {}
    local _, err = client.things:get(1)
    assert.equal("auth", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.truthy(err.message:find("token, or username and password", 1, true))
    _, err = client.shops:current()
    assert.truthy(err.message:find("shop_key", 1, true))
    assert.equal(0, #transport.sent)
  end)

  it("can be another one in a client for a shop", function()
    local client, transport = client_with({ token = "tok-1" }, reply(200, OK), reply(200, OK))
    local shop = client:shop "shop-key-1"
    assert.is_table((shop.shops:current()))
    assert.equal("Bearer shop-key-1", transport.sent[1].headers.authorization)
    assert.is_table((shop.things:get(1)))
    assert.equal("Bearer tok-1", transport.sent[2].headers.authorization)
  end)
end)

describe("a token from a login", function()
  local LOGIN = '{"token":"tok-%d"}'
  local refused = reply(401, '{"message":"expired"}')

  local function logging_in(options, ...)
    options.username, options.password = "mai", "pw-12345"
    return client_with(options, ...)
  end

  it("is fetched when first needed, and kept", function()
    local client, transport = logging_in({}, reply(200, LOGIN:format(1)), reply(200, OK), reply(200, OK))
    assert.is_table((client.things:get(1)))
    assert.is_table((client.things:get(2)))
    assert.equal("https://acme.example/api/login", transport.sent[1].url)
    assert.equal('{"username":"mai","password":"pw-12345"}', transport.sent[1].body)
    assert.is_nil(transport.sent[1].headers.authorization)
    assert.equal("Token tok-1", transport.sent[2].headers.authorization)
    assert.equal("Token tok-1", transport.sent[3].headers.authorization)
  end)

  it("is fetched again when refused, and the call is sent once more", function()
    local client, transport = logging_in({}, reply(200, LOGIN:format(1)), refused, reply(200, LOGIN:format(2)), reply(200, OK))
    local value, _, response = client.things:get(1)
    assert.same({ id = 5 }, value)
    assert.equal(2, response.attempts)
    assert.equal("Token tok-2", transport.sent[4].headers.authorization)
  end)

  it("is not fetched a third time", function()
    local client, transport = logging_in({}, reply(200, LOGIN:format(1)), refused, reply(200, LOGIN:format(2)), refused)
    local _, err = client.things:get(1)
    assert.equal("auth", err.kind)
    assert.equal(2, err.attempts)
    assert.equal(4, #transport.sent)
  end)

  it("is not fetched again for a token that was given ready", function()
    local client, transport = client_with({ token = "tok-1" }, refused)
    local _, err = client.things:get(1)
    assert.equal("auth", err.kind)
    assert.equal(1, #transport.sent)
  end)

  it("fails with the login's own error", function()
    local client, transport = logging_in({}, reply(401, '{"message":"wrong password pw-12345"}'))
    local _, err = client.things:get(1)
    assert.equal("acme.auth.login: 401 not authenticated: wrong password (hidden)", tostring(err))
    assert.equal(1, #transport.sent)
  end)

  it("leaves the call unsent when its own answer is lost", function()
    local client, transport = logging_in({}, { kind = "timeout", outcome = "unknown", message = "no answer" })
    local _, err = client.things:add { name = "Lamp" }
    assert.equal("auth.login", err.operation)
    assert.equal("not_sent", err.outcome)
    assert.equal(1, #transport.sent)
  end)

  it("must be a token", function()
    for _, answer in ipairs { '{"token":""}', '{"token":17}', '{"token":"a\\r\\nb"}', "{}" } do
      local client = logging_in({}, reply(200, answer))
      local _, err = client.things:get(1)
      assert.equal("protocol", err.kind)
    end
  end)

  describe("expires", function()
    local core = require "frontdesk.core"
    local wall, now = core.wall, nil

    before_each(function()
      now = 1000000
      core.wall = function() return now end
    end)

    after_each(function()
      core.wall = wall
    end)

    it("a minute before its time is over", function()
      local client, transport = logging_in({}, reply(200, LOGIN:format(1)), reply(200, OK), reply(200, OK), reply(200, LOGIN:format(2)), reply(200, OK))
      client.things:get(1)
      now = now + 3600 - 61
      client.things:get(1)
      assert.equal(3, #transport.sent)
      now = now + 2
      client.things:get(1)
      assert.equal("Token tok-2", transport.sent[5].headers.authorization)
    end)

    it("after as many days as were asked for, or never", function()
      local client, transport = logging_in({ days = 2 }, reply(200, LOGIN:format(1)), reply(200, OK), reply(200, OK), reply(200, LOGIN:format(2)), reply(200, OK))
      client.things:get(1)
      now = now + 2 * 86400 - 120
      client.things:get(1)
      assert.equal(3, #transport.sent)
      now = now + 120
      client.things:get(1)
      assert.equal(5, #transport.sent)
      client, transport = logging_in({ days = 0 }, reply(200, LOGIN:format(1)), reply(200, OK), reply(200, OK))
      client.things:get(1)
      now = now + 1e9
      client.things:get(1)
      assert.equal(3, #transport.sent)
    end)
  end)
end)

describe("an operation's header field", function()
  it("comes from the call, or else from the client's options", function()
    local client, transport = client_with({ token = "tok-1", device_id = "till-1" }, reply(200, OK), reply(200, OK))
    assert.is_true(client.devices:check())
    assert.equal("till-1", transport.sent[1].headers["device-id"])
    assert.is_true(client.devices:check { device_id = "till-2" })
    assert.equal("till-2", transport.sent[2].headers["device-id"])
    assert.equal("{}", transport.sent[2].body)
  end)

  it("is asked for when neither has it", function()
    local client = client_with { token = "tok-1" }
    local _, err = client.devices:check()
    assert.equal("device_id", err.field)
  end)
end)

describe("client:request", function()
  it("calls what no operation describes, with the same credential and the same errors", function()
    local client, transport = client_with({ token = "tok-1" }, reply(200, '{"status":0,"payload":{"n":1}}'), reply(404, '{"status":4,"message":"none"}'))
    assert.same({ n = 1 }, (client:request { method = "POST", path = "/other", query = { b = "x y", a = 1 }, body = { list = { 1 } } }))
    local sent = transport.sent[1]
    assert.equal("https://acme.example/api/other?a=1&b=x%20y", sent.url)
    assert.equal('{"list":[1]}', sent.body)
    assert.equal("Bearer tok-1", sent.headers.authorization)
    local _, err = client:request { path = "/other" }
    assert.equal("acme.request: 404 4: none", tostring(err))
    assert.equal("GET", transport.sent[2].method)
  end)

  it("can read the value elsewhere, and use another credential", function()
    local client, transport = client_with({ token = "tok-1", shop_key = "key-1" }, reply(200, '{"status":0,"data":{"n":1}}'))
    assert.same({ n = 1 }, (client:request { path = "other", credential = "shop", value = "data" }))
    assert.equal("https://acme.example/api/other", transport.sent[1].url)
    assert.equal("Bearer key-1", transport.sent[1].headers.authorization)
  end)

  it("refuses what would lead elsewhere", function()
    local client, transport = client_with { token = "tok-1" }
    for _, fields in ipairs {
      { path = "/../admin" }, { path = "/a/%2e%2e/b" }, { path = "https://evil.example/" }, { path = "/a?b" }, { path = "/a\r\nb" },
      { path = "" }, { path = 7 }, { method = "TRACE", path = "/a" }, { path = "/a", body = {} }, { path = "/a", quary = {} },
      { path = "/a", credential = "nobody" }, { path = "/a", query = { a = {} } }, { method = "POST", path = "/a", body = { f = print } },
    } do
      local value, err = client:request(fields)
      assert.is_nil(value)
      assert.equal("invalid_input", err.kind)
    end
    assert.equal(0, #transport.sent)
  end)
end)

describe("what a client keeps of an operation", function()
  it("is a request to use again, but never for two calls at once", function()
    local transports = require "frontdesk.transport"
    local client, requests, of = nil, {}, transports.of
    finally(function() transports.of = of end)
    function transports.of() -- not the client's own, whose requests are not used again
      return {
        send = function(_, request)
          requests[#requests + 1] = request
          if request.url:find "outer" then
            assert.is_true(client.things:rename("inner", "Lamp"))
            assert.equal('{"name":"Desk"}', request.body)
          end
          return reply(200, OK)
        end,
      }
    end
    client = service.new(acme) { token = "tok-1", base_url = "https://again.example", retry = 0 }
    assert.is_true(client.things:rename("outer", "Desk"))
    assert.is_true(client.things:rename("last", "Desk"))
    assert.equal(3, #requests)
    assert.are_not.equal(requests[1], requests[2])
    assert.equal(requests[1], requests[3])
    assert.equal("https://again.example/things/last", requests[3].url)
    assert.is_nil(requests[3].body) -- kept no longer than the call
  end)

  it("goes with it, where no description has it", function()
    local inside = require("frontdesk.client").new(acme, require("frontdesk.config").resolve(acme, {
      token = "tok-1", transport = fake.transport(reply(200, OK), reply(200, OK)),
    }))
    for _ = 1, 2 do
      assert.is_table((require("frontdesk.request").send(inside, { path = "/things/1", value = "payload" })))
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(inside.routes))
  end)
end)

describe("misuse of a client raises", function()
  local function message_of(fn)
    local ok, message = pcall(fn)
    assert.is_false(ok)
    return tostring(message)
  end

  it("when a method is called with a dot", function()
    local client = client_with { token = "tok-1" }
    assert.truthy(message_of(function() client.things.add { name = "x" } end):find("acme.things:add", 1, true))
    assert.truthy(message_of(function() client.request { path = "/" } end):find("acme:request", 1, true))
  end)

  it("when a resource or an operation does not exist, naming the nearest", function()
    local client = client_with { token = "tok-1" }
    assert.truthy(message_of(function() return client.thing end):find('did you mean "things"', 1, true))
    assert.truthy(message_of(function() client.things:ad {} end):find('did you mean "add"', 1, true))
    assert.truthy(message_of(function() return frontdesk.omical end):find('did you mean "omicall"', 1, true))
  end)

  it("when arguments are of the wrong kind", function()
    local client = client_with { token = "tok-1" }
    assert.truthy(message_of(function() client.things:add "Lamp" end):find("takes one table of fields", 1, true))
    assert.truthy(message_of(function() client.things:add({}, { timeot = 1 }) end):find('did you mean "timeout"', 1, true))
    assert.truthy(message_of(function() client.things:add({}, { timeout = "1" }) end):find("timeout must be a number", 1, true))
    assert.truthy(message_of(function() client.things:add({}, { timeout = -1 }) end):find("positive", 1, true))
    assert.truthy(message_of(function() service.new(acme) "x" end):find("takes a table of options", 1, true))
  end)

  it("when arguments are wrong, at the line of the caller", function()
    local client = client_with { token = "tok-1" }
    for _, message in ipairs {
      message_of(function() client.things:add "Lamp" end),
      message_of(function() client.things:get("7", { timeot = 1 }) end),
      message_of(function() client.things:rename("7", "Desk", { timeot = 1 }) end),
      message_of(function() client.things:rename({ id = "7" }, { timeot = 1 }) end),
    } do
      assert.truthy(message:find "client_spec.lua:%d+: ", message)
    end
  end)

  it("when a client is changed", function()
    local client = client_with { token = "tok-1" }
    assert.truthy(message_of(function() client.token = "tok-2" end):find("cannot be changed", 1, true))
  end)

  it("when options are wrong, at the line of the caller", function()
    local message = message_of(function() service.new(acme) { tken = "x" } end)
    assert.truthy(message:find("client_spec.lua:%d+: frontdesk.acme: \"tken\" is not an option"))
  end)
end)

describe("a printed client", function()
  it("holds no secret, however deep one looks", function()
    local client = client_with { token = "tok-very-secret" }
    assert.is_function(client.things.add)
    local seen = {}
    local function search(value)
      assert.is_nil(tostring(value):find("tok-very-secret", 1, true))
      if type(value) == "table" and not seen[value] then
        seen[value] = true
        for key, inner in next, value do
          search(key)
          search(inner)
        end
        search(getmetatable(value))
      end
    end
    search(client)
    assert.equal("frontdesk.client: acme at https://acme.example/api", tostring(client))
    assert.equal("frontdesk.resource: acme.things", tostring(client.things))
  end)
end)
