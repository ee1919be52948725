-- What stands in the request line, whatever a kept handle sent before.
local core = require "frontdesk.core"
local raw_server = require "support.raw_server"

local ANSWER = [[
  while read_request() do
    send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
  end
]]

describe("the target of a request", function()
  local engine, server, seen

  before_each(function()
    engine = core.engine()
    server = raw_server.start(ANSWER)
    seen = 0
  end)

  after_each(function()
    engine:close()
    server:stop()
  end)

  local function send(fields)
    local transfer, failure = engine:submit(fields)
    assert(transfer, failure and failure.message)
    while not engine:perform(transfer) do
    end
    assert.is_nil(transfer:failure())
  end

  -- Method and target as the server got them, in the one request that came of it.
  local function line_of(path)
    send { url = server.url .. path }
    local requests = server:requests()
    seen = seen + 1
    assert.equal(seen, #requests)
    return requests[seen]:match "^(.-) HTTP/1%.1\r\n"
  end

  it("is sent as it was written, one after the other", function()
    for _, path in ipairs { "/a/b?c=d%20e", "/other", "/a//b", "/a;v=1/b", "/q?x=/../y&z=/./", "/caf%C3%A9", "/c%2Fd?", "/a/b?c=d%20e" } do
      assert.equal("GET " .. path, line_of(path))
    end
  end)

  it("begins with a slash where the URL has no path", function()
    assert.equal("GET /", line_of "")
    assert.equal("GET /?q=1", line_of "?q=1")
    assert.equal("GET /a", line_of "/a")
    assert.equal("GET /", line_of "")
  end)

  it("holds no steps that go nowhere or up", function()
    assert.equal("GET /first", line_of "/first")
    assert.equal("GET /a/c?d", line_of "/a/./b/../c?d")
    assert.equal("GET /second", line_of "/second")
  end)

  it("is the whole URL for a proxy, and for nobody else", function()
    local proxy = raw_server.start(ANSWER)
    assert.equal("GET /plain", line_of "/plain")
    send { url = "http://service.test/through?x=1", proxy = proxy.url }
    assert.matches("^GET http://service%.test/through%?x=1 HTTP/1%.1\r\n", proxy:requests()[1])
    assert.equal("GET /plain", line_of "/plain")
    proxy:stop()
  end)

  it("belongs to its own host", function()
    local other = raw_server.start(ANSWER)
    assert.equal("GET /same", line_of "/same")
    send { url = other.url .. "/same" }
    assert.matches("^GET /same HTTP/1%.1\r\n.*Host: 127%.0%.0%.1:" .. other.port .. "\r\n", other:requests()[1])
    assert.equal("GET /same", line_of "/same")
    other:stop()
  end)

  it("stays when the request is sent again on another connection", function()
    server:stop()
    server = raw_server.start [[
      read_request()
      send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
      read_request()
    ]]
    assert.equal("GET /first", line_of "/first")
    send { url = server.url .. "/second?x" }
    local requests = server:requests()
    assert.matches("^GET /second%?x ", requests[2])
    assert.matches("^GET /second%?x ", requests[3])
  end)

  it("is refused with a space, a control or a fragment after any other", function()
    assert.equal("GET /fine", line_of "/fine")
    for _, path in ipairs { "/a b", "/a\r\nX: y", "/a#b", "/\195\169" } do
      local transfer, failure = engine:submit { url = server.url .. path }
      assert.is_nil(transfer)
      assert.equal("url", failure.field)
    end
    assert.equal("GET /fine", line_of "/fine")
  end)

  it("comes with what is accepted, said once", function()
    line_of "/"
    local _, count = server:requests()[1]:gsub("Accept%-Encoding: gzip, deflate[^\r]*\r\n", "")
    assert.equal(1, count)
    send { url = server.url .. "/", headers = assert(core.headers { { "accept-encoding", "identity" }, { "X-One", "1" } }) }
    local text = server:requests()[2]
    assert.matches("\r\naccept%-encoding: identity\r\n", text)
    assert.matches("\r\nX%-One: 1\r\n", text)
    assert.is_nil(text:find("gzip", 1, true))
  end)
end)
