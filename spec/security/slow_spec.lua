-- Services that are slow, silent, or gone in the middle of a word.
local core = require "frontdesk.core"
local hostile = require "support.hostile"
local pace = require "support.pace"
local raw_server = require "support.raw_server"

-- Begun as the first connection, and not to be met a second time.
local GOOD = [==[
  local function good(keep)
    send("HTTP/1.1 200 OK\r\nContent-Length: 31\r\n" .. (keep and "" or "Connection: close\r\n")
      .. '\r\n{"status":0,"payload":{"id":7}}')
  end
  if number > 1 then
    read_request()
    return good()
  end
]==]

describe("a service", function()
  local server

  after_each(function()
    server:stop()
  end)

  -- A client of a server whose first connection is for the script, and all others are good.
  local function client_of(script, options)
    server = raw_server.start(GOOD .. script)
    return hostile.client(server.url, options)
  end

  -- Calls by the fields of a case, and asserts its error, that it took no longer than it was
  -- given, and that the next call of the same client is a good one.
  local function expect(script, wanted, call, options)
    local client = client_of(script, options)
    local begun = core.now()
    local value, err
    if call then
      value, err = call(client)
    else
      value, err = client.things:get "a"
    end
    assert.is_nil(value)
    hostile.check(err, wanted)
    assert.is_true(core.now() - begun < 3 * pace)
    assert.same({ id = 7 }, (assert(client.things:get "b")))
    return err
  end

  -- A read that is given a quarter of a second.
  local function brief(script, message, received)
    local client = client_of(script)
    local begun = core.now()
    local value, err = client.things:get("a", { timeout = 0.25 })
    local took = core.now() - begun
    assert.is_nil(value)
    hostile.check(err, { kind = "timeout", outcome = "unknown", attempts = 1, message = message })
    assert.is_true(took > 0.2 and took < 2 * pace, took)
    if received then
      local bytes = tonumber(err.message:match "%((%d+) bytes had come%)")
      assert.is_true(bytes >= received[1] and bytes <= received[2], err.message)
    end
    assert.same({ id = 7 }, (assert(client.things:get "b")))
  end

  describe("that", function()
    it("accepts and is silent ends with the deadline", function()
      brief("read_request() sleep(0.6)", "did not answer within 0.2")
    end)

    it("accepts and does not even read ends with the deadline", function()
      brief("sleep(0.6)", "did not answer within 0.2")
    end)

    it("sends its status line a byte at a time ends with the deadline", function()
      brief([[
        read_request()
        for byte in ("HTTP/1.1 200 " .. ("O"):rep(100)):gmatch "." do if not send(byte) then break end sleep(0.02) end
      ]], "did not answer within 0.2")
    end)

    it("sends headers a line at a time ends with the deadline", function()
      brief([[
        read_request() send "HTTP/1.1 200 OK\r\n"
        for _ = 1, 50 do if not send "X-A: b\r\n" then break end sleep(0.02) end
      ]], "was not complete within 0.2", { 0, 0 })
    end)

    it("sends interim answers now and then ends with the deadline", function()
      brief([[
        read_request()
        for _ = 1, 50 do if not send "HTTP/1.1 100 Continue\r\n\r\n" then break end sleep(0.02) end
      ]], "was not complete within 0.2", { 0, 0 })
    end)

    for label, pause in pairs { ["a byte a second"] = 1, ["a byte every 20 ms"] = 0.02 } do
      it("sends its body by " .. label .. " ends with the deadline", function()
        brief(([[
          read_request() send "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"
          for _ = 1, 50 do if not send " " then break end sleep(%s) if %s == 1 then break end end
        ]]):format(pause, pause), "was not complete within 0.2", { 1, 20 })
      end)
    end

    it("sends a chunk that carries nothing, for ever, ends with the deadline, and nothing is kept of it", function()
      brief([[
        read_request() send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f;a="
        while send(("b"):rep(65536)) do end
      ]], "was not complete within 0.2", { 0, 0 })
    end)

    it("sends compressed nothing, for ever, ends with the deadline", function()
      -- a stored block of no bytes, again and again
      brief([[
        read_request()
        send "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\31\139\8\0\0\0\0\0\0\3"
        while send(("\0\0\0\255\255"):rep(10000)) do end
      ]], "was not complete within 0.2")
    end)

    it("is silent in the TLS handshake ends with connect_timeout, and nothing was sent", function()
      server = raw_server.start "sleep(0.6)"
      local client = hostile.client((server.url:gsub("^http", "https")), { connect_timeout = 0.25 })
      local begun = core.now()
      local value, err = client.things:get "a"
      assert.is_nil(value)
      hostile.check(err, { kind = "timeout", outcome = "not_sent", retryable = true, message = "no connection to 127.0.0.1" })
      assert.is_true(core.now() - begun < 2 * pace)
    end)

    it("answers TLS with plain text is not spoken to", function()
      server = raw_server.start [[ send "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" receive(1) ]]
      local value, err = hostile.client((server.url:gsub("^http", "https"))).things:get "a"
      assert.is_nil(value)
      hostile.check(err, { kind = "tls", outcome = "not_sent", message = "no secure connection to 127.0.0.1" })
    end)

    it("reads nothing of a large request ends with the deadline", function()
      local large = ("x"):rep(16 * 2 ^ 20)
      local client = client_of "sleep(0.6)"
      local value, err = client.things:add({ name = large }, { timeout = 0.25 })
      assert.is_nil(value)
      hostile.check(err, { kind = "timeout", outcome = "unknown", retryable = false, message = "did not answer within 0.2" })
      assert.same({ id = 7 }, (assert(client.things:get "b")))
    end)

    it("answers before it has read a large request is heard", function()
      local large = ("x"):rep(16 * 2 ^ 20)
      local client = client_of [[
        receive(1000)
        send 'HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 28\r\n\r\n{"status":3,"message":"size"}'
        while receive(65536) do end
      ]]
      local value, err = client.things:add { name = large }
      assert.is_nil(value)
      hostile.check(err, { kind = "rejected", status = 413, outcome = "rejected" })
      assert.same({ id = 7 }, (assert(client.things:get "b")))
    end)
  end)

  describe("that goes away", function()
    local BROKE, CLOSED = "the connection to 127.0.0.1", "closed the connection without an answer"
    for _, case in ipairs {
      { "at once", "", "network" },
      { "in the middle of the request, with a reset", "receive(10) reset()", "network", BROKE },
      { "after the request, with a reset", "read_request() reset()", "network", BROKE },
      { "after the request", "read_request()", "network", CLOSED },
      { "in the status line", [[read_request() send "HTTP/1.1 2"]], "network", CLOSED },
      { "in the status line, with a reset", [[read_request() send "HTTP/1.1 2" sleep(0.05) reset()]], "network", BROKE },
      { "in the headers", [[read_request() send "HTTP/1.1 200 OK\r\nContent-"]], "protocol", "in the middle of its headers" },
      { "in the headers, with a reset", [[read_request() send "HTTP/1.1 200 OK\r\nContent-" sleep(0.05) reset()]], "network",
        "stopped after 0 bytes, before its end" },
      { "in the body", [[read_request() send "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"]], "protocol", "stopped after 1 of 400 bytes" },
      { "in the body, with a reset", [[read_request() send "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{" sleep(0.05) reset()]], "network",
        "stopped after 1 of 400 bytes" },
      { "in a body of no announced length, with a reset", [[read_request() send "HTTP/1.1 200 OK\r\n\r\n{" sleep(0.05) reset()]], "network",
        "stopped after 1 bytes, before its end" },
    } do
      it(case[1] .. " leaves open what a write has done", function()
        expect(case[2], { kind = case[3], outcome = "unknown", retryable = false, attempts = 1, message = case[4] or "127.0.0.1" },
          function(client) return client.things:add { name = "Lamp" } end)
        assert.equal(2, server:count())
      end)
    end

    -- The reset may come while the client still connects: then nothing can have left.
    it("at once, with a reset, leaves open what a write has done, unless it was never connected", function()
      local client = client_of "reset()"
      local value, err = client.things:add { name = "Lamp" }
      assert.is_nil(value)
      local connected = not err.message:find("could not connect", 1, true)
      hostile.check(err, { kind = "network", outcome = connected and "unknown" or "not_sent", retryable = not connected, attempts = 1,
        message = "127.0.0.1" })
      assert.same({ id = 7 }, (assert(client.things:get "b")))
    end)

    it("after each of a hundred answers is asked again, over new connections, and no read is lost", function()
      server = raw_server.start [[
        read_request()
        send 'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"status":0,"payload":{"id":7}}'
      ]]
      local client = hostile.client(server.url)
      for _ = 1, 100 do
        assert.same({ id = 7 }, (assert(client.things:get "a")))
      end
      assert.is_true(server:count() >= 100)
    end)

    it("between two writes over one connection gets the second once at most", function()
      server = raw_server.start [[
        read_request()
        send 'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"status":0,"payload":{"id":7}}'
        if number == 1 then
          read_request() -- and does not say what became of it
          reset()
        end
      ]]
      local client = hostile.client(server.url, { retry = 2 })
      assert(client.things:add { name = "first" })
      local value, err = client.things:add { name = "second" }
      assert.is_nil(value)
      hostile.check(err, { kind = "network", outcome = "unknown", retryable = false, attempts = 1, message = "was not sent a second time" })
      local requests = server:requests()
      assert.equal(2, #requests)
      assert(client.things:add { name = "third" })
    end)
  end)

  it("that trickles is held to the deadline of the whole call, not to one of each try", function()
    server = raw_server.start [[
      read_request()
      send "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 12\r\n\r\n"
      for _ = 1, 12 do if not send " " then break end sleep(0.02) end
    ]]
    local client = hostile.client(server.url, { retry = 5 })
    local begun = core.now()
    local value, err = client.things:get("a", { timeout = 0.6 })
    assert.is_nil(value)
    assert.is_true(err.kind == "timeout" or err.kind == "unavailable", tostring(err))
    assert.is_true(core.now() - begun < 2 * pace)
  end)
end)
