-- Servers that cannot be trusted: nothing is sent to them, and nothing makes the client trust them.
local certificates = require "support.certificates"
local config = require "frontdesk.config"
local core = require "frontdesk.core"
local engine_transport = require "frontdesk.transport.engine"
local frontdesk = require "frontdesk"
local httpd = require "support.httpd"
local process = require "support.process"
local raw_server = require "support.raw_server"
local socket = require "socket"
local read = require("support.files").read

local SECRETS = { auth = "t0k-tls-auth", corporate_key = "k3y-tls-corporate" }
local OPENSSL = core.curl_version:find("OpenSSL", 1, true) ~= nil

-- What each server shows; `why` is a word of the reason, which OpenSSL's errors tell.
local REFUSED = {
  { "a certificate that has expired", "expired", why = "expired" },
  { "a certificate that is not valid yet", "early", why = "not yet valid" },
  { "a certificate signed by itself", "self_signed", why = "self%-signed" },
  { "a certificate for another host and address", "other_host", why = "127.0.0.1" },
  { "a certificate that has the address as a name, or a wildcard over it", "address_as_name", why = "127.0.0.1" },
  { "a certificate whose name goes on behind a NUL", "cut_name", host = "localhost", why = "" },
  { "a certificate of an unknown authority", "unknown", why = "unable to get local issuer" },
  { "a certificate without the intermediate that signed it", "bare", why = "unable to get local issuer" },
  { "a certificate that only claims to be the authority's", "forged", why = "" },
  { "a certificate signed by one that may not sign", "by_leaf", why = "CA" },
  { "a certificate for clients", "client_only", why = "purpose", openssl = true }, -- GnuTLS minds no purpose
  { "TLS 1.0 only", "good", protocol = "TLSv1", why = "" },
  { "TLS 1.1 only", "good", protocol = "TLSv1.1", why = "" },
}

-- and those of further tests
local OTHERS = { "good", "chained", "revoked", "later", "system_forged", kept = "revoked" }

describe("TLS", function()
  local made, nginx
  local ports, taken, blocks = {}, {}, {}

  -- A server of its own for each case, so that what one was sent shows.
  local function add(key, certificate, protocol)
    repeat
      ports[key] = httpd.free_port()
    until not taken[ports[key]]
    taken[ports[key]] = true
    blocks[#blocks + 1] = ([[
      server {
        listen 127.0.0.1:%d ssl;
        ssl_certificate %s; ssl_certificate_key %s;
        ssl_protocols %s; ssl_ciphers ALL:@SECLEVEL=0;
        keepalive_timeout %s; ssl_session_tickets %s;
        access_log $folder/%s.seen; error_log $folder/%s.log info;
        default_type application/json;
        location / { return 200 '{"code":0,"body":{"token":"t","url":"https://x.example"}}'; }
      }]]):format(ports[key], made:file(certificate .. ".pem"), made:file "leaf.key", protocol or "TLSv1.2 TLSv1.3", key == "kept" and "60s" or "0",
        key == "later" and "on" or "off", key, key)
  end

  lazy_setup(function()
    made = certificates.make()
    for i, case in ipairs(REFUSED) do
      add("case" .. i, case[2], case.protocol)
    end
    for key, name in pairs(OTHERS) do
      add(type(key) == "string" and key or name, name)
    end
    nginx = httpd.start { http = table.concat(blocks, "\n"), server = "location / { return 404; }" }
  end)

  lazy_teardown(function()
    nginx:stop()
    made:remove()
  end)

  local function client(key, options, host)
    local given = {
      base_url = ("https://%s:%d"):format(host or "127.0.0.1", ports[key]), ca_file = made:file "root.pem",
      transport = engine_transport.new(), auth = SECRETS.auth, corporate_key = SECRETS.corporate_key, timeout = 10,
    }
    for name, value in pairs(options or {}) do
      given[name] = value or nil
    end
    return frontdesk.imbee(given)
  end

  local function call(imbee)
    return imbee:request { method = "POST", path = "/tokens", body = { user = "u-1" } }
  end

  local function seen(key)
    return read(("%s/%s.seen"):format(nginx.folder, key))
  end

  local function expect_refusal(value, err, words)
    assert.is_nil(value)
    assert.equal("tls", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(1, err.attempts)
    assert.is_false(err.retryable)
    if words and OPENSSL then
      assert.matches(words, err.message)
    end
    for _, secret in pairs(SECRETS) do
      assert.is_nil(tostring(err):find(secret, 1, true))
    end
  end

  -- What is in a server's log, when something is.
  local function log_of(key, kind)
    for _ = 1, 500 do
      local text = read(("%s/%s.%s"):format(nginx.folder, key, kind or "log"))
      if text ~= "" then
        return text
      end
      socket.sleep(0.01)
    end
    return ""
  end

  it("lets good certificates pass, with the intermediate that the server sends along", function()
    assert(call(client "good"))
    assert(call(client("good", nil, "localhost")))
    assert(call(client "chained"))
    assert.matches("POST /tokens", log_of("chained", "seen"))
  end)

  for i, case in ipairs(REFUSED) do
    if OPENSSL or not case.openssl then
      it("sends nothing to a server with " .. case[1], function()
        local value, err = call(client("case" .. i, nil, case.host))
        expect_refusal(value, err, case.why)
        local words = log_of("case" .. i) -- it was asked, and left
        assert.is_truthy(words:find "handshake" or words:find "closed connection while waiting for request", words)
        assert.equal("", seen("case" .. i))
      end)
    end
  end

  it("of an old version works with those who take it: the servers above do serve", function()
    for i, case in ipairs(REFUSED) do
      if case.protocol then
        local words = process.output(("openssl s_client -connect 127.0.0.1:%d -%s -cipher ALL:@SECLEVEL=0 </dev/null 2>&1")
          :format(ports["case" .. i], case.protocol:lower():gsub("v1%.", "1_"):gsub("v1$", "1")))
        assert.matches("Protocol *: *" .. case.protocol, words)
      end
    end
  end)

  it("trusts the authorities in ca_file in place of the system's, not beside them", function()
    local absent = "unable to get local issuer"
    expect_refusal(call(client "system_forged"))
    local _, err = call(client "system_forged")
    local _, other = call(client("system_forged", { ca_file = false }))
    expect_refusal(nil, other)
    if OPENSSL and made.system ~= "" then -- which tells "not an authority" from "not the authority's signature"
      assert.matches(absent, err.message)
      assert.is_nil(other.message:find(absent, 1, true))
    end
    assert.equal("", seen "system_forged")
  end)

  -- A sender over one engine, to a server, with the files of that name.
  local function sender(key)
    local engine = core.engine()
    return function(ca_file, crl_file)
      local transfer = engine:submit {
        url = "https://127.0.0.1:" .. ports[key], ca_file = ca_file and made:file(ca_file), crl_file = crl_file and made:file(crl_file),
      }
      engine:perform(transfer)
      return (transfer:failure() or { kind = transfer:status() }).kind
    end
  end

  it("looks into ca_file at each new connection", function()
    local send = sender "good"
    os.execute(("cd %s && cp root.pem changing.pem"):format(made.folder))
    assert.equal(200, send "changing.pem")
    os.execute(("cd %s && cp stranger.pem changing.pem"):format(made.folder))
    assert.equal("tls", send "changing.pem")
  end)

  describe("with revocation lists", function()
    it("refuses a revoked certificate, and no other", function()
      local value, err = call(client("revoked", { crl_file = made:file "root.crl" }))
      expect_refusal(value, err, "revoked")
      assert.equal("", seen "revoked")
      assert(call(client("good", { crl_file = made:file "root.crl" })))
      assert(call(client("chained", { crl_file = made:file "all.crl" })))
    end)

    it("looks for revocation only then", function()
      assert(call(client "revoked"))
      local send = sender "revoked"
      assert.equal("tls", send("root.pem", "root.crl"))
      assert.equal(200, send "root.pem")
      assert.equal("tls", send("root.pem", "root.crl"))
    end)

    it("goes over no connection that was made without the list", function()
      local send = sender "kept"
      assert.equal(200, send "root.pem")
      assert.equal("tls", send("root.pem", "root.crl"))
      assert.equal(200, send "root.pem")
    end)

    it("looks into the list at each new connection, and resumes no session instead", function()
      local send = sender "later"
      os.execute(("cd %s && cp root.crl growing.crl"):format(made.folder))
      assert.equal(200, send("root.pem", "growing.crl"))
      made:root "-revoke later.pem"
      made:root "-gencrl -out growing.crl"
      assert.equal("tls", send("root.pem", "growing.crl"))
    end)

    it("refuses all when the list cannot be read", function()
      for _, path in ipairs { "/nonexistent/x.crl", made:file "leaf.key" } do
        local value, err = call(client("good", { crl_file = path }))
        expect_refusal(value, err)
        assert.matches("the revocation list (crl_file) could not be read", err.message, 1, true)
      end
    end)

    if OPENSSL then -- GnuTLS takes what no list speaks of
      it("refuses an authority without a list, and a list that is too old", function()
        local value, err = call(client("chained", { crl_file = made:file "root.crl" }))
        expect_refusal(value, err, "CRL")
        value, err = call(client("good", { crl_file = made:file "old.crl" }))
        expect_refusal(value, err, "CRL has expired")
      end)
    end
  end)

  it("is asked of a proxy too that speaks it, by the system's authorities", function()
    local value, err = call(client("good", { proxy = "https://127.0.0.1:" .. ports.chained }))
    expect_refusal(value, err, "unable to get local issuer")
    assert.matches("the proxy", err.message, 1, true)
  end)

  it("takes no path with a line break", function()
    local engine = core.engine()
    for _, field in ipairs { "ca_file", "crl_file" } do
      for _, path in ipairs { "/x\ny", "/x\0y" } do
        local transfer, failure = engine:submit { url = "https://127.0.0.1:1/", [field] = path }
        assert.is_nil(transfer)
        assert.equal("invalid_input", failure.kind)
        assert.equal(field, failure.field)
      end
    end
    engine:close()
  end)

  it("is not left where the server speaks plain HTTP", function()
    for _, answer in ipairs {
      "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"code\":0,\"body\":{\"a\":1}}\n",
      "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c, HTTP/1.1\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
    } do
      local server = raw_server.start(("send(%q) read_request()"):format(answer))
      local value, err = call(frontdesk.imbee {
        base_url = (server.url:gsub("^http", "https")), auth = SECRETS.auth, corporate_key = SECRETS.corporate_key,
        transport = engine_transport.new(), timeout = 10,
      })
      local arrived = table.concat(server:requests())
      server:stop()
      expect_refusal(value, err)
      assert.is_nil(arrived:find("t0k", 1, true) or arrived:find("POST", 1, true))
    end
  end)
end)

describe("verification", function()
  -- What other clients call it.
  local SWITCHES = {
    "verify", "ssl_verify", "tls_verify", "verify_ssl", "verify_peer", "verify_host", "verifypeer", "verifyhost", "ssl_verifypeer",
    "ssl_verifyhost", "verify_certificate", "check_certificate", "no_verify", "skip_verify", "insecure", "insecure_skip_verify",
    "allow_insecure", "reject_unauthorized", "verify_mode", "strict_ssl",
  }

  it("has no switch: its names are refused, and what to do instead is said", function()
    for _, service in ipairs { "hearme", "pos", "etelecom", "imbee", "omicall" } do
      for _, name in ipairs(SWITCHES) do
        for _, value in ipairs { false, true, 0, "none" } do
          local ok, message = pcall(frontdesk[service], { base_url = "https://x.example", [name] = value })
          assert.is_false(ok, name)
          assert.matches(('frontdesk.%s: "%s" is not an option: the server\'s certificate is always checked; to trust an authority'
            .. ' of your own give its certificate as ca_file'):format(service, name), message, 1, true)
        end
      end
    end
  end)

  it("is turned off neither by a profile nor by the environment nor for a call", function()
    local description = frontdesk.pos.description
    local given = { base_url = "https://x.example", token = "t0k-x" }
    for _, name in ipairs(SWITCHES) do
      local ok, message = pcall(config.resolve, description, given, {
        getenv = function(variable) return variable == "HOME" and "/h" or nil end,
        read_profile = function() return { pos = { [name] = false } } end,
      })
      assert.is_false(ok)
      assert.matches("always checked", message, 1, true)
      local options = config.resolve(description, given, {
        getenv = function(variable)
          local wanted = variable:match("_" .. name:upper() .. "$") ~= nil
          return wanted and "0" or nil
        end,
        read_profile = function() return nil, "none", true end,
      })
      assert.is_nil(options[name])
      local raised, complaint = pcall(frontdesk.pos(given).roles.list, frontdesk.pos(given).roles, {}, { [name] = false })
      assert.is_false(raised)
      assert.is_string(complaint)
    end
  end)

  it("hangs on no option that there is", function()
    -- Whoever adds one looks here: none of these touches what is trusted but ca_file and crl_file, which can only be files.
    local names = {}
    for _, option in ipairs((config.options { options = {} })) do
      names[#names + 1] = option[1]
    end
    table.sort(names)
    assert.equal("allow_http base_url burst ca_file connect_timeout crl_file environment headers http_version keep_null"
      .. " max_body max_in_flight on_request on_response on_retry profile proxy rate retry shared_dict timeout transport user_agent",
      table.concat(names, " "))
    for _, option in ipairs { "ca_file", "crl_file" } do
      for _, value in ipairs { false, "", 0 } do
        assert.is_false((pcall(frontdesk.pos, { base_url = "https://x.example", [option] = value })))
      end
    end
  end)
end)
