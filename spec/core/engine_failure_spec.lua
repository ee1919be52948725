-- What goes wrong, and how it is told.
local core = require "frontdesk.core"
local httpd = require "support.httpd"
local raw_server = require "support.raw_server"

describe("a transfer that fails", function()
  local engine, server

  before_each(function()
    engine = core.engine()
  end)

  after_each(function()
    engine:close()
    if server then
      server:stop()
      server = nil
    end
  end)

  -- Performs a request (against `script`, if given) and returns its failure.
  local function fail(script, request)
    request = request or {}
    if script then
      server = raw_server.start(script)
      request.url = server.url .. "/path?token=sesame"
    end
    local transfer = assert(engine:submit(request))
    engine:perform(transfer)
    local failure = assert(transfer:failure(), "it did not fail")
    assert.is_nil((failure.message .. (failure.detail or "")):find("sesame", 1, true))
    return failure, transfer
  end

  local function place()
    return "127.0.0.1:" .. server.port
  end

  it("says that nobody listens, and that nothing was sent", function()
    local port = httpd.free_port()
    local failure = fail(nil, { url = ("http://127.0.0.1:%d/x?token=sesame"):format(port) })
    assert.equal("network", failure.kind)
    assert.equal("not_sent", failure.outcome)
    assert.matches(("could not connect to 127.0.0.1:%d: connection refused"):format(port), failure.message, 1, true)
  end)

  it("says that a name has no address", function()
    local failure = fail(nil, { url = "http://no-such-host.invalid/?token=sesame", timeout = 5 })
    assert.equal("not_sent", failure.outcome)
    if failure.kind == "network" then -- a resolver may also just not answer
      assert.equal("could not find the address of no-such-host.invalid:80", failure.message)
    else
      assert.equal("timeout", failure.kind)
    end
  end)

  it("says where an answer was cut off", function()
    local failure, transfer = fail([[
      read_request()
      send "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"
      send(("x"):rep(120))
    ]])
    assert.equal("protocol", failure.kind)
    assert.equal("unknown", failure.outcome)
    assert.equal(("the answer from %s stopped after 120 of 400 bytes"):format(place()), failure.message)
    assert.equal(200, transfer:status())
  end)

  it("takes headers without an end for a cut", function()
    local failure, transfer = fail([[ read_request() send "HTTP/1.1 204 No Content\r\nX-A: b\r\n" ]])
    assert.equal("protocol", failure.kind)
    assert.equal("unknown", failure.outcome)
    assert.equal(("the answer from %s stopped in the middle of its headers"):format(place()), failure.message)
    assert.equal(204, transfer:status())
  end)

  it("reads a status line in small letters, as libcurl does", function()
    server = raw_server.start([[ read_request() send "http/1.1 200 OK\r\nX-A: b\r\nContent-Length: 0\r\n\r\n" ]])
    local transfer = engine:submit({ url = server.url })
    engine:perform(transfer)
    assert.equal(200, transfer:status())
    assert.equal("b", transfer:header "x-a")
  end)

  it("takes chunks without an end for a cut", function()
    local failure = fail([[
      read_request()
      send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    ]])
    assert.equal("protocol", failure.kind)
    assert.matches("stopped after 5 bytes, before its end", failure.message, 1, true)
  end)

  for label, chunks in pairs({
    ["a size that is no number"] = "xyz\\r\\n{}\\r\\n0\\r\\n\\r\\n",
    ["a chunk that is longer than its size"] = "2\\r\\n{}XX0\\r\\n\\r\\n",
  }) do
    it("does not take chunks for a broken connection that have " .. label, function()
      local failure = fail(([[
        read_request()
        send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s"
      ]]):format(chunks))
      assert.equal("protocol", failure.kind)
      assert.equal("unknown", failure.outcome)
      assert.equal(("the answer from %s is not divided into chunks as it should be"):format(place()), failure.message)
    end)
  end

  for label, headers in pairs({
    ["two lengths"] = "Content-Length: 2\\r\\nContent-Length: 3",
    ["two lengths in one"] = "Content-Length: 2, 3",
    ["a length with a sign"] = "Content-Length: +2",
    ["a length in hexadecimal"] = "Content-Length: 0x2",
    ["a length and chunks"] = "Transfer-Encoding: chunked\\r\\nContent-Length: 2",
  }) do
    it("reads no body of which nobody can say how long it is: " .. label, function()
      local failure = fail(([[ read_request() send "HTTP/1.1 200 OK\r\n%s\r\n\r\n2\r\n{}\r\n0\r\n\r\n" ]]):format(headers))
      assert.equal("protocol", failure.kind)
      assert.equal("unknown", failure.outcome)
      assert.matches("contradict each other about its length", failure.message, 1, true)
    end)
  end

  it("says that the connection was reset", function()
    local failure = fail([[ read_request() sleep(0.05) reset() ]])
    assert.equal("network", failure.kind)
    assert.equal("unknown", failure.outcome)
    assert.equal(("the connection to %s broke"):format(place()), failure.message)
  end)

  it("says that there was no answer", function()
    local failure = fail([[ read_request() ]])
    assert.equal("network", failure.kind)
    assert.equal("unknown", failure.outcome)
    assert.equal(place() .. " closed the connection without an answer", failure.message)
  end)

  it("says for how long it has waited in vain", function()
    local failure = fail([[ read_request() sleep(1) ]], { timeout = 0.15 })
    assert.equal("timeout", failure.kind)
    assert.equal("unknown", failure.outcome)
    assert.equal(place() .. " did not answer within 0.15 s", failure.message)
  end)

  it("says how much of the answer had come in time", function()
    local failure = fail(
      [[ read_request() send "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc" sleep(1) ]],
      { timeout = 0.15 }
    )
    assert.equal("timeout", failure.kind)
    assert.matches("was not complete within 0.15 s (3 bytes had come)", failure.message, 1, true)
  end)

  it("says that a connection took too long, and that nothing was sent", function()
    -- a full backlog: the kernel lets connection attempts hang
    local socket = require "socket"
    local listener = assert(socket.tcp())
    assert(listener:bind("127.0.0.1", 0))
    assert(listener:listen(0))
    local _, port = listener:getsockname()
    local held = {}
    for i = 1, 4 do
      held[i] = socket.tcp()
      held[i]:settimeout(0)
      held[i]:connect("127.0.0.1", port)
    end
    local failure = fail(nil, { url = ("http://127.0.0.1:%d/"):format(math.floor(tonumber(port))), connect_timeout = 0.2 })
    listener:close()
    for _, client in ipairs(held) do
      client:close()
    end
    assert.equal("timeout", failure.kind)
    assert.equal("not_sent", failure.outcome)
    assert.matches("no connection to 127.0.0.1:%d+ within 0.2 s", failure.message)
  end)

  for label, text in pairs({
    ["another protocol"] = "SSH-2.0-OpenSSH_9.2\\r\\n",
    ["a malformed status line"] = "HTTP/1.1 abc\\r\\n\\r\\n",
    ["a status line that libcurl alone takes for a 200"] = "HTTP/x 403\\r\\nContent-Length: 0\\r\\n\\r\\n",
    ["a status in small letters, which libcurl does not see,"] = "http/1.1 404 Not Found\\r\\nContent-Length: 0\\r\\n\\r\\n",
    ["a status below 100"] = "HTTP/2 051 OK\\r\\nContent-Length: 0\\r\\n\\r\\n",
    ["a status of four digits"] = "HTTP/1.1 2000 OK\\r\\nContent-Length: 0\\r\\n\\r\\n",
    ["an unknown HTTP version"] = "HTTP/7.1 200 OK\\r\\n\\r\\n",
    ["contradicting lengths"] = "HTTP/1.1 200 OK\\r\\nContent-Length: x\\r\\n\\r\\n",
  }) do
    it("takes " .. label .. " for a protocol error", function()
      local failure = fail(([[ read_request() send "%s" sleep(0.1) ]]):format(text), { timeout = 5 })
      assert.equal("protocol", failure.kind)
      assert.matches(place(), failure.message, 1, true)
    end)
  end

  it("says that a compressed answer is broken", function()
    local failure = fail([[
      read_request()
      send "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"
    ]])
    assert.equal("decode", failure.kind)
    assert.matches("could not be unpacked", failure.message)
  end)

  describe("at a limit", function()
    local cases = {
      {
        "stops before a body that is announced as too long",
        { max_body = 99 },
        [[ send "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" sleep(1) ]],
        "the answer has 100 bytes, more than the limit of 99 (max_body)",
      },
      {
        "stops a body that is not announced",
        { max_body = 99 },
        [[ send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" for _ = 1, 50 do if not send "a\r\n0123456789\r\n" then break end end ]],
        "larger than the limit of 99 bytes (max_body)",
      },
      {
        "stops headers that are too long",
        { max_header_bytes = 1000 },
        [[ send("HTTP/1.1 200 OK\r\nX-Long: " .. ("x"):rep(2000) .. "\r\nContent-Length: 0\r\n\r\n") ]],
        "larger than the limit of 1000 bytes (max_header_bytes)",
      },
      {
        "stops headers without end",
        { max_header_bytes = 100000 },
        [[ send "HTTP/1.1 200 OK\r\n" while send "X-Again: and again\r\n" do end ]],
        "than the limit of",
      },
      {
        "stops too many headers",
        { max_header_count = 10 },
        [[ send("HTTP/1.1 200 OK\r\n" .. ("X-A: b\r\n"):rep(11) .. "Content-Length: 0\r\n\r\n") ]],
        "more headers than the limit of 10 (max_header_count)",
      },
      {
        "stops interim answers without end",
        { max_header_bytes = 5000 },
        [[ while send "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" do end ]],
        "max_header_bytes",
      },
      {
        "stops trailers without end",
        { max_header_count = 100 },
        [[ send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" while send "X-Again: 1\r\n" do end ]],
        "max_header_count",
      },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        local failure = fail("read_request() " .. case[3], case[2])
        assert.equal("too_large", failure.kind)
        assert.equal("unknown", failure.outcome)
        assert.matches(case[4], failure.message, 1, true)
      end)
    end

    it("counts the bytes after unpacking", function()
      local bombs = httpd.start({
        lua = true,
        server = [[ location / { gzip on; gzip_min_length 1; gzip_comp_level 9; content_by_lua_block {
          for _ = 1, 64 do ngx.print(("0"):rep(65536)) end } } ]],
      })
      local failure = fail(nil, { url = bombs.url, max_body = 1024 * 1024 })
      local transfer = engine:submit({ url = bombs.url, max_body = 64 * 65536 })
      engine:perform(transfer)
      bombs:stop()
      assert.equal("too_large", failure.kind)
      assert.is_nil(transfer:failure())
      assert.equal(64 * 65536, transfer:size())
    end)

    it("lets what fits exactly pass", function()
      server = raw_server.start([[ read_request() send "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" ]])
      local transfer = engine:submit({ url = server.url, max_body = 5, max_header_count = 1 })
      engine:perform(transfer)
      assert.is_nil(transfer:failure())
      assert.equal("hello", transfer:body())
    end)

    it("does not take the length that HEAD is told for a body", function()
      server = raw_server.start([[ read_request() send "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" ]])
      local transfer = engine:submit({ method = "HEAD", url = server.url, max_body = 5 })
      engine:perform(transfer)
      assert.is_nil(transfer:failure())
    end)
  end)

  describe("on a kept connection that closes without an answer", function()
    -- the first request of a connection is answered, the second is not
    local SCRIPT = [[
      read_request()
      send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
      read_request()
    ]]

    local function second(request)
      server = raw_server.start(SCRIPT)
      local first = engine:submit({ url = server.url })
      engine:perform(first)
      request.url = server.url
      local transfer = engine:submit(request)
      engine:perform(transfer)
      return transfer
    end

    it("sends a GET again", function()
      local transfer = second({})
      assert.is_nil(transfer:failure())
      assert.equal(3, #server:requests())
    end)

    it("sends again however often that was needed before", function()
      server = raw_server.start(SCRIPT)
      for _ = 1, 20 do
        local transfer = engine:submit({ url = server.url })
        engine:perform(transfer)
        assert.is_nil(transfer:failure())
      end
      assert.equal(20, server:count())
      assert.equal(39, #server:requests())
    end)

    it("does not send a POST twice", function()
      local transfer = second({ method = "POST", body = "order" })
      local failure = transfer:failure()
      assert.equal("network", failure.kind)
      assert.equal("unknown", failure.outcome)
      assert.matches("not sent a second time", failure.message)
      assert.equal(2, #server:requests())
    end)

    it("sends a POST again that is marked as repeatable", function()
      local transfer = second({ method = "POST", body = "order", repeatable = true })
      assert.is_nil(transfer:failure())
      assert.equal(3, #server:requests())
    end)
  end)
end)
