-- TLS and HTTP/2, against a real nginx with a throw-away certificate.
local core = require "frontdesk.core"
local httpd = require "support.httpd"

local PAGES = [[
  location / { return 200 "$server_protocol $ssl_protocol"; }
  location /size { content_by_lua_block { ngx.req.read_body() ngx.print(ngx.var.content_length) } }
  location /slow { content_by_lua_block { ngx.sleep(0.05) ngx.print(ngx.var.connection) } }
]]

describe("https", function()
  local server, engine

  setup(function()
    server = httpd.start({ tls = true, lua = true, server = PAGES })
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    engine = core.engine()
  end)

  after_each(function()
    engine:close()
  end)

  local function send(request)
    request.url = request.url or server.url
    local transfer = assert(engine:submit(request))
    engine:perform(transfer)
    return transfer
  end

  it("speaks HTTP/2 where the server does, by TLS 1.2 or later", function()
    local transfer = send({ ca_file = server.ca_file })
    assert.is_nil(transfer:failure())
    assert.equal("2", transfer:http_version())
    assert.matches("^HTTP/2.0 TLSv1.[23]$", transfer:body())
    assert.is_true(transfer:timings().tls > 0)
  end)

  it("speaks HTTP/1.1 when told so", function()
    local transfer = send({ ca_file = server.ca_file, http_version = "1.1" })
    assert.equal("1.1", transfer:http_version())
    assert.matches("^HTTP/1.1 ", transfer:body())
  end)

  it("keeps the connection", function()
    send({ ca_file = server.ca_file })
    assert.is_true(send({ ca_file = server.ca_file }):reused())
  end)

  it("sends bodies", function()
    local transfer = send({ method = "POST", url = server.url .. "/size", body = ("x"):rep(200000), ca_file = server.ca_file })
    assert.equal("200000", transfer:body())
  end)

  it("does not trust a certificate that nobody vouches for", function()
    local failure = send({ url = server.url .. "/?token=sesame" }):failure()
    assert.equal("tls", failure.kind)
    assert.equal("not_sent", failure.outcome)
    assert.matches("the certificate of 127.0.0.1:" .. server.port .. " was not accepted: ", failure.message, 1, true)
    assert.is_nil(failure.message:find("sesame", 1, true))
  end)

  it("does not go over a trusted connection without the trust", function()
    assert.is_nil(send({ ca_file = server.ca_file }):failure())
    assert.equal("tls", send({}):failure().kind)
    assert.is_nil(send({ ca_file = server.ca_file }):failure())
  end)

  it("does not take a certificate for another name", function()
    local other = httpd.start({ tls = true, names = "DNS:desk.test" })
    local failure = send({ url = other.url, ca_file = other.ca_file }):failure()
    other:stop()
    assert.equal("tls", failure.kind)
    assert.equal("not_sent", failure.outcome)
  end)

  it("says that the ca_file cannot be read", function()
    local failure = send({ ca_file = "/nonexistent/ca.pem" }):failure()
    assert.equal("tls", failure.kind)
    assert.matches("ca_file", failure.message)
  end)

  it("says that the other side speaks no TLS", function()
    local plain = httpd.start({ server = "location / { return 200 plain; }" })
    local failure = send({ url = (plain.url:gsub("^http", "https")) }):failure()
    plain:stop()
    assert.equal("tls", failure.kind)
    assert.equal("not_sent", failure.outcome)
  end)

  it("sends many requests over one HTTP/2 connection at once", function()
    local transfers = {}
    for i = 1, 50 do
      transfers[i] = assert(engine:submit({ url = server.url .. "/slow", ca_file = server.ca_file }))
    end
    local started = core.now()
    for _, transfer in ipairs(transfers) do
      engine:perform(transfer)
    end
    assert.is_true(core.now() - started < 1.5)
    for _, transfer in ipairs(transfers) do
      assert.is_nil(transfer:failure())
      assert.equal(transfers[1]:body(), transfer:body())
    end
  end)

  it("cancels one HTTP/2 request and leaves the others", function()
    local one = assert(engine:submit({ url = server.url .. "/slow", ca_file = server.ca_file }))
    local two = assert(engine:submit({ url = server.url .. "/slow", ca_file = server.ca_file }))
    engine:wait(0.02)
    one:cancel()
    assert.equal("cancelled", one:failure().kind)
    engine:perform(two)
    assert.is_nil(two:failure())
  end)
end)

describe("plain HTTP/2", function()
  it("is spoken when it is known beforehand", function()
    local server = httpd.start({ http2 = true, server = 'location / { return 200 "$server_protocol"; }' })
    local engine = core.engine()
    -- these libcurls cannot use such a connection twice
    local keeps = not core.curl_version:find("^libcurl/7%.8[78]%.")
    for i = 1, 3 do
      local transfer = engine:submit({ url = server.url, http_version = "2-prior-knowledge" })
      engine:perform(transfer)
      assert.is_nil(transfer:failure())
      assert.equal("2", transfer:http_version())
      assert.equal("HTTP/2.0", transfer:body())
      assert.equal(keeps and i > 1, transfer:reused())
    end
    engine:close()
    server:stop()
  end)
end)
