-- Headers without end, without sense, or not at all.
local hostile = require "support.hostile"
local raw_server = require "support.raw_server"

local TOOLS = [==[
  local OK = "HTTP/1.1 200 OK\r\n"
  local GOOD = 'Content-Length: 31\r\n\r\n{"status":0,"payload":{"id":7}}'
  local function lines(count, value)
    local list = {}
    for i = 1, count do
      list[i] = ("X-%d: %s\r\n"):format(i, value or "y")
    end
    return table.concat(list)
  end
  local function forever(text)
    while send(text) do end
  end
]==]

local MANY = "the answer has more headers than the limit of 1000 (max_header_count)"
local LARGE = "the headers of the answer are larger than the limit of 262144 bytes (max_header_bytes)"
local LONG = "a header of the answer from 127.0.0.1"
local OTHER = "did not answer with HTTP"
local BROKEN = "sent an answer that is not HTTP"

-- what it sends; kind; a part of the message (nothing: the good answer arrives)
local GROUPS = {
  {
    "headers",
    { "that are 999 and a length", [[send(OK .. lines(999) .. GOOD)]] },
    { "that are 1,000 and a length", [[send(OK .. lines(1000) .. GOOD)]], "too_large", MANY },
    { "that are 5,001", [[send(OK .. lines(5001) .. GOOD)]], "too_large", MANY },
    { "of 300 kB", [[send(OK .. lines(300, ("y"):rep(1000)) .. GOOD)]], "too_large", LARGE },
    { "of 200 kB, all of one name", [[send(OK .. ("X-A: " .. ("y"):rep(250) .. "\r\n"):rep(780) .. GOOD)]] },
    { "that never end", [[send(OK) forever(lines(100))]], "too_large", MANY },
    { "that are none", [[send(OK .. '\r\n{"status":0,"payload":{"id":7}}')]] },
    { "that break off in a name", [[send(OK .. "Content-Le")]], "protocol", "stopped in the middle of its headers" },
    { "that break off after the status", [[send(OK)]], "protocol", "stopped in the middle of its headers" },
    { "of a line feed only", [[send((OK .. GOOD):gsub("\r", ""))]] },
    { "that speak of other protocols", [[send(OK .. 'Upgrade: h2\r\nAlt-Svc: h3="evil.example:1"\r\n' .. GOOD)]] },
  },
  {
    "a header",
    { "of 90 kB", [[send(OK .. lines(1, ("y"):rep(90000)) .. GOOD)]] },
    { "of 200 kB", [[send(OK .. lines(1, ("y"):rep(200000)) .. GOOD)]], "too_large", LONG },
    { "that never ends", [[send(OK .. "X-A: ") forever(("y"):rep(65536))]], "too_large", LONG },
    { "that goes on in the next line", [[send(OK .. "X-A: one\r\n two\r\n" .. GOOD)]] },
    { "that goes on before it has begun", [[send(OK .. " two\r\n" .. GOOD)]], "protocol", BROKEN },
    { "that goes on before it has begun, with a colon", [[send(OK .. " two: three\r\n" .. GOOD)]], "protocol", BROKEN },
    { "that goes on before it has begun, after an interim answer",
      [[send("HTTP/1.1 103 Early\r\n\r\n" .. OK .. " two\r\n" .. GOOD)]], "protocol", BROKEN },
    { "that goes on before it has begun, in an interim answer",
      [[send("HTTP/1.1 103 Early\r\n two\r\n\r\n" .. OK .. GOOD)]], "protocol", BROKEN },
    { "that goes on before it has begun, after a status line that is set in",
      [[send(" HTTP/1.1 200 OK\r\n two\r\n" .. GOOD)]], "protocol", "did not answer with HTTP" },
    { "with NUL in its value", [[send(OK .. "X-A: one\0two\r\n" .. GOOD)]], "protocol", BROKEN },
    { "with NUL in its name", [[send(OK .. "X\0A: one\r\n" .. GOOD)]], "protocol", BROKEN },
    { "with NUL in a length", [[send(OK .. "Content-Length: 3\0001\r\n\r\n")]], "protocol", BROKEN },
    { "without a colon", [[send(OK .. "Content-Length 31\r\n" .. GOOD)]], "protocol", BROKEN },
    { "without a name", [[send(OK .. ": one\r\n" .. GOOD)]] },
    { "with a blank before a colon, that tells another length", [[send(OK .. "Content-Length : 5\r\n" .. GOOD)]], "protocol",
      "contradict each other about its length" },
    { "that asks to wait for ten thousand digits of seconds",
      [[send("HTTP/1.1 503 No\r\nRetry-After: " .. ("9"):rep(10000) .. "\r\n" .. GOOD)]], "unavailable", "HTTP 503" },
  },
  {
    "a status line",
    { "of another protocol", [[send "SSH-2.0-OpenSSH_9.2\r\n"]], "protocol", OTHER },
    { "that is missing, as in HTTP/0.9", [[send '{"status":0,"payload":{"id":7}}']], "protocol", OTHER },
    { "that is a web page", [[send "<html><body>Hello</body></html>"]], "protocol", OTHER },
    { "of bytes without sense", [[send(("\0\255\1"):rep(5000))]], "protocol", OTHER },
    { "after empty lines without end", [[forever(("\r\n"):rep(32768))]], "protocol", OTHER },
    { "without a version", [[send("HTTP 200 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "of HTTP/0.9", [[send("HTTP/0.9 200 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "of HTTP/1.9", [[send("HTTP/1.9 200 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "of HTTP/3", [[send("HTTP/3 200 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "in small letters", [[send("http/1.1 200 ok\r\n" .. GOOD)]] },
    { "without a status", [[send("HTTP/1.1\r\n" .. GOOD)]], "protocol", OTHER },
    { "with a status in words", [[send("HTTP/1.1 two hundred\r\n" .. GOOD)]], "protocol", OTHER },
    { "of status 0", [[send("HTTP/1.1 000 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "of status 20", [[send("HTTP/1.1 20 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "of status 099", [[send("HTTP/1.1 099 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "of status 600", [[send("HTTP/1.1 600 OK\r\n" .. GOOD)]], "unavailable", "HTTP 600" },
    { "of status 1000", [[send("HTTP/1.1 1000 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "of status 10^20 - 1", [[send("HTTP/1.1 99999999999999999999 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "of status -200", [[send("HTTP/1.1 -200 OK\r\n" .. GOOD)]], "protocol", OTHER },
    { "with NUL", [[send("HTTP/1.1 200 O\0K\r\n" .. GOOD)]], "protocol", BROKEN },
    { "that breaks off", [[send "HTTP/1.1 20"]], "network", "closed the connection without an answer" },
    { "that never ends", [[send "HTTP/1.1 200 " forever(("y"):rep(65536))]], "too_large", LONG },
  },
  {
    "an interim answer",
    { "(100)", [[send("HTTP/1.1 100 Continue\r\n\r\n" .. OK .. GOOD)]] },
    { "(103) with headers", [[send("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\nContent-Length: 5\r\n\r\n" .. OK .. GOOD)]] },
    { "(100) without end", [[forever(("HTTP/1.1 100 Continue\r\n\r\n"):rep(100))]], "too_large", LARGE },
    { "(102) with headers, without end", [[forever(("HTTP/1.1 102 Processing\r\nX-A: b\r\n\r\n"):rep(100))]], "too_large", MANY },
    { "(199) without end", [[forever(("HTTP/1.1 199 \r\n\r\n"):rep(100))]], "too_large", LARGE },
    { "(101) to a protocol nobody asked for", [[send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" .. GOOD)]],
      "protocol", "HTTP 101, which is no final answer" },
  },
}

-- The server of HTTP/2 without TLS: its preface, and one kind of frame without end.
local HTTP_2 = [==[
  local function frame(kind, flags, stream, payload)
    local size = #payload
    return string.char(math.floor(size / 65536), math.floor(size / 256) % 256, size % 256, kind, flags, 0, 0, 0, stream) .. payload
  end
  receive(24) -- PRI * HTTP/2.0
  send(frame(4, 0, 0, ""))
  local status, field = "\136", "\0\1a\1b" -- 200; a: b
  if number == 1 then -- CONTINUATION
    send(frame(1, 0, 1, status))
    while send(frame(9, 0, 1, field:rep(1000))) do end
  elseif number == 2 then -- one block of headers, that refers to one long entry again and again
    send(frame(1, 4, 1, status .. "\64\1a\127\161\30" .. ("b"):rep(4000) .. ("\190"):rep(12000)))
  elseif number == 3 then -- PING
    while send(frame(6, 0, 0, "12345678"):rep(1000)) do end
  elseif number == 4 then -- SETTINGS
    while send(frame(4, 0, 0, ""):rep(1000)) do end
  elseif number == 5 then -- interim answers
    while send(frame(1, 4, 1, "\8\003103" .. field):rep(100)) do end
  end
]==]

describe("of an answer,", function()
  local service

  lazy_setup(function()
    local attacks = { TOOLS }
    for i, group in ipairs(GROUPS) do
      for j = 2, #group do
        attacks[#attacks + 1] = ("attack['%d-%d'] = function() %s end\n"):format(i, j, group[j][2])
      end
    end
    service = hostile.start(table.concat(attacks))
  end)

  lazy_teardown(function()
    service.server:stop()
  end)

  for i, group in ipairs(GROUPS) do
    for j = 2, #group do
      local name, _, kind, message = group[j][1], group[j][2], group[j][3], group[j][4]
      it(("%s %s %s"):format(group[1], name, kind and "ends as " .. kind or "is taken"), function()
        local id = ("%d-%d"):format(i, j)
        if not kind then
          assert.same({ id = 7 }, (assert(service.client.things:get(id))))
          return service:works()
        end
        local err = service:expect(id, { kind = kind, outcome = "unknown", message = message, attempts = 1 })
        if err.status == 503 then
          assert.equal(86400, err.retry_after)
        end
        for _, sent in ipairs(service.server:sent()) do
          -- the kernel's buffers on both sides take some megabytes
          assert.is_true(sent < 16 * 2 ^ 20)
        end
      end)
    end
  end

  -- libcurl 7.83 to 8.0 takes the header that it continues for one of the answer before
  it("a header that goes on before it has begun writes to nobody's memory, again and again", function()
    for _ = 1, 50 do
      assert.equal(7, assert(service.client.things:get "2-5").id)
      for _, id in ipairs { "2-6", "2-7", "2-8", "2-9" } do
        local value, err = service.client.things:get(id)
        assert.is_nil(value)
        hostile.check(err, { kind = "protocol", message = BROKEN })
      end
    end
  end)

  it("headers that can be read are read out, folded ones as one line and repeated ones joined", function()
    local _, _, response = service.client.things:get "2-5"
    assert.equal("one two", response.headers["x-a"])
    _, _, response = service.client.things:get "1-6"
    assert.equal(780 * 252 - 2, #response.headers["x-a"])
  end)

  it("floods of HTTP/2 frames end, whatever frames they are", function()
    local server = raw_server.start(HTTP_2)
    local rules = { "protocol", "broke the rules of HTTP/2" }
    for _, wanted in ipairs { rules, rules, rules, rules, { "too_large", MANY } } do
      local client = hostile.client(server.url, { http_version = "2-prior-knowledge", timeout = 5 })
      local value, err = client.things:get "a"
      assert.is_nil(value)
      hostile.check(err, { kind = wanted[1], message = wanted[2], outcome = "unknown" })
    end
    for _, sent in ipairs(server:sent()) do
      assert.is_true(sent < 16 * 2 ^ 20)
    end
    server:stop()
  end)
end)
