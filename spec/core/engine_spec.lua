-- Requests and answers, one after the other, against a real nginx.
local core = require "frontdesk.core"
local httpd = require "support.httpd"
local raw_server = require "support.raw_server"

local ECHO = [[
location /echo { content_by_lua_block {
  ngx.req.read_body()
  local headers = ngx.req.get_headers(100, true)
  local body = ngx.req.get_body_data()
  if not body and ngx.req.get_body_file() then
    body = io.open(ngx.req.get_body_file(), "rb"):read("*a")
  end
  ngx.say(ngx.req.get_method(), " ", ngx.var.request_uri)
  for _, name in ipairs{ "Content-Type", "Content-Length", "Expect", "X-One", "X-Empty", "Authorization", "User-Agent", "Accept" } do
    if headers[name] then ngx.say(name, "=", headers[name]) end
  end
  ngx.print("body=", body and (#body > 1000 and #body or body) or "")
} }
location /json { default_type application/json; return 200 '{"id":7,"list":[],"none":null}'; }
location /headers { content_by_lua_block {
  ngx.header["X-Twice"] = { "a", "b" }
  ngx.header["X-Case"] = "Value"
  ngx.print("ok")
} }
location /gzip { gzip on; gzip_min_length 1; gzip_types text/plain; default_type text/plain; content_by_lua_block { ngx.print(("abc"):rep(1000)) } }
location /nothing { return 204; }
location /missing { return 404 "no such thing"; }
location /moved { return 302 http://127.0.0.1:$port/json; }
]]

describe("a request", function()
  local server, engine

  setup(function()
    server = httpd.start({ lua = true, server = ECHO:gsub("%$port", "1") })
    engine = core.engine()
  end)

  teardown(function()
    engine:close()
    server:stop()
  end)

  -- Sends a request and returns its finished transfer.
  local function send(request)
    if request.url:sub(1, 1) == "/" then
      request.url = server.url .. request.url
    end
    local transfer, failure = engine:submit(request)
    assert(transfer, failure and failure.message)
    while not engine:perform(transfer) do
    end
    return transfer
  end

  local function body_of(request)
    local transfer = send(request)
    assert.is_nil(transfer:failure())
    return transfer:body()
  end

  it("gets status, headers and body", function()
    local transfer = send({ url = "/json" })
    assert.is_true(transfer:done())
    assert.is_nil(transfer:failure())
    assert.equal(200, transfer:status())
    assert.equal("application/json", transfer:header("content-TYPE"))
    assert.is_nil(transfer:header("X-Absent"))
    assert.equal('{"id":7,"list":[],"none":null}', transfer:body())
    assert.equal(30, transfer:size())
    assert.equal("1.1", transfer:http_version())
  end)

  it("decodes JSON straight from what was received", function()
    local transfer = send({ url = "/json" })
    assert.equal(7, transfer:json().id)
    assert.is_nil(transfer:json().none)
    assert.equal(core.null, transfer:json(true).none)
    local value, message, offset = send({ url = "/headers" }):json()
    assert.is_nil(value)
    assert.is_string(message)
    assert.equal(1, offset)
  end)

  it("takes an error status for an answer like any other", function()
    local transfer = send({ url = "/missing" })
    assert.is_nil(transfer:failure())
    assert.equal(404, transfer:status())
    assert.equal("no such thing", transfer:body())
  end)

  it("gives an empty body for 204", function()
    local transfer = send({ url = "/nothing" })
    assert.equal(204, transfer:status())
    assert.equal("", transfer:body())
    assert.equal(0, transfer:size())
  end)

  it("does not follow redirects", function()
    local transfer = send({ url = "/moved" })
    assert.equal(302, transfer:status())
    assert.equal("http://127.0.0.1:1/json", transfer:header("Location"))
  end)

  it("unpacks what comes compressed", function()
    local transfer = send({ url = "/gzip" })
    assert.equal("gzip", transfer:header("Content-Encoding"))
    assert.equal(("abc"):rep(1000), transfer:body())
  end)

  it("gives all headers in lower case, repeated ones joined", function()
    local transfer = send({ url = "/headers" })
    local headers = transfer:headers()
    assert.equal("a, b", headers["x-twice"])
    assert.equal("Value", headers["x-case"])
    assert.is_nil(headers["X-Case"])
    assert.equal("b", transfer:header("X-Twice"))
  end)

  it("keeps the connection for the next one", function()
    send({ url = "/json" })
    local transfer = send({ url = "/echo" })
    assert.is_true(transfer:reused())
    assert.is_false((function()
      local fresh = core.engine()
      local first = fresh:submit({ url = server.url .. "/json" })
      fresh:perform(first)
      fresh:close()
      return first
    end)():reused())
  end)

  it("measures the time each part took", function()
    local timings = send({ url = "/json" }):timings()
    for _, name in ipairs({ "name_lookup", "connect", "tls", "first_byte", "total" }) do
      assert.is_number(timings[name])
    end
    assert.is_true(timings.total > 0 and timings.total < 5)
    assert.is_true(timings.first_byte <= timings.total)
  end)

  it("sends method, headers and body as given", function()
    local headers = core.headers({ { "Content-Type", "application/json" }, { "X-One", "1" }, { "X-Empty", "" } })
    assert.equal(
      'POST /echo?a=b%20c\nContent-Type=application/json\nContent-Length=7\nX-One=1\nX-Empty=\nAccept=*/*\nbody={"a":1}',
      body_of({ method = "POST", url = "/echo?a=b%20c", headers = headers, body = '{"a":1}' })
    )
  end)

  for _, method in ipairs({ "PUT", "PATCH", "DELETE" }) do
    it("sends a body with " .. method, function()
      assert.matches("^" .. method .. " /echo\nContent%-Length=2\n.*body=hi$", body_of({ method = method, url = "/echo", body = "hi" }))
    end)
  end

  it("announces an empty body where the method has one", function()
    for _, method in ipairs({ "POST", "PUT", "PATCH" }) do
      assert.matches("^" .. method .. " /echo\nContent%-Length=0\n", body_of({ method = method, url = "/echo" }))
    end
    assert.is_nil(body_of({ method = "DELETE", url = "/echo" }):find("Content-Length", 1, true))
  end)

  it("adds no content type of its own", function()
    assert.is_nil(body_of({ method = "POST", url = "/echo", body = "a=b" }):find("Content-Type", 1, true))
  end)

  it("sends a body with NULs and one of 2 MB without asking first", function()
    assert.matches("body=a\0b$", body_of({ method = "POST", url = "/echo", body = "a\0b" }))
    local text = body_of({ method = "POST", url = "/echo", body = ("x"):rep(2000000) })
    assert.matches("body=2000000$", text)
    assert.is_nil(text:find("Expect", 1, true))
  end)

  it("leaves nothing of one request in the next", function()
    local headers = core.headers({ { "X-One", "1" } })
    body_of({ method = "PATCH", url = "/echo", headers = headers, body = "secret", auth = "basic", username = "u", password = "p" })
    assert.equal("GET /echo\nAccept=*/*\nbody=", body_of({ url = "/echo" }))
    assert.equal("DELETE /echo\nAccept=*/*\nbody=", body_of({ method = "DELETE", url = "/echo" }))
    assert.equal("POST /echo\nContent-Length=1\nAccept=*/*\nbody=x", body_of({ method = "POST", url = "/echo", body = "x" }))
    local head = send({ method = "HEAD", url = "/json" })
    assert.equal("", head:body())
    assert.equal("30", head:header("Content-Length"))
    assert.equal("GET /echo\nAccept=*/*\nbody=", body_of({ method = "GET", url = "/echo" }))
  end)

  it("sends Basic credentials", function()
    -- base64 of "anna:pass:word"
    assert.matches("Authorization=Basic YW5uYTpwYXNzOndvcmQ=\n",
      body_of({ url = "/echo", auth = "basic", username = "anna", password = "pass:word" }))
  end)

  it("can give its body back, and keeps the rest", function()
    local transfer = send({ url = "/json" })
    transfer:release()
    transfer:release()
    assert.equal(200, transfer:status())
    assert.equal("application/json", transfer:header("Content-Type"))
    for _, method in ipairs({ "body", "json", "size" }) do
      local ok, message = pcall(transfer[method], transfer)
      assert.is_false(ok)
      assert.matches("released", message)
    end
  end)

  it("shows itself without a URL", function()
    assert.equal("frontdesk.transfer: status 200", tostring(send({ url = "/json?token=sesame" })))
  end)

  describe("that is wrong", function()
    local function refused(request)
      request.url = request.url or server.url
      local transfer, failure = engine:submit(request)
      assert.is_nil(transfer)
      assert.equal("not_sent", failure.outcome)
      return failure
    end

    local cases = {
      { "url", { url = "http://127.0.0.1/a b" }, "space" },
      { "url", { url = "http://u:sesame@127.0.0.1/" }, "user name" },
      { "url", { url = "file:///etc/passwd" }, "must start with" },
      { "url", { url = "http://127.0.0.1/\0" }, "NUL" },
      { "method", { method = "GET / HTTP/1.1" }, "capital letters" },
      { "method", { method = "" }, "method" },
      { "method", { method = "CONNECT" }, "method" },
      { "body", { method = "HEAD", body = "x" }, "HEAD" },
      { "username", { auth = "basic", password = "sesame" }, "needs a username" },
      { "password", { auth = "digest", username = "anna" }, "needs a password" },
      { "username", { auth = "basic", username = "an:na", password = "sesame" }, "colon" },
      { "username", { auth = "digest", username = "an\nna", password = "sesame" }, "control character" },
      { "password", { auth = "digest", username = "anna", password = "sesame\r" }, "control character" },
      { "username", { auth = "digest", username = "an\0na", password = "sesame" }, "NUL" },
      { "http_version", { http_version = "2" }, "2-prior-knowledge" },
      { "connect_timeout", { connect_timeout = 0 }, "connect_timeout" },
      { "proxy", { proxy = "http://127.0.0.1\r\n" }, "control character" },
    }
    for _, case in ipairs(cases) do
      it(("is refused for its %s: %s"):format(case[1], case[3]), function()
        local failure = refused(case[2])
        assert.equal("invalid_input", failure.kind)
        assert.equal(case[1], failure.field)
        assert.matches(case[3], failure.message, 1, true)
        assert.is_nil(failure.message:find("sesame", 1, true))
      end)
    end

    it("fails as a timeout when no time is left", function()
      local failure = refused({ timeout = 0 })
      assert.equal("timeout", failure.kind)
      assert.equal("not_sent", failure.outcome)
    end)

    it("raises for wrong Lua types", function()
      for _, request in ipairs({
        {},
        { url = 1 },
        { url = server.url, body = 5 },
        { url = server.url, headers = {} },
        { url = server.url, timeout = "5" },
        { url = server.url, max_body = -1 },
        { url = server.url, auth = "ntlm" },
        { url = server.url, http_version = "3" },
      }) do
        assert.has_error(function()
          engine:submit(request)
        end)
      end
      assert.has_error(function()
        engine:submit("http://127.0.0.1/")
      end)
    end)
  end)
end)

describe("interim answers", function()
  it("and trailers are not among the final headers", function()
    local engine = core.engine()
    local server = raw_server.start([[
      read_request()
      send "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
      send "HTTP/1.1 200 OK\r\nX-Folded: a\r\n  b\r\nTransfer-Encoding: chunked\r\n\r\n"
      send "2\r\nhi\r\n0\r\nX-Trailer: 1\r\n\r\n"
    ]])
    local transfer = engine:submit({ url = server.url })
    engine:perform(transfer)
    server:stop()
    assert.is_nil(transfer:failure())
    assert.same({ ["x-folded"] = "a b", ["transfer-encoding"] = "chunked" }, transfer:headers())
    assert.equal("hi", transfer:body())
    engine:close()
  end)
end)

describe("a carriage return inside an answer's header", function()
  it("is a space, so that whoever passes the header on starts no line", function()
    local engine = core.engine()
    local server = raw_server.start([[
      read_request()
      send "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: one\rX-B: two\r\nX-F: a\r\n b\rX-C: c\r\n\r\n"
    ]])
    local transfer = engine:submit({ url = server.url })
    engine:perform(transfer)
    server:stop()
    assert.is_nil(transfer:failure())
    assert.same({ ["content-length"] = "0", ["x-a"] = "one X-B: two", ["x-f"] = "a b X-C: c" }, transfer:headers())
    engine:close()
  end)
end)
