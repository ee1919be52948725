local core = require "frontdesk.core"
local process = require "frontdesk.sandbox.process"
local sandbox = require "frontdesk.sandbox"

-- One nginx serves most of these specs; each begins with fresh states.
describe("the sandbox over nginx", function()
  local server, engine

  lazy_setup(function()
    server = assert(sandbox.start())
    engine = assert(core.engine())
  end)

  lazy_teardown(function()
    engine:close()
    server:stop()
  end)

  before_each(function()
    assert(server:reset())
  end)

  local function send(request)
    request.timeout = request.timeout or 10
    local transfer = assert(engine:submit(request))
    while not transfer:done() do engine:perform(transfer) end
    return transfer
  end

  local function headers(list)
    return assert(core.headers(list))
  end

  local json_headers = headers({ { "Content-Type", "application/json" }, { "Accept", "application/json" } })

  local function login(changes)
    local request = { method = "POST", url = server:url("hearme") .. "/oauth/auth/login", headers = json_headers,
      body = '{"username":"front.desk","password":"hearme-sandbox-password"}' }
    for name, value in pairs(changes or {}) do request[name] = value end
    return send(request)
  end

  local function permissions(token)
    return send({ method = "GET", url = server:url("hearme") .. "/oauth/user/permissions/any",
      headers = headers({ { "Authorization", "BEARER " .. token } }) })
  end

  it("serves all services, with the state they keep", function()
    local transfer = login()
    assert.is_nil(transfer:failure())
    assert.equal(200, transfer:status())
    local token = transfer:json().token
    assert.equal(200, permissions(token):status())
    assert.equal("[]", permissions(token):body())
    assert.equal(1, assert(server:counts()).hearme.tokens)
  end)

  it("keeps connections open", function()
    login()
    assert.is_true(login():reused())
  end)

  it("speaks HTTP/2 over TLS, with an authority of its own", function()
    local request = { url = server:url("hearme", "https") .. "/oauth/auth/login", ca_file = server:ca_file() }
    local transfer = login(request)
    assert.is_nil(transfer:failure())
    assert.equal("2", transfer:http_version())
    assert.equal(200, transfer:status())
    request.http_version = "1.1"
    assert.equal("1.1", login(request):http_version())
    request.ca_file = nil
    assert.equal("tls", login(request):failure().kind)
  end)

  it("reads bodies of any size, and is strict about them", function()
    local big = ('{"username":"%s"}'):format(("x"):rep(2 * 1024 * 1024))
    assert.equal(400, login({ body = big }):status())
    assert.equal(400, login({ body = '{"username":' }):status())
    assert.equal(415, login({ headers = headers({ { "Content-Type", "text/plain" } }) }):status())
    assert.equal(405, login({ method = "PUT" }):status())
  end)

  it("sees paths as they were sent", function()
    local url = server:url("hearme")
    assert.equal(404, send({ method = "GET", url = url .. "//oauth/auth/login" }):status())
    assert.equal(404, send({ method = "GET", url = url .. "/oauth%2Fauth/login" }):status())
  end)

  describe("checks authenticated HTTP:", function()
    local function roles(auth, changes)
      local options = server:options("pos")
      local request = { method = "GET", url = server:url("pos") .. "/people/roles", auth = auth, username = options.username,
        password = options.password, headers = headers({ { "Accept", "application/json" } }) }
      for name, value in pairs(changes or {}) do request[name] = value end
      return send(request)
    end

    for _, scheme in ipairs({ "basic", "digest" }) do
      it(scheme .. " with the right and with a wrong password", function()
        assert.equal(200, roles(scheme):status())
        assert.equal(401, roles(scheme, { password = "guess" }):status())
        assert.equal(200, roles(scheme):status())
      end)
    end

    it("digest with a body, over HTTP/2", function()
      local transfer = roles("digest", { method = "POST", body = '{"name":"Night shift","permissions":"[]"}', headers = json_headers,
        url = server:url("pos", "https") .. "/people/roles", ca_file = server:ca_file() })
      assert.equal(201, transfer:status())
      assert.equal("SUCCESS", transfer:json().result)
    end)

    it("digest with MD5 where only that is offered", function()
      local plain = assert(sandbox.start({ services = { "pos" }, https = false, algorithms = { "MD5" } }))
      local url = plain:url("pos") .. "/people/roles"
      assert.equal(200, roles("digest", { url = url }):status())
      assert.equal(401, roles("digest", { url = url, password = "guess" }):status())
      local challenge = roles(nil, { url = url }):header("www-authenticate")
      plain:stop()
      assert.is_string(challenge)
    end)

    it("with a challenge to who comes without credentials", function()
      local transfer = roles()
      assert.equal(401, transfer:status())
      local challenges = transfer:headers()["www-authenticate"]
      assert.matches("algorithm=SHA%-256", challenges)
      assert.matches("algorithm=MD5", challenges)
      assert.matches("Basic realm=", challenges)
    end)
  end)

  describe("has faults on order:", function()
    local https

    before_each(function()
      https = { url = server:url("hearme", "https") .. "/oauth/auth/login", ca_file = server:ca_file() }
    end)

    it("a connection that is reset, plain and over HTTP/2", function()
      for _, how in ipairs({ {}, https }) do
        server:fault({ kind = "reset", service = "hearme", operation = "auth.login" })
        local failure = login(how):failure()
        assert.same({ "network", "unknown" }, { failure.kind, failure.outcome })
        assert.equal(200, login(how):status())
      end
    end)

    it("an answer that breaks off", function()
      server:fault({ kind = "truncate" })
      local failure = login():failure()
      assert.same({ "protocol", "unknown" }, { failure.kind, failure.outcome })
      server:fault({ kind = "truncate" })
      assert.equal("unknown", login(https):failure().outcome)
      assert.equal(200, login(https):status())
    end)

    it("latency, while other requests go on", function()
      server:fault({ kind = "latency", seconds = 5 })
      assert.equal("timeout", login({ timeout = 0.1 }):failure().kind)
      local begun = core.now()
      assert.equal(200, login():status())
      assert.is_true(core.now() - begun < 2)
    end)

    it("a status, with Retry-After", function()
      server:fault({ kind = "status", status = 429, retry_after = 7, times = 2 })
      for _ = 1, 2 do
        local transfer = login()
        assert.equal(429, transfer:status())
        assert.equal("7", transfer:header("Retry-After"))
      end
      assert.equal(200, login():status())
    end)

    it("a web page instead of a document", function()
      server:fault({ kind = "html", times = math.huge })
      for _ = 1, 2 do assert.equal(502, login():status()) end
      assert.matches("<html>", login():body())
    end)

    it("a token that is revoked", function()
      local token = login():json().token
      server:fault({ kind = "revoked", service = "hearme" })
      assert.equal(401, permissions(token):status())
      assert.equal(401, permissions(token):status())
    end)

    it("which are refused when wrong", function()
      assert.has_error(function() server:fault({ kind = "fire" }) end)
    end)
  end)

  it("tells the requests so far, without secrets", function()
    local token = login():json().token
    permissions(token)
    assert.same({
      { service = "hearme", operation = "auth.login", method = "POST", path = "/oauth/auth/login", status = 200 },
      { service = "hearme", operation = "users.permissions", method = "GET", path = "/oauth/user/permissions/any", status = 200 },
    }, server:requests())
    server:reset()
    assert.same({}, server:requests())
    assert.equal(401, permissions(token):status())
  end)

  it("moves the services' clock on", function()
    local token = login():json().token
    assert(server:advance(14 * 86400))
    assert.equal(401, permissions(token):status())
    assert.equal(200, permissions(login():json().token):status())
  end)

  it("guards the control endpoint by a key", function()
    local transfer = send({ method = "GET", url = server:url("hearme"):gsub("/hearme$", "/_sandbox/requests") })
    assert.equal(403, transfer:status())
  end)

  it("gives constructor options and environment variables", function()
    local options = server:options("hearme", { timeout = 3 })
    assert.same({ server:url("hearme"), "front.desk", 3 }, { options.base_url, options.username, options.timeout })
    assert.is_nil(options.ca_file)
    options = server:options("etelecom", { https = true })
    assert.matches("^https://127%.0%.0%.1:%d+/etelecom/v1/partner$", options.base_url)
    assert.equal(server:ca_file(), options.ca_file)
    assert.is_nil(options.https)
    local environment = server:environment()
    assert.equal(server:url("omicall"), environment.FRONTDESK_OMICALL_BASE_URL)
    assert.equal("front.desk", environment.FRONTDESK_HEARME_USERNAME)
    assert.is_nil(environment.FRONTDESK_CA_FILE)
    assert.equal(server:ca_file(), server:environment(true).FRONTDESK_CA_FILE)
  end)

  it("raises for a service that it does not have", function()
    assert.has_error(function() server:url("nobody") end, 'the sandbox has no service named "nobody"')
    assert.has_error(function() server:options("nobody") end, 'the sandbox has no service named "nobody"')
  end)
end)

describe("the life of the nginx sandbox:", function()
  -- Ends within its patience, or the spec fails.
  local function wait_for(what, seconds)
    for _ = 1, seconds / 0.05 do
      if what() then return true end
      process.sleep(0.05)
    end
    return false
  end

  it("everything it writes is private, and gone after stop", function()
    local server = assert(sandbox.start({ services = { "imbee" }, https = false }))
    assert.matches("^drwx%-%-%-%-%-%-", process.output("ls -ld " .. process.quote(server.prefix)))
    assert.is_true(server:is_running())
    assert.matches("http://127%.0%.0%.1:%d+", tostring(server))
    server:stop()
    server:stop()
    assert.is_false(server:is_running())
    assert.is_false(process.is_alive(server.master.pid, server.master.start))
    assert.is_false(process.exists(server.prefix .. "/nginx.conf"))
    assert.equal("frontdesk.sandbox.server (stopped)", tostring(server))
    local answer, message = server:requests()
    assert.is_nil(answer)
    assert.equal("the sandbox was stopped", message)
  end)

  it("several run side by side", function()
    local first = assert(sandbox.start({ services = { "imbee" }, https = false }))
    local second = assert(sandbox.start({ services = { "imbee" }, https = false }))
    assert.not_equal(first:url("imbee"), second:url("imbee"))
    first:stop()
    assert.is_table(second:counts())
    second:stop()
  end)

  it("it stops when it is collected", function()
    local server = assert(sandbox.start({ services = { "imbee" }, https = false }))
    local prefix, master = server.prefix, server.master
    server = nil
    collectgarbage()
    collectgarbage()
    assert.is_nil(server)
    assert.is_false(process.is_alive(master.pid, master.start))
    assert.is_false(process.exists(prefix .. "/nginx.conf"))
  end)

  it("it quits by itself when the process that started it is killed", function()
    local script = [[
      local server = assert(require("frontdesk.sandbox").start({ services = { "imbee" }, https = false }))
      print(server.master.pid, server.prefix)
      io.stdout:flush()
      os.execute("kill -KILL " .. require("frontdesk.sandbox.process").self().pid)
    ]]
    local said = process.output(("LUA_PATH=%s LUA_CPATH=%s %s -e %s 2>/dev/null"):format(process.quote(package.path),
      process.quote(package.cpath), jit and "luajit" or "lua" .. _VERSION:match("%d.*"), process.quote(script)))
    local pid, prefix = said:match("(%d+)%s+(%S+)")
    assert.is_string(prefix)
    assert.is_true(wait_for(function()
      return not process.is_alive(tonumber(pid)) and not process.exists(prefix .. "/nginx.conf")
    end, 5))
  end)

  it("its worker ends when nginx's master was killed", function()
    local server = assert(sandbox.start({ services = { "imbee" }, https = false }))
    local master = server.master.pid
    local children = process.read_file(("/proc/%d/task/%d/children"):format(master, master))
    local worker = tonumber(children:match("^%s*(%d+)%s*$"))
    local start = process.start_of(worker)
    process.signal("KILL", master)
    assert.is_true(wait_for(function() return not process.is_alive(worker, start) end, 5))
    assert.is_false(server:is_running())
    server:stop()
  end)

  it("a missing nginx is a sentence that says what to install", function()
    local server, message = sandbox.start({ nginx = "/nonexistent/nginx" })
    assert.is_nil(server)
    assert.matches("libnginx%-mod%-http%-lua", message)
  end)

  it("without https, its addresses are plain", function()
    local server = assert(sandbox.start({ services = { "imbee" }, https = false }))
    assert.is_nil(server:ca_file())
    assert.has_error(function() server:url("imbee", "https") end, "this sandbox was started without https")
    server:stop()
  end)

  it("answers are compressed when that is asked for", function()
    local server = assert(sandbox.start({ services = { "imbee" }, https = false, gzip = true }))
    local engine = assert(core.engine())
    local transfer = assert(engine:submit({ method = "GET", url = server:url("imbee") .. "/nothing", timeout = 5 }))
    while not transfer:done() do engine:perform(transfer) end
    server:stop()
    assert.equal("gzip", transfer:header("Content-Encoding"))
    assert.equal(1, transfer:json().code)
    engine:close()
  end)
end)
