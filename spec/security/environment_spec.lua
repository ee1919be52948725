-- What the surroundings of a process say to libcurl, to TLS and to frontdesk: each case in a process of its own.
local core = require "frontdesk.core"
local httpd = require "support.httpd"
local process = require "support.process"
local raw_server = require "support.raw_server"
local script = require "support.script"
local write = require("support.files").write

local OPENSSL = core.curl_version:find("OpenSSL", 1, true) ~= nil

local PLAIN = [=[
local text = read_request()
if text then
  send "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{\"_embedded\":{\"a\":1}}\n"
end
]=]

-- A call with a token and one without, to each address; prints what came of them.
local CALLS = [[
local frontdesk = require "frontdesk"
for url in ("$urls"):gmatch "%S+" do
  local pos = frontdesk.pos { base_url = url, token = "t0k-environment", ca_file = $trust, retry = 0, timeout = 10 }
  for _, credential in ipairs { "default", "none" } do
    local value, err = pos:request { path = "/x", credential = credential }
    print(value and "fine" or err.kind .. " " .. err.outcome)
  end
end
]]

local FINE = { "fine", "fine" }
local REFUSED = { "tls not_sent", "tls not_sent" }

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

local function exports(variables)
  local list = {}
  for name, value in pairs(variables) do
    list[#list + 1] = ("export %s=%s"):format(name, process.quote(value))
  end
  return table.concat(list, "; ")
end

describe("in a hostile environment", function()
  local plain, tls, proxy, folder

  lazy_setup(function()
    plain = raw_server.start(PLAIN)
    proxy = raw_server.start(PLAIN)
    tls = httpd.start { tls = true, server = "default_type application/json; location / { return 200 '{}'; } access_log $folder/seen;" }
    folder = process.folder()
  end)

  lazy_teardown(function()
    plain:stop()
    proxy:stop()
    tls:stop()
    os.execute("rm -rf " .. process.quote(folder))
  end)

  -- The calls to some addresses, with `trust` as ca_file, and what came of them.
  local function call(urls, trust, variables)
    return script.run(CALLS, { urls = urls, trust = trust and ("%q"):format(trust) or "nil" }, exports(variables))
  end

  it("takes no name, password, proxy or switch from the files of a home", function()
    write(folder .. "/.netrc", "machine 127.0.0.1\nlogin mai\npassword pw-netrc\ndefault login mai password pw-netrc\n")
    write(folder .. "/.curlrc", ('user = "mai:pw-curlrc"\nproxy = "%s"\ninsecure\nlocation\n'):format(proxy.url))
    os.execute(("chmod 600 %s/.netrc; cp %s/.netrc %s/_netrc; cp %s/.curlrc %s/_curlrc"):format(folder, folder, folder, folder, folder))
    local before = #plain:requests()
    assert.same(FINE, call(plain.url, nil, {
      HOME = folder, CURL_HOME = folder, XDG_CONFIG_HOME = folder, NETRC = folder .. "/.netrc",
    }))
    assert.same(REFUSED, call(tls.url, nil, { HOME = folder, CURL_HOME = folder }))
    local requests = plain:requests()
    assert.equal(before + 2, #requests)
    assert.matches("Authorization: Bearer t0k%-environment\r\n", requests[before + 1])
    assert.is_nil(requests[before + 1]:find "Basic")
    assert.is_nil(requests[before + 2]:find "Authorization")
    assert.equal(0, proxy:count())
  end)

  it("goes through no proxy that the environment names", function()
    local variables = { NO_PROXY = "", no_proxy = "" }
    for _, name in ipairs { "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "socks_proxy", "SOCKS_PROXY" } do
      variables[name] = proxy.url
    end
    assert.same({ "fine", "fine", "fine", "fine" }, call(plain.url .. " " .. tls.url, tls.ca_file, variables))
    assert.equal(0, proxy:count())
  end)

  it("goes round no proxy that the client was given", function()
    local source = [[
      local frontdesk = require "frontdesk"
      local pos = frontdesk.pos { base_url = "$url", token = "t0k-environment", proxy = "$proxy" }
      print(pos:request { path = "/x" } and "fine")
    ]]
    local before = plain:count()
    assert.same({ "fine" }, script.run(source, { url = plain.url, proxy = proxy.url }, exports { NO_PROXY = "*", no_proxy = "127.0.0.1" }))
    assert.equal(1, proxy:count())
    assert.equal(before, plain:count())
  end)

  it("trusts no authority that the environment names", function()
    os.execute(("mkdir -p %s/certs && cp %s %s/certs && openssl rehash %s/certs"):format(folder, tls.ca_file, folder, folder))
    assert.same(REFUSED, call(tls.url, nil, {
      CURL_CA_BUNDLE = tls.ca_file, SSL_CERT_FILE = tls.ca_file, SSL_CERT_DIR = folder .. "/certs", REQUESTS_CA_BUNDLE = tls.ca_file,
      SSL_DIR = folder .. "/certs", CURL_CA_PATH = folder .. "/certs",
    }))
    -- nor does it give up those it has
    assert.same(FINE, call(tls.url, tls.ca_file, { CURL_CA_BUNDLE = "/nonexistent", SSL_CERT_FILE = "/nonexistent", SSL_CERT_DIR = "/nonexistent" }))
  end)

  it("writes no keys of its connections to a file", function()
    local path = folder .. "/keys"
    assert.same(FINE, call(tls.url, tls.ca_file, { SSLKEYLOGFILE = path }))
    assert.is_false(exists(path))
    assert.same({ "nil" }, script.run('local _ = require("frontdesk").version; print(os.getenv "SSLKEYLOGFILE")', {}, exports { SSLKEYLOGFILE = path }))
  end)

  it("keeps to TLS 1.2, to checking and to its authorities, whatever OpenSSL's settings say", function()
    local old = httpd.start { tls = true, server = "ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; location / { return 200; }" }
    local variables = { OPENSSL_CONF = folder .. "/openssl.cnf" }
    local function settings(text)
      write(variables.OPENSSL_CONF, "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = weak\n[weak]\n" .. text)
    end
    settings("MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\nVerifyMode = None\nVerifyCAFile = " .. tls.ca_file .. "\n")
    local result = {
      call(old.url, old.ca_file, variables), call(tls.url, nil, variables), call(tls.url, old.ca_file, variables),
      call(tls.url, tls.ca_file, variables),
    }
    local words = script.run([[
      local frontdesk = require "frontdesk"
      local pos = frontdesk.pos { base_url = "https://127.0.0.1:1", token = "t0k-environment", proxy = "$proxy" }
      print(select(2, pos:request { path = "/x" }))
    ]], { proxy = old.url }, exports(variables))
    settings "CipherString = NULL-SHA256\nMaxProtocol = TLSv1.2\nCiphersuites = TLS_AES_128_CCM_8_SHA256\n"
    local read = call(tls.url, tls.ca_file, variables)
    old:stop()
    assert.same({ REFUSED, REFUSED, REFUSED, FINE }, result)
    if OPENSSL then -- they are read: what is left with these is no connection
      assert.same(REFUSED, read)
      assert.matches("protocol version", table.concat(words)) -- of a proxy the same is asked, before its certificate
    end
  end)

  it("minds no setting of another service, and none that stands for code", function()
    local variables = {}
    for _, name in ipairs { "OMICALL_BASE_URL", "IMBEE_BASE_URL", "BASE_URL", "OMICALL_PROXY", "HEARME_BASE_URL" } do
      variables["FRONTDESK_" .. name] = proxy.url
    end
    for _, name in ipairs { "OMICALL_TOKEN", "OMICALL_API_KEY", "TOKEN", "USERNAME", "PASSWORD", "AUTH", "POS_HEADERS", "POS_TRANSPORT",
      "POS_ON_REQUEST", "POS_ON_RESPONSE", "POS_ON_RETRY", "POS_PROFILE", "HEADERS", "TRANSPORT" } do
      variables["FRONTDESK_" .. name] = "pw-of-another"
    end
    local before, proxied = #plain:requests(), proxy:count()
    assert.same(FINE, call(plain.url, nil, variables))
    local requests = plain:requests()
    assert.equal(before + 2, #requests)
    for i = before + 1, #requests do
      assert.is_nil(requests[i]:find("pw-of-another", 1, true))
    end
    assert.equal(proxied, proxy:count())
  end)
end)
