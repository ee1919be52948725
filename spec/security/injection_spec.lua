-- No text that a caller, an operator or a server supplies can end a line of a request and begin one of its own.

local acme = require "support.acme"
local config = require "frontdesk.config"
local errors = require "frontdesk.errors"
local every_service = require "support.every_service"
local fake = require "support.fake_transport"
local frontdesk = require "frontdesk"
local service = require "frontdesk.service"

local SECRET = "t0k-hidden-99"

-- What could end a line or a text, by name.
local CONTROLS = {
  CR = "\r", LF = "\n", ["CR LF"] = "\r\nX-Evil: 1", NUL = "\0", ["a second request"] = "\r\n\r\nGET /admin HTTP/1.1\r\n",
  ESC = "\27", DEL = "\127", VT = "\v", FF = "\f", BS = "\8",
}

local function each_control(visit)
  for name, control in pairs(CONTROLS) do
    for _, text in ipairs { SECRET .. control, control .. SECRET, SECRET .. control .. SECRET } do
      visit(text, name)
    end
  end
end

local function expect_quiet(message)
  assert.is_nil(message:find(SECRET, 1, true), message)
  assert.is_nil(message:find("%c"), message)
end

-- Expects an error that says that nothing was sent, and shows nothing of the value.
local function expect_unsent(field, words, value, err)
  assert.is_nil(value)
  assert.is_true(errors.is(err, "invalid_input"), tostring(err))
  assert.equal(field, err.field)
  assert.equal("not_sent", err.outcome)
  assert.equal(0, err.attempts)
  assert.is_false(err.retryable)
  assert.is_truthy(err.message:find(words, 1, true), err.message)
  expect_quiet(tostring(err))
end

describe("an option with a control character", function()
  it("is refused whatever it is: tokens, keys, names, passwords, user agents, addresses, files, by every service", function()
    for _, name in ipairs(every_service.names) do
      for _, option in ipairs(every_service.text_options(name)) do
        each_control(function(text)
          local transport = fake.transport()
          local ok, message = pcall(frontdesk[name], every_service.options(name, { [option] = text, transport = transport }))
          assert.is_false(ok, option)
          assert.is_truthy(message:find("frontdesk." .. name .. ": ", 1, true), message)
          assert.is_truthy(message:find(option, 1, true), message)
          expect_quiet(message)
          assert.equal(0, #transport.sent)
        end)
      end
    end
  end)

  it("is refused from the environment and from a profile", function()
    for _, name in ipairs(every_service.names) do
      for _, option in ipairs(every_service.text_options(name)) do
        each_control(function(text)
          local variable = ("FRONTDESK_%s_%s"):format(name, option):upper()
          local from = {
            { getenv = function(wanted) return wanted == variable and text or nil end, read_profile = function() return nil, "none", true end },
            { getenv = function(wanted) return wanted == "FRONTDESK_PROFILE" and "/p" or nil end,
              read_profile = function() return { [name] = { [option] = text } } end },
          }
          for _, sources in ipairs(from) do
            local ok, message = pcall(config.resolve, frontdesk[name].description, nil, sources)
            if option ~= "profile" then -- which is asked of the caller only
              assert.is_false(ok, option)
              expect_quiet(message)
            end
          end
        end)
      end
    end
  end)

  it("is refused in a client made from another", function()
    for _, name in ipairs(every_service.names) do
      for method, rule in pairs(frontdesk[name].description.clients or {}) do
        each_control(function(text)
          local client = frontdesk[name](every_service.options(name, { transport = fake.transport() }))
          local ok, message = pcall(client[method], client, text)
          assert.is_false(ok)
          assert.is_truthy(message:find(rule.option .. " must not hold line breaks", 1, true), message)
          expect_quiet(message)
        end)
      end
    end
  end)
end)

describe("a header", function()
  local BAD_NAMES = { "", " ", "X A", "X-A ", " X-A", "X-A:", ":path", "X:A", "X-A\r", "X-A\n", "X-A\r\nX-Evil", "X-A\0", "X\tA", "Ä", "X-(A)", "X-\"A\"", "X-A\127", "X@A", "X[A]", "{X}" }
  local FRAMING = { "Content-Length", "content-length", "Transfer-Encoding", "TRANSFER-ENCODING", "Connection", "Keep-Alive", "Upgrade", "TE", "Trailer", "Expect" }

  it("of a call is refused for its value, by every way to call, and nothing is sent", function()
    for _, name in ipairs(every_service.names) do
      local transport = fake.transport()
      local client = frontdesk[name](every_service.options(name, { transport = transport }))
      each_control(function(text)
        local options = { headers = { ["X-Trace"] = text } }
        for _, operation in ipairs(every_service.operations(name)) do
          expect_unsent("X-Trace", "header X-Trace must not contain",
            every_service.call(client, operation, every_service.input { service = name, operation = operation }, options))
        end
        expect_unsent("X-Trace", "header X-Trace must not contain", client:request({ path = "/x" }, options))
        expect_unsent("X-Trace", "header X-Trace must not contain", client:request({ path = "/x", credential = "none" }, options))
      end)
      assert.equal(0, #transport.sent)
    end
  end)

  it("of a call is refused for its name, and for one that belongs to the sending", function()
    local transport = fake.transport()
    local client = frontdesk.pos(every_service.options("pos", { transport = transport }))
    for words, names in pairs { ["the name of header 1 "] = BAD_NAMES, ["cannot be given"] = FRAMING } do
      for _, name in ipairs(names) do
        local value, err = client.me:info(nil, { headers = { [name] = SECRET } })
        assert.is_nil(value)
        assert.equal("invalid_input", err.kind, name)
        assert.equal("not_sent", err.outcome)
        assert.is_truthy(err.message:find(words, 1, true), err.message)
        expect_quiet(tostring(err))
      end
    end
    assert.equal(0, #transport.sent)
  end)

  it("of a client is refused when the client is made", function()
    local function refusal(headers)
      local ok, message = pcall(frontdesk.pos, every_service.options("pos", { headers = headers, transport = fake.transport() }))
      assert.is_false(ok)
      assert.is_truthy(message:find("frontdesk.pos: headers", 1, true), message)
      expect_quiet(message)
    end
    each_control(function(text) refusal { ["X-Trace"] = text } end)
    for _, names in ipairs { BAD_NAMES, FRAMING } do
      for _, name in ipairs(names) do
        refusal { [name] = SECRET }
      end
    end
    for _, value in ipairs { true, {}, print, frontdesk.null } do
      refusal { ["X-Trace"] = value }
    end
    refusal { "X-Trace: " .. SECRET }
  end)

  it("of a call must be a text or a number under a name, which anything else is not", function()
    local transport = fake.transport()
    local client = frontdesk.pos(every_service.options("pos", { transport = transport }))
    for _, value in ipairs { true, {}, print, frontdesk.null, setmetatable({}, { __tostring = function() return "a\r\nb" end }) } do
      expect_unsent("X-Trace", "must be a string or a number", client.me:info(nil, { headers = { ["X-Trace"] = value } }))
    end
    for _, headers in ipairs { { "X-Trace: 1" }, { [true] = "1" }, { [1.5] = "1" } } do
      local ok, message = pcall(client.me.info, client.me, nil, { headers = headers })
      assert.is_false(ok)
      assert.is_truthy(message:find("headers must have names as keys", 1, true), message)
    end
    assert.equal(0, #transport.sent)
  end)

  it("that a field travels in is refused for what it holds, by field", function()
    local count = 0
    for _, case in ipairs(every_service.fields "header") do
      count = count + 1
      local transport = fake.transport()
      local client = frontdesk[case.service](every_service.options(case.service, { transport = transport }))
      each_control(function(text)
        expect_unsent(case.field, "must not contain",
          every_service.call(client, case.operation, every_service.input(case, { [case.field] = text })))
      end)
      assert.equal(0, #transport.sent)
    end
    assert.is_true(count > 0)
  end)

  it("that is refused costs no login", function()
    local transport = fake.transport()
    local client = service.new(acme) { username = "mai", password = SECRET, transport = transport, retry = 0 }
    expect_unsent("X-Trace", "header X-Trace must not contain", client.things:get({ id = "1" }, { headers = { ["X-Trace"] = "a\r\nb" } }))
    assert.equal(0, #transport.sent)
  end)
end)

describe("a value of a query", function()
  it("is encoded, byte by byte; a NUL is refused", function()
    local count = 0
    for _, case in ipairs(every_service.fields "query") do
      if case.kind == "string" then
        count = count + 1
        each_control(function(text)
          local transport = fake.transport(fake.reply(404, "{}"))
          local client = frontdesk[case.service](every_service.options(case.service, { transport = transport }))
          local value, err = every_service.call(client, case.operation, every_service.input(case, { [case.field] = text .. "&a=b#c d" }))
          if text:find("\0", 1, true) then
            expect_unsent(case.field, "NUL", value, err)
            assert.equal(0, #transport.sent)
          else
            assert.equal("not_found", err.kind, tostring(err))
            assert.is_nil(transport.sent[1].url:find "[%c #]")
            assert.is_truthy(transport.sent[1].url:find("%26a%3Db%23c%20d", 1, true))
          end
        end)
      end
    end
    assert.is_true(count > 0)
  end)

  it("is refused where it should be a number", function()
    for _, case in ipairs(every_service.fields "query") do
      if case.kind == "integer" then
        local transport = fake.transport()
        local client = frontdesk[case.service](every_service.options(case.service, { transport = transport }))
        each_control(function(text)
          expect_unsent(case.field, "must be an integer", every_service.call(client, case.operation, every_service.input(case, { [case.field] = "1" .. text })))
        end)
        assert.equal(0, #transport.sent)
      end
    end
  end)

  it("of a call that is not described is treated alike, and so is its name", function()
    each_control(function(text)
      local transport = fake.transport(fake.reply(404, "{}"), fake.reply(404, "{}"))
      local client = frontdesk.pos(every_service.options("pos", { transport = transport }))
      local _, of_value = client:request { path = "/x", query = { a = text } }
      local _, of_name = client:request { path = "/x", query = { [text] = "1" } }
      local kind = text:find("\0", 1, true) and "invalid_input" or "not_found"
      assert.equal(kind, of_value.kind)
      assert.equal(kind, of_name.kind)
      assert.equal(kind == "not_found" and 2 or 0, #transport.sent)
      for _, request in ipairs(transport.sent) do
        assert.is_nil(request.url:find "[%c ]")
      end
    end)
  end)
end)

describe("a call that is not described", function()
  it("is refused with a control character in path, method or credential", function()
    local transport = fake.transport()
    local client = frontdesk.pos(every_service.options("pos", { transport = transport }))
    each_control(function(text)
      expect_unsent("path", "path must be", client:request { path = "/a" .. text })
      expect_unsent("method", "method must be", client:request { method = "GET" .. text, path = "/a" })
      expect_unsent("method", "method must be", client:request { method = "GET /admin HTTP/1.1" .. text, path = "/a" })
      local _, err = client:request { path = "/a", credential = "default" .. text }
      assert.equal("invalid_input", err.kind)
      assert.equal("credential", err.field)
      assert.is_nil(tostring(err):find "%c")
    end)
    assert.equal(0, #transport.sent)
  end)

  it("cannot climb, however the dots and slashes are written", function()
    local transport = fake.transport()
    local client = frontdesk.pos(every_service.options("pos", { transport = transport }))
    for _, path in ipairs { "..", ".", "/..", "/../admin", "/a/../b", "/a/..", "/a/./b", "/%2e%2e/admin", "/%2E./admin", "/.%2e/admin", "/a/%2e",
      "/..%2fadmin", "/%2e%2e%2Fadmin", "/a%2f..%2fb", "/a%2F.", "/..%5cadmin", "/a%5C..%5Cb",
      "/%252e%252e/admin", "/%25252E./admin", "/a/..;/b", "/..;x=1/b", "/..%3bx/b", "/%25%32%65%25%32%65/b",
      "/" .. ("%25"):rep(9) .. "2525252525252525252e/b", "/%" .. ("25"):rep(5000) .. "2e" } do
      expect_unsent("path", "which would lead elsewhere", client:request { path = path })
    end
    for _, path in ipairs { "/a b", "/a?b", "/a#b", "/..\\admin", "http://evil.example/", "x:y", "", false, 7, {} } do
      expect_unsent("path", "path must be", client:request { path = path })
    end
    assert.equal(0, #transport.sent)
  end)
end)

describe("a token that a server hands out", function()
  it("is not used when it holds a control character, and the call is not sent", function()
    for name, control in pairs(CONTROLS) do
      local text = '"' .. (SECRET .. control .. "x"):gsub("%c", function(byte) return ("\\u%04x"):format(byte:byte()) end) .. '"'
      local transport = fake.transport(fake.reply(200, '{"token":' .. text .. '}'))
      local client = service.new(acme) { username = "mai", password = "t0k-mai-pass", transport = transport, retry = 0 }
      local value, err = client.things:get "1"
      assert.is_nil(value)
      assert.equal("protocol", err.kind, name)
      assert.is_truthy(err.message:find("without a usable token", 1, true), err.message)
      expect_quiet(tostring(err))
      assert.equal(1, #transport.sent)
      assert.equal("https://acme.example/api/login", transport.sent[1].url)
    end
  end)
end)
