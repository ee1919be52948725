-- Where a client may be told to send its credentials: an address that is one, and never in the clear off this machine unless
-- that was said in so many words.

local config = require "frontdesk.config"
local errors = require "frontdesk.errors"
local every_service = require "support.every_service"
local fake = require "support.fake_transport"
local frontdesk = require "frontdesk"
local process = require "support.process"
local raw_server = require "support.raw_server"

-- What making a client says; `sources` stand for the environment and the profile.
local function refusal(service, given, sources)
  local ok, message
  if sources then
    ok, message = pcall(config.resolve, frontdesk[service].description, given, sources)
  else
    ok, message = pcall(frontdesk[service], given)
  end
  assert.is_false(ok)
  assert.is_string(message)
  return message
end

local function getenv_of(variables)
  return function(name) return variables[name] end
end

local function no_profile()
  return nil, "there is none", true
end

local UNUSABLE = {
  { "file:///etc/passwd", "must start with" },
  { "FILE://localhost/etc/passwd", "must start with" },
  { "gopher://evil.example:25/_HELO", "must start with" },
  { "ftp://ftp.example/", "must start with" },
  { "dict://127.0.0.1:11211/stat", "must start with" },
  { "ldap://evil.example/", "must start with" },
  { "smb://evil.example/share", "must start with" },
  { "ws://evil.example/", "must start with" },
  { "javascript:alert(1)", "must start with" },
  { "//evil.example/", "must start with" },
  { "evil.example/api", "must start with" },
  { "/api", "must start with" },
  { "https:evil.example", "must start with" },
  { "https:/evil.example", "must start with" },
  { " https://evil.example", "space" },
  { "https ://evil.example", "space" },
  { "http+unix://%2Frun%2Fdocker.sock/", "must start with" },
  { "https://", "host" },
  { "https:///api", "host" },
  { "https://:443/", "host" },
  { "https://?a", "host" },
  { "https://mai:sesame@svc.example/", "user name" },
  { "https://mai@svc.example/", "user name" },
  { "https://@svc.example/", "user name" },
  { "https://:@svc.example/", "user name" },
  { "http://localhost@evil.example/", "user name" },
  { "http://127.0.0.1:80@evil.example/", "user name" },
  { "http://127.0.0.1&@evil.example/", "user name" },
  { "http://127.0.0.1#@evil.example/", "fragment" },
  { "https://svc.example/#@evil.example", "fragment" },
  { "http://127.0.0.1\\@evil.example/", "backslash" },
  { "https:\\\\svc.example", "backslash" },
  { "https://svc.example\\.evil.example/", "backslash" },
  { "https://svc.example/a b", "space" },
  { "http://127.0.0.1 .evil.example/", "space" },
  { "http://127.0.0.1%00.evil.example/", "host" },
  { "http://127.0.0.1%09", "host" },
  { "http://127.0.0.1%2eevil.example", "host" },
  { "http://%31%32%37.0.0.1", "host" },
  { "http://localhost%2f.evil.example/", "host" },
  { "http://localhost%40evil.example/", "host" },
  { "http://localhost%0d%0aX-Evil:1/", "host" },
  { "http://localhost%0d%0a/", "host" },
  { "http://127.0.0.1;evil.example/", "host" },
  { "http://127.0.0.1,evil.example/", "host" },
  { "http://[::1", "host" },
  { "http://[::1].evil.example/", "port" },
  { "http://[::1]evil.example/", "port" },
  { "http://[127.0.0.1]/", "host" },
  { "http://[::g]/", "host" },
  { "http://[]/", "host" },
  { "https://svc.example:0/", "port" },
  { "https://svc.example:65536/", "port" },
  { "https://svc.example:99999999999999999999/", "port" },
  { "https://svc.example:-1/", "port" },
  { "https://svc.example:+443/", "port" },
  { "https://svc.example:443:80/", "port" },
  { "https://svc.example:0x1bb/", "port" },
  { "https://svc.example:443evil/", "port" },
  { "https://svc.exämple/", "ASCII" },
  { "http://ｌocalhost/", "ASCII" },
  { "http://127。0。0。1/", "ASCII" },
  { "http://①②⑦.0.0.1/", "ASCII" },
  { "http://local\226\128\139host/", "ASCII" },
  { "https://svc.example/?key=sesame", "must not have a query" },
  { "https://svc.example/api?", "must not have a query" },
  { "https://svc.example?@evil.example", "must not have a query" },
}

for _, control in ipairs { "\r", "\n", "\r\n", "\t", "\0", "\27", "\127" } do
  for _, text in ipairs { "https://svc.example/%sx", "https://svc%s.example/", "%shttps://svc.example/", "https://svc.example/%s", "ht%stps://svc.example/" } do
    UNUSABLE[#UNUSABLE + 1] = { (text:gsub("%%s", function() return control end)), "control characters" }
  end
end

describe("a base_url", function()
  it("that is none is refused when the client is made, by every service, and not repeated", function()
    for _, service in ipairs(every_service.names) do
      for _, row in ipairs(UNUSABLE) do
        local url, words = row[1], row[2]
        local transport = fake.transport()
        local message = refusal(service, every_service.options(service, { base_url = url, transport = transport }))
        assert.is_truthy(message:find("base_url", 1, true), message)
        assert.is_truthy(message:find(words, 1, true), ("%q: %s"):format(url, message))
        assert.is_truthy(message:find("^[%w_%./]*:?%d*:? ?frontdesk%." .. service .. ": "), message)
        assert.is_nil(message:find("sesame", 1, true))
        assert.is_nil(message:find("[%c]"))
        assert.equal(0, #transport.sent)
      end
    end
  end)

  it("that is none is refused alike in the environment and in a profile", function()
    for _, row in ipairs(UNUSABLE) do
      local url, words = row[1], row[2]
      if not url:find("\0", 1, true) then -- which no variable can hold
        local message = refusal("pos", {}, { getenv = getenv_of { FRONTDESK_POS_BASE_URL = url }, read_profile = no_profile })
        assert.is_truthy(message:find(words, 1, true), message)
      end
      local message = refusal("pos", { profile = "/p" }, { getenv = getenv_of {}, read_profile = function()
        return { pos = { base_url = url } }
      end })
      assert.is_truthy(message:find(words, 1, true), message)
    end
  end)

  it("of a wrong type, or empty, is refused", function()
    for _, url in ipairs { "", 7, true, {}, frontdesk.null, print } do
      assert.is_truthy(refusal("pos", { base_url = url }):find("base_url must ", 1, true))
    end
  end)

  it("keeps the host it names, whatever the path that a call adds", function()
    for _, service in ipairs(every_service.names) do
      local transport = fake.transport()
      transport.send = function(_, request)
        transport.sent[#transport.sent + 1] = request.url
        return nil, { kind = "network", outcome = "not_sent", message = "no" }
      end
      local client = frontdesk[service](every_service.options(service, { transport = transport }))
      for _, path in ipairs { "@evil.example/", ".evil.example/", ":80@evil.example", "//evil.example/", "x" } do
        assert.equal("network", select(2, client:request { path = path }).kind)
      end
      for _, url in ipairs(transport.sent) do
        local parts = assert(require("frontdesk.core").url_parse(url))
        assert.equal("https://service.example.test:443", parts.origin)
      end
      assert.equal(5, #transport.sent)
    end
  end)

  it("without a path is refused where a dot would join the call's to the host's name", function()
    local dotted = 0
    for _, service in ipairs(every_service.names) do
      if frontdesk[service].description.join == "." then
        dotted = dotted + 1
        for _, url in ipairs { "https://svc.example", "https://svc.example/", "https://svc.example//", "https://svc.example/.",
          "http://localhost", "http://127.0.0.1", "https://svc.example:8443", "https://svc.example/../" } do
          local transport = fake.transport()
          local message = refusal(service, every_service.options(service, { base_url = url, transport = transport }))
          assert.is_truthy(message:find("base_url must have a path", 1, true), message)
        end
      end
    end
    assert.is_true(dotted > 0)
  end)
end)

-- Hosts that look like this machine, and are another.
local ELSEWHERE = {
  "svc.example", "127.0.0.1.svc.example", "localhost.svc.example", "localhost.", "127.0.0.1.", "sub.localhost", "localhost.localdomain",
  "2130706433.evil.example", "0x7f.1.evil.example", "0", "0.0.0.0", "[::]", "[::2]", "[::ffff:10.0.0.1]",
  "[::ffff:0.0.0.0]", "[64:ff9b::7f00:1]", "[::127.0.0.1]", "128.0.0.1", "126.255.255.255", "10.0.0.1", "192.168.0.1", "169.254.169.254", "0xa9fea9fe",
  "2852039166", "256.0.0.1", "127.0.0.256", "4294967297", "127", "xn--lcalhost-54a", "[fe80::1]", "loopback", "ip6-localhost", "127-0-0-1", "0127.0.0.1",
}

-- And those that are this machine, however they are written.
local HERE = { "127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "127.0.1" }

-- Expects that every way to send something is refused.
local function expect_unsent(service, options, url)
  local transport = fake.transport()
  options.transport = transport
  local client = frontdesk[service](every_service.options(service, options, url))
  local description = frontdesk[service].description
  local function check(base, value, err)
    assert.is_nil(value, url)
    assert.is_true(errors.is(err, "invalid_input"), url)
    assert.equal(base and description.bases[base].option or "base_url", err.field)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, err.attempts)
    assert.is_truthy(err.message:find("allow_http = true", 1, true), err.message)
  end
  for _, operation in ipairs(every_service.operations(service)) do
    local base = description.operations[operation].base
    check(base, every_service.call(client, operation, every_service.input { service = service, operation = operation }))
  end
  check(nil, client:request { path = "/x", credential = "none" })
  check(nil, client:request { method = "POST", path = "/x" })
  assert.equal(0, #transport.sent)
end

describe("plain http to another machine", function()
  it("carries nothing, whatever the operation, even one that needs no credential", function()
    for _, service in ipairs(every_service.names) do
      expect_unsent(service, {}, "http://svc.example")
    end
  end)

  it("is told by the host that libcurl would connect to", function()
    for _, host in ipairs(ELSEWHERE) do
      local ok, options = pcall(config.resolve, frontdesk.pos.description, { base_url = "http://" .. host, token = "t0k-1" },
        { getenv = getenv_of {}, read_profile = no_profile })
      assert.is_true(ok, host .. ": " .. tostring(options))
      assert.is_true(options.bases.main.plain_http, host)
    end
  end)

  it("is refused from the environment and from a profile too", function()
    local given = getenv_of { FRONTDESK_POS_BASE_URL = "http://svc.example", FRONTDESK_POS_TOKEN = "t0k-1" }
    assert.is_true(config.resolve(frontdesk.pos.description, {}, { getenv = given, read_profile = no_profile }).bases.main.plain_http)
    local profile = { pos = { base_url = "HTTP://svc.example", token = "t0k-1" } }
    assert.is_true(config.resolve(frontdesk.pos.description, { profile = "/p" }, {
      getenv = getenv_of {}, read_profile = function() return profile end,
    }).bases.main.plain_http)
  end)

  it("needs allow_http = true, and nothing that only resembles it", function()
    for _, value in ipairs { 1, 0, "true", "yes", {}, frontdesk.null } do
      assert.is_truthy(refusal("pos", { base_url = "http://svc.example", allow_http = value }):find("allow_http must be a boolean", 1, true))
    end
    for _, text in ipairs { "yes", "TRUE", " true", "on", "2" } do
      local sources = { getenv = getenv_of { FRONTDESK_POS_ALLOW_HTTP = text }, read_profile = no_profile }
      assert.is_truthy(refusal("pos", { base_url = "http://svc.example" }, sources):find("FRONTDESK_POS_ALLOW_HTTP must be of the type boolean", 1, true))
    end
    expect_unsent("pos", { allow_http = false }, "http://svc.example")
    local sources = { getenv = getenv_of { FRONTDESK_ALLOW_HTTP = "true", FRONTDESK_IMBEE_ALLOW_HTTP = "true" }, read_profile = function()
      return { imbee = { allow_http = true } }
    end }
    assert.is_true(config.resolve(frontdesk.pos.description, { base_url = "http://svc.example" }, sources).bases.main.plain_http)
  end)

  it("is allowed by an environment of the vendor's for its own address only, and not against the client's word", function()
    local found = 0
    for _, service in ipairs(every_service.names) do
      for name, environment in pairs(frontdesk[service].description.environments or {}) do
        if environment.base_url:find "^http:" then
          found = found + 1
          expect_unsent(service, { environment = name }, "http://svc.example")
          local options = config.resolve(frontdesk[service].description, { environment = name, allow_http = false },
            { getenv = getenv_of {}, read_profile = no_profile })
          assert.is_true(options.bases.main.plain_http)
        end
      end
    end
    assert.is_true(found > 0)
  end)

  it("is not reached by way of a proxy either: to this machine's address, a proxy elsewhere is elsewhere", function()
    for _, proxy in ipairs { "http://proxy.example:3128", "proxy.example:3128", "socks5h://proxy.example", "http://mai:pw@proxy.example", "10.0.0.1",
      "127.0.0.1.proxy.example:3128", "http://127.0.0.1@proxy.example", "http://127.0.0.1\\@proxy.example",
      "http://mai:pw@127.0.0.1@proxy.example" } do
      for _, host in ipairs { "http://127.0.0.1:8080", "http://localhost" } do
        expect_unsent("pos", { proxy = proxy }, host)
      end
    end
    for _, proxy in ipairs { "http://127.0.0.1:3128", "127.0.0.1:3128", "localhost", "socks5h://localhost:1080", "http://mai:pw@127.0.0.1:3128", "http://[::1]:3128/",
      "http://127.0.0.1:80/@proxy.example" } do
      assert.is_false(config.resolve(frontdesk.pos.description, { base_url = "http://localhost", proxy = proxy },
        { getenv = getenv_of {}, read_profile = no_profile }).bases.main.plain_http, proxy)
    end
  end)
end)

describe("a proxy", function()
  it("that is none is refused when the client is made, and not repeated", function()
    for _, row in ipairs { { "file:///etc/passwd", "must start with" }, { "gopher://127.0.0.1:9", "must start with" }, { "ftp://sesame", "must start with" },
      { "nonsense://sesame", "must start with" }, { "://sesame", "must start with" }, { "http://", "host" }, { "@", "host" }, { "http://[::1", "host" },
      { "http://proxy.example\\x", "backslash" }, { "http://mai:ses/ame@proxy.example", "port" }, { "127.0.0.1:99999", "port" },
      { "127.0.0.1:0", "port" }, { "http://mai:sesame@proxy example", "space" }, { "http://pröxy.example", "ASCII" }, { "http://proxy%2eexample", "host" } } do
      local message = refusal("pos", { base_url = "https://pos.example", token = "t0k-1", proxy = row[1] })
      assert.is_truthy(message:find("frontdesk.pos: proxy is not usable: the URL ", 1, true), message)
      assert.is_truthy(message:find(row[2], 1, true), message)
      assert.is_nil(message:find("sesame", 1, true))
    end
  end)

  it("may be written with a scheme, a name and a password, or bare", function()
    for _, proxy in ipairs { "proxy.example", "proxy.example:3128", "http://proxy.example", "HTTPS://proxy.example:3128/", "socks4://10.0.0.1", "socks4a://proxy.example",
      "socks5://[::1]:1080", "socks5h://mai:pw@proxy.example", "mai:pw@proxy.example:3128", "http://mai:p%40w@proxy.example" } do
      assert.equal(proxy, config.resolve(frontdesk.pos.description, { base_url = "https://pos.example", proxy = proxy },
        { getenv = getenv_of {}, read_profile = no_profile }).proxy)
    end
  end)
end)

describe("plain http to this machine", function()
  local server

  setup(function()
    server = raw_server.start [[
      while read_request() do
        send "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 37\r\n\r\n{\"result\":\"SUCCESS\",\"permissions\":[]}\n"
      end
    ]]
  end)

  teardown(function()
    server:stop()
  end)

  it("goes there, however its address is written", function()
    for i, host in ipairs(HERE) do
      local client = frontdesk.pos { base_url = ("http://%s:%d"):format(host, server.port), token = "t0k-here", retry = 0 }
      local _, err = client.me:permissions()
      assert.is_nil(err, host .. ": " .. tostring(err))
      local request = server:requests()[i]
      assert.is_truthy(request:find("^GET /people/person/permissions HTTP/1.1\r\n"), request)
      assert.is_truthy(request:find("Authorization: Bearer t0k-here\r\n", 1, true))
    end
  end)

  it("is what a script gets without allow_http, and nothing else: seen from a process with a hostile environment", function()
    local before = #server:requests()
    local function run(variables)
      return process.output(("env %s FRONTDESK_POS_TOKEN=t0k-env %s -e %s 2>&1"):format(variables,
        os.getenv "FRONTDESK_LUA" or (rawget(_G, "jit") and "luajit" or "lua5.4"), process.quote [[
          local ok, client = pcall(require("frontdesk").pos, { retry = 0 })
          if not ok then print("raised", client) os.exit(0) end
          local value, err = client.me:permissions()
          print(value ~= nil, err and err.kind, err and err.field)
        ]]))
    end
    assert.equal("false\tinvalid_input\tbase_url", run "FRONTDESK_POS_BASE_URL=http://svc.example")
    assert.equal("false\tinvalid_input\tbase_url", run(("FRONTDESK_POS_BASE_URL=http://127.0.0.1:%d FRONTDESK_POS_PROXY=http://proxy.example"):format(server.port)))
    for _, url in ipairs { "file:///etc/passwd", "gopher://127.0.0.1:%d/", "http://mai:pw@127.0.0.1:%d", "http://127.0.0.1:%d\\@evil.example" } do
      assert.equal("raised", run("FRONTDESK_POS_BASE_URL=" .. process.quote(url:format(server.port))):match "^%w+")
    end
    assert.equal(before, #server:requests())
    assert.equal("true\tnil\tnil", run("FRONTDESK_POS_BASE_URL=" .. server.url))
    assert.equal(before + 1, #server:requests())
  end)
end)
