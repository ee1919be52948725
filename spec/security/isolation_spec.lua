-- Clients with different credentials in one process, over one engine and its kept connections: each shows its own, and
-- nothing of one is in what another sends.
local core = require "frontdesk.core"
local frontdesk = require "frontdesk"
local httpd = require "support.httpd"
local mime = require "mime"
local process = require "support.process"
local tunnel = require "support.tunnel"

-- What it was asked, and over which connection. /digest checks the proof; /bound is a server that takes a connection
-- for authenticated after one right proof over it, as servers with NTLM do.
local SERVER = [[
  location / {
    keepalive_timeout 60s;
    content_by_lua_block { require("echo").answer({}) }
  }
  location /once { keepalive_timeout 0; content_by_lua_block { require("echo").answer({}) } }
  location /digest { content_by_lua_block { require("echo").digest(false) } }
  location /bound { content_by_lua_block { require("echo").digest(true) } }
  location /offers { content_by_lua_block {
    ngx.header["WWW-Authenticate"] = { "NTLM", "Negotiate", 'Basic realm="desk"' }
    ngx.status = 401
    require("echo").answer({})
  } }
  location ~ /oauth/auth/login$ { content_by_lua_block {
    ngx.req.read_body()
    local name = ngx.req.get_body_data():match('"username":"([^"]*)"')
    ngx.say('{"token":"t0k ' .. ngx.md5(ngx.var.uri .. name .. ngx.req.get_body_data()) .. '"}')
  } }
]]

local ECHO = [[
  local cjson = require "cjson"
  local echo, passwords, users = {}, { anna = "sesame", ben = "open it" }, {}
  function echo.answer(more)
    ngx.req.read_body()
    more.connection, more.headers, more.body = ngx.var.connection, ngx.req.get_headers(), ngx.req.get_body_data()
    more.method, more.uri = ngx.req.get_method(), ngx.var.request_uri
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Set-Cookie"] = "session=" .. ngx.md5(more.headers.authorization or "nobody") .. "; Path=/"
    ngx.say(cjson.encode(more))
  end
  function echo.digest(bound)
    local fields = {}
    local header = ngx.var.http_authorization or ""
    for name, value in header:gmatch('(%w+)="?([^",]*)"?') do fields[name] = value end
    local password = passwords[fields.username or ""]
    local proof = password and ngx.md5(table.concat({ ngx.md5(fields.username .. ":desk:" .. password), fields.nonce, fields.nc,
      fields.cnonce, fields.qop, ngx.md5(ngx.req.get_method() .. ":" .. ngx.var.request_uri) }, ":"))
    local right = header:match("^Digest ") and proof == fields.response
    if right then users[ngx.var.connection] = fields.username end
    local user = right and fields.username or bound and header == "" and users[ngx.var.connection] or nil
    if not user then
      ngx.status = 401
      ngx.header["WWW-Authenticate"] = 'Digest realm="desk", qop="auth", algorithm=MD5, nonce="' .. ngx.md5(ngx.now() .. ngx.var.connection) .. '"'
    end
    echo.answer({ user = user, claims = fields.username })
  end
  return echo
]]

local function basic(text)
  return "Basic " .. mime.b64(text)
end

local function start(options)
  options.lua, options.server, options.files = true, SERVER, { ["echo.lua"] = ECHO }
  options.http = 'lua_package_path "$folder/?.lua;;"; ssl_session_cache shared:tls:1m;'
  return httpd.start(options)
end

describe("clients in one process", function()
  local server, secure

  setup(function()
    server, secure = start {}, start { tls = true }
  end)

  teardown(function()
    server:stop()
    secure:stop()
  end)

  local function pos(options, at)
    options.base_url = options.base_url or (at or server).url
    options.ca_file = options.ca_file or (at == secure and secure.ca_file) or nil
    options.retry = 0
    return frontdesk.pos(options)
  end

  local function ask(client, path, options)
    return client:request({ path = path or "/x" }, options)
  end

  -- Clients by the Authorization that each has to send.
  local function four(at)
    return {
      ["Bearer t0k-anna"] = pos({ token = "t0k-anna" }, at),
      ["Bearer t0k-ben"] = pos({ token = "t0k-ben" }, at),
      [basic "anna:sesame"] = pos({ username = "anna", password = "sesame" }, at),
      [basic "anna:other"] = pos({ username = "anna", password = "other" }, at),
    }
  end

  for _, words in ipairs { "HTTP/1.1", "HTTP/2" } do
    it("send each its own credential over a connection that they share by " .. words, function()
      local at, connections = words == "HTTP/2" and secure or server, {}
      local clients = four(at)
      for _ = 1, 5 do
        for expected, client in pairs(clients) do
          local answer = assert(ask(client))
          assert.equal(expected, answer.headers.authorization)
          connections[answer.connection] = true
        end
      end
      local first = next(connections)
      assert.is_nil(next(connections, first))
    end)
  end

  it("send each its own credential when all are under way at once", function()
    for _, at in ipairs { server, secure } do
      frontdesk.run(function()
        local list = {}
        for expected, client in pairs(four(at)) do
          for _ = 1, 10 do
            list[#list + 1] = { expected, client }
          end
        end
        frontdesk.map(list, function(pair)
          assert.equal(pair[1], assert(ask(pair[2])).headers.authorization)
          return true
        end)
      end)
    end
  end)

  it("send no header of one from another, and none of one call with the next", function()
    local one = pos { token = "t0k-one", device_id = "till-01", headers = { ["X-Shop"] = "one" } }
    local two = pos { token = "t0k-two" }
    assert.equal("one", assert(ask(one, "/x", { headers = { ["X-Call"] = "1" } })).headers["x-shop"])
    for _, client in ipairs { two, one } do
      local headers = assert(ask(client)).headers
      assert.is_nil(headers["x-call"])
      assert.equal(client == one and "one" or nil, headers["x-shop"])
      assert.equal(client == one and "till-01" or nil, headers["device-id"])
    end
  end)

  it("send no cookie, whoever it was set for", function()
    local one, two = pos { token = "t0k-one" }, pos { token = "t0k-two" }
    for _ = 1, 3 do
      for _, client in ipairs { one, two } do
        local answer, _, response = ask(client)
        assert.matches("^session=", response.headers["set-cookie"])
        assert.is_nil(answer.headers.cookie)
      end
    end
  end)

  it("prove each its own Digest, and nothing to a request that has none", function()
    local anna = pos { username = "anna", password = "sesame", auth = "digest" }
    local ben = pos { username = "ben", password = "open it", auth = "digest" }
    local wrong = pos { username = "anna", password = "guess", auth = "digest" }
    local bearer = pos { token = "t0k-one" }
    for _ = 1, 4 do
      assert.equal("anna", assert(ask(anna, "/digest")).user)
      assert.equal("ben", assert(ask(ben, "/digest/b")).user)
      local _, refused = ask(wrong, "/digest")
      assert.equal("auth", refused.kind)
      assert.equal("Bearer t0k-one", assert(ask(bearer)).headers.authorization)
    end
  end)

  it("share no connection that Digest was spoken over, though the server takes it for somebody's", function()
    local options = { username = "anna", password = "sesame", auth = "digest" }
    local anna = pos(options)
    local answer = assert(ask(anna, "/bound"))
    assert.equal("anna", answer.user)
    assert.equal(answer.connection, assert(ask(anna, "/bound")).connection)
    assert.equal("ben", assert(ask(pos { username = "ben", password = "open it", auth = "digest" }, "/bound")).user)
    for _, other in ipairs {
      pos { username = "anna", password = "guess", auth = "digest" }, pos { username = "ben", password = "x", auth = "digest" },
      pos { username = "anna", password = "guess" }, pos { token = "t0k-one" },
    } do
      local _, refused = ask(other, "/bound")
      assert.equal("auth", refused.kind)
      assert.is_nil(refused.body.user)
      assert.not_equal(answer.connection, refused.body.connection)
    end
  end)

  it("answer no offer of NTLM or Negotiate, which authenticate connections", function()
    for expected, client in pairs(four()) do
      local _, refused = ask(client, "/offers")
      assert.equal("auth", refused.kind)
      assert.equal(1, refused.attempts)
      assert.equal(expected:match "^%a+", refused.body.headers.authorization:match "^%a+")
    end
    local _, refused = ask(pos { username = "carl", password = "sesame", auth = "digest" }, "/offers")
    assert.equal("auth", refused.kind)
    assert.is_nil(refused.body.headers.authorization)
  end)

  it("keep the tokens of their logins apart", function()
    local function hearme(base, username, password)
      return frontdesk.hearme { base_url = server.url .. base, username = username, password = password, retry = 0 }
    end
    local function token(client)
      return (client:request { path = "/x" }).headers.authorization
    end
    local clients = { hearme("/one", "anna", "sesame"), hearme("/two", "anna", "sesame"), hearme("/one", "ben", "sesame"),
      hearme("/one", "anna", "other") }
    local seen = {}
    for i, client in ipairs(clients) do
      local mine = token(client)
      assert.matches("^BEARER t0k %x+$", mine)
      assert.is_nil(seen[mine])
      seen[mine] = i
    end
    for i, client in ipairs(clients) do
      assert.equal(i, seen[token(client)])
    end
  end)

  it("go over no connection that was made with another's trust", function()
    local other = httpd.start { tls = true, server = "location / { return 200; }" }
    local trusting = pos({ token = "t0k-one" }, secure)
    local doubting = pos { token = "t0k-two", base_url = secure.url, ca_file = other.ca_file }
    for _ = 1, 2 do
      assert.equal("Bearer t0k-one", assert(ask(trusting)).headers.authorization)
      local _, refused = ask(doubting)
      assert.equal("tls", refused.kind)
      assert.equal("not_sent", refused.outcome)
    end
    other:stop()
  end)

  it("resume no TLS session that was made with another's trust", function()
    local other = httpd.start { tls = true, server = "location / { return 200; }" }
    local trusting = pos({ token = "t0k-one", http_version = "1.1" }, secure)
    for _ = 1, 3 do -- leaves sessions behind, where libcurl keeps them
      assert(ask(trusting, "/once"))
    end
    local _, refused = ask(pos { token = "t0k-two", http_version = "1.1", base_url = secure.url, ca_file = other.ca_file }, "/once")
    assert.equal("tls", refused.kind)
    other:stop()
  end)

  it("share no HTTP/2 connection between two names of a host, though its certificate has both", function()
    local one = pos({ token = "t0k-one" }, secure)
    local two = pos { token = "t0k-two", base_url = (secure.url:gsub("127.0.0.1", "localhost")), ca_file = secure.ca_file }
    local first, second = assert(ask(one)), assert(ask(two))
    assert.not_equal(first.connection, second.connection)
    assert.equal("Bearer t0k-two", second.headers.authorization)
  end)

  it("show a proxy each its own user, over plain http", function()
    local function through(user)
      return pos { token = "t0k-" .. user, proxy = ("http://%s@127.0.0.1:%d"):format(user, server.port), base_url = "http://localhost:1" }
    end
    local clients = { ["anna:secret"] = through "anna:secret", ["ben:secret"] = through "ben:secret" }
    for _ = 1, 3 do
      for user, client in pairs(clients) do
        assert.equal(basic(user), assert(ask(client)).headers["proxy-authorization"])
      end
      local bare = pos { token = "t0k-bare", proxy = "http://127.0.0.1:" .. server.port, base_url = "http://localhost:1" }
      assert.is_nil(assert(ask(bare)).headers["proxy-authorization"])
    end
  end)

  it("use no tunnel that a proxy made for another", function()
    local proxy = tunnel.start()
    local asked = {}
    for _, user in ipairs { "anna:secret@", "ben:secret@", "", "anna:other@" } do
      local client = pos({ token = "t0k-one", proxy = ("http://%s127.0.0.1:%d"):format(user, proxy.port) }, secure)
      for _ = 1, 2 do
        assert.is_nil(assert(ask(client)).headers["proxy-authorization"]) -- is for the proxy alone
      end
      asked[#asked + 1] = user == "" and "none" or basic(user:sub(1, -2))
    end
    local seen = proxy:asked()
    proxy:stop()
    assert.same(asked, seen)
  end)
end)

describe("a handle that is used again", function()
  local server, engine

  setup(function()
    server, engine = start {}, core.engine()
  end)

  teardown(function()
    engine:close()
    server:stop()
  end)

  local function send(request)
    request.url = server.url .. (request.path or "/x")
    local transfer = assert(engine:submit(request))
    engine:perform(transfer)
    assert.is_nil(transfer:failure())
    return request.method ~= "HEAD" and assert(core.json_decode(transfer:body())) or nil
  end

  local METHODS = { "GET", "HEAD", "DELETE", "OPTIONS", "POST", "PUT", "PATCH" }
  local SENDS = { POST = true, PUT = true, PATCH = true }

  for _, before in ipairs(METHODS) do
    it("carries nothing of a " .. before .. " into what follows", function()
      local bare = {}
      for _, method in ipairs(METHODS) do
        bare[method] = send { method = method }
      end
      for _, method in ipairs(METHODS) do
        for _, more in ipairs { {}, { auth = "basic", username = "anna", password = "sesame" } } do
          send { method = before, body = SENDS[before] and ("b0dy "):rep(300000) or nil, path = "/first?key=1", auth = more.auth,
            username = more.username, password = more.password, timeout = 20, connect_timeout = 7, max_body = 4000000,
            headers = assert(core.headers { { "X-Key", "k3y" }, { "Content-Type", "text/x" }, { "Authorization2", "t0k" } }) }
          local after = send { method = method }
          if after then
            assert.same(bare[method].headers, after.headers)
            assert.same({ method, "/x", bare[method].body or false }, { after.method, after.uri, after.body or false })
            assert.equal(bare[method].connection, after.connection) -- and over the same connection
          end
        end
      end
    end)
  end

  it("carries no nonce of a Digest", function()
    send { path = "/digest", auth = "digest", username = "anna", password = "sesame" }
    for _, method in ipairs(METHODS) do
      local after = send { method = method }
      assert.is_nil(after and after.headers.authorization)
    end
  end)
end)

describe("the workers' dictionary of nginx", function()
  it("has each account's token under a name that tells nothing of it, and no key or password at all", function()
    local front = httpd.start {
      lua = true, frontdesk = true, http = "lua_shared_dict frontdesk 1m;",
      server = [[
        location = /service/api/auth { content_by_lua_block {
          ngx.say('{"status_code":9999,"payload":{"access_token":"t0k-for-' .. ngx.var.arg_apiKey .. '"}}')
        } }
        location /service/ { content_by_lua_block {
          ngx.say('{"status_code":9999,"payload":"' .. ngx.var.http_authorization .. '"}')
        } }
        location = /ask { content_by_lua_block {
          local frontdesk = require "frontdesk"
          for _, key in ipairs { "k3y-anna", "k3y-ben", "k3y-anna" } do
            local client = frontdesk.omicall { base_url = ngx.var.arg_base, api_key = key, rate = 1000 }
            ngx.say(client:request { path = "/x" } or "nothing")
          end
          for _, name in ipairs(ngx.shared.frontdesk:get_keys(0)) do
            ngx.say("entry ", name, " = ", ngx.shared.frontdesk:get(name))
          end
        } }
      ]],
    }
    local text = process.output(("curl -s -m 20 '%s/ask?base=%s/service'"):format(front.url, front.url))
    local log = front:log()
    front:stop()
    assert.equal("", log)
    assert.matches("^Bearer t0k%-for%-k3y%-anna\nBearer t0k%-for%-k3y%-ben\nBearer t0k%-for%-k3y%-anna\n", text)
    local tokens = 0
    for name, value in text:gmatch "entry (%S+) = ([^\n]*)" do
      assert.is_nil(name:find("k3y", 1, true))
      assert.is_nil(name:find(mime.b64 "k3y", 1, true))
      if value:find("k3y", 1, true) then
        assert.matches("^token:", name)
        assert.matches("^t0k%-for%-k3y%-%a+$", value)
        tokens = tokens + 1
      end
    end
    assert.equal(2, tokens)
  end)
end)
