-- Digest (RFC 7616) against a server that computes the answers itself.
local core = require "frontdesk.core"
local raw_server = require "support.raw_server"

-- Nonces are n1, n2, ...: one for each challenge. Its answers say which user the
-- response was right for.
local SERVER = [[
  local function hash(text)
    local pipe = io.popen("printf %s '" .. text .. "' | openssl dgst -ALGORITHM -r")
    local digits = pipe:read("*l"):match("^%x+")
    pipe:close()
    return digits
  end
  local passwords = { anna = "sesame", ben = "open it" }
  while true do
    local request = read_request()
    if not request then break end
    local method, target = request:match("^(%S+) (%S+)")
    local header = request:match("Authorization: Digest ([^\r]*)")
    local fields = {}
    for name, value in (header or ""):gmatch('(%w+)="?([^",]*)"?') do fields[name] = value end
    local password = passwords[fields.username or ""]
    local expected = password and hash(table.concat({
      hash(fields.username .. ":desk:" .. password), fields.nonce, fields.nc, fields.cnonce, fields.qop,
      hash(method .. ":" .. target) }, ":"))
    local body
    if expected and expected == fields.response and fields.uri == target then
      body = fields.username .. " " .. fields.nonce .. " " .. tonumber(fields.nc, 16) .. " " .. (request:match("\r\n\r?\n?(x*)$") or "")
      send("HTTP/1.1 200 OK\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
    else
      nonces = (nonces or 0) + 1
      _G.nonces = (_G.nonces or 0) + 1
      body = "please log in"
      send('HTTP/1.1 401 Unauthorized\r\nX-Challenge: 1\r\nWWW-Authenticate: Digest realm="desk", qop="auth", algorithm=NAME, nonce="n' .. _G.nonces .. '"\r\nContent-Length: ' .. #body .. '\r\n\r\n' .. body)
    end
  end
]]

for _, algorithm in ipairs({ { "md5", "MD5" }, { "sha256", "SHA-256" } }) do
  describe("Digest by " .. algorithm[2], function()
    local server, engine

    before_each(function()
      server = raw_server.start((SERVER:gsub("ALGORITHM", algorithm[1]):gsub("NAME", algorithm[2])))
      engine = core.engine()
    end)

    after_each(function()
      engine:close()
      server:stop()
    end)

    local function send(username, password, request)
      request = request or {}
      request.url = server.url .. (request.path or "/a?b=c")
      request.auth, request.username, request.password = "digest", username, password
      local transfer = assert(engine:submit(request))
      engine:perform(transfer)
      assert.is_nil(transfer:failure())
      return transfer
    end

    it("answers the challenge, and shows only the final answer", function()
      local transfer = send("anna", "sesame")
      assert.equal(200, transfer:status())
      assert.equal("anna n1 1 ", transfer:body())
      assert.is_nil(transfer:header("X-Challenge"))
      assert.is_nil(transfer:header("WWW-Authenticate"))
    end)

    it("never sends the password itself", function()
      send("anna", "sesame")
      for _, text in ipairs(server:requests()) do
        assert.is_nil(text:find("sesame", 1, true))
        assert.is_nil(text:find("Basic", 1, true))
      end
    end)

    it("goes on with the nonce, and counts it", function()
      send("anna", "sesame")
      assert.equal("anna n1 2 ", send("anna", "sesame", { path = "/other" }):body())
      assert.equal(3, #server:requests())
    end)

    it("sends the body with the answer, for any method", function()
      assert.equal("anna n1 1 xxx", send("anna", "sesame", { method = "POST", body = "xxx" }):body())
      assert.equal("anna n1 2 xx", send("anna", "sesame", { method = "PUT", body = "xx" }):body())
    end)

    it("gives the 401 when the password is wrong", function()
      local transfer = send("anna", "wrong")
      assert.equal(401, transfer:status())
      assert.equal("please log in", transfer:body())
      assert.equal("1", transfer:header("X-Challenge"))
    end)

    it("keeps one user's nonce from another", function()
      assert.equal("anna n1 1 ", send("anna", "sesame"):body())
      assert.equal("ben n2 1 ", send("ben", "open it"):body())
      assert.equal("anna n1 2 ", send("anna", "sesame"):body())
    end)

    it("leaves no credentials for a request without any", function()
      send("anna", "sesame")
      local transfer = engine:submit({ url = server.url })
      engine:perform(transfer)
      assert.equal(401, transfer:status())
      local requests = server:requests()
      assert.is_nil(requests[#requests]:find("Authorization", 1, true))
    end)
  end)
end

describe("a server that wants Basic", function()
  it("gets no password from a request that has Digest", function()
    local engine = core.engine()
    local server = raw_server.start([[
      read_request()
      send 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="desk"\r\nContent-Length: 0\r\n\r\n'
    ]])
    local transfer = engine:submit({ url = server.url, auth = "digest", username = "anna", password = "sesame" })
    engine:perform(transfer)
    local requests = server:requests()
    server:stop()
    engine:close()
    assert.equal(401, transfer:status())
    assert.equal(1, #requests)
    assert.is_nil(requests[1]:find("Authorization", 1, true))
  end)

  it("cannot hold a digest request with a 401 that does not end", function()
    local engine = core.engine()
    local server = raw_server.start([[
      read_request()
      send 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="desk", nonce="n", qop="auth"\r\nTransfer-Encoding: chunked\r\n\r\n'
      while send("1000\r\n" .. ("x"):rep(4096) .. "\r\n") do end
    ]])
    local transfer = engine:submit({ url = server.url, auth = "digest", username = "anna", password = "sesame", max_body = 100000, timeout = 5 })
    engine:perform(transfer)
    server:stop()
    engine:close()
    assert.equal("too_large", transfer:failure().kind)
  end)
end)
