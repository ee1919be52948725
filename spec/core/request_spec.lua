-- What many requests share, read once: core.request.
local core = require "frontdesk.core"
local httpd = require "support.httpd"

local ECHO = [[
location / { content_by_lua_block {
  ngx.req.read_body()
  ngx.print(ngx.req.get_method(), " ", ngx.var.request_uri, " ", ngx.var.http_authorization or "", " ", ngx.var.http_x_one or "",
    " ", ngx.req.get_body_data() or "")
} }
]]

describe("a prepared request", function()
  local server, engine

  setup(function()
    server = httpd.start({ lua = true, server = ECHO })
    engine = core.engine()
  end)

  teardown(function()
    engine:close()
    server:stop()
  end)

  local function answer(request)
    local transfer, failure = engine:submit(request)
    if not transfer then
      return nil, failure
    end
    while not engine:perform(transfer) do
    end
    return transfer:failure() == nil and transfer:body() or nil, transfer:failure()
  end

  it("says what the table does not", function()
    local prepared = core.request({ method = "PUT", auth = "basic", username = "anna", password = "word", service = "any" })
    local headers = core.headers({ { "X-One", "1" } })
    -- base64 of "anna:word"
    assert.equal("PUT /a Basic YW5uYTp3b3Jk 1 body",
      answer({ prepared = prepared, url = server.url .. "/a", headers = headers, body = "body", timeout = 5 }))
    assert.equal("PUT /b Basic YW5uYTp3b3Jk  ", answer({ prepared = prepared, url = server.url .. "/b" }))
  end)

  it("is read instead of the same fields of the table", function()
    local prepared = core.request({ method = "DELETE" })
    assert.equal("DELETE /   ", answer({ prepared = prepared, method = "PUT", url = server.url .. "/" }))
  end)

  it("does not hold what differs from call to call", function()
    local prepared = core.request({ url = "http://127.0.0.1:9/", body = "b", timeout = "soon", headers = 1 })
    assert.equal("GET /   ", answer({ prepared = prepared, url = server.url .. "/" }))
    assert.has_error(function() engine:submit({ prepared = prepared }) end, "the request has no url")
  end)

  it("stays as it is when its table changes, or goes", function()
    local shared = { method = "PAT" .. "CH", auth = "basic", username = ("u"):rep(300), password = "p" }
    local prepared = core.request(shared)
    local before = answer({ prepared = prepared, url = server.url .. "/" })
    for key in pairs(shared) do
      shared[key] = nil
    end
    collectgarbage()
    collectgarbage()
    assert.matches("^PATCH / Basic dXV1", before)
    assert.equal(before, answer({ prepared = prepared, url = server.url .. "/" }))
  end)

  it("brings its limits with it", function()
    local _, failure = answer({ prepared = core.request({ max_body = 3 }), url = server.url .. "/" })
    assert.equal("too_large", failure.kind)
  end)

  it("is refused as the table would be", function()
    for _, pair in ipairs({ { "method", "G\0T" }, { "method", "get" }, { "username", "a\0b" }, { "ca_file", "/a\0" } }) do
      local _, failure = answer({ prepared = core.request({ [pair[1]] = pair[2] }), url = server.url .. "/" })
      assert.equal("invalid_input", failure.kind)
      assert.equal(pair[1], failure.field)
    end
  end)

  it("raises on what is of a wrong type", function()
    assert.has_error(function() core.request({ method = 1 }) end, "the request's method must be a string, not a number")
    assert.has_error(function() core.request({ auth = "ntlm" }) end, "the request's auth is not one that is known")
    assert.has_error(function() core.request("GET") end)
    for _, other in ipairs({ {}, "GET", 1, false, core.headers({}), engine }) do
      local ok, message = pcall(engine.submit, engine, { prepared = other, url = server.url })
      assert.is_false(ok)
      assert.matches("frontdesk.request expected", message, 1, true)
    end
  end)

  it("is not sent to a transport of one's own, which may change each field", function()
    local frontdesk = require "frontdesk"
    local behind = require("frontdesk.transport.engine").new()
    local sent
    local function call(max_body)
      local transport = {
        send = function(_, request)
          sent = request
          request.max_body = max_body
          return behind:send(request)
        end,
      }
      local omicall = frontdesk.omicall({ base_url = server.url, token = "t0k-invented", transport = transport, retry = 0 })
      return select(2, omicall.contacts:get("C-1")).kind
    end
    assert.equal("too_large", call(3))
    assert.is_nil(sent.prepared)
    assert.equal("decode", call(1000))
  end)

  it("shows nothing of itself", function()
    assert.equal("frontdesk.request", tostring(core.request({ password = "sesame" })))
  end)
end)
