-- Servers that send the client elsewhere: it goes nowhere, and its credentials with it.
local engine_transport = require "frontdesk.transport.engine"
local frontdesk = require "frontdesk"
local raw_server = require "support.raw_server"

-- Answers as the request's X-Answer asks for: status, number of the place, and what else there is to it.
local ORIGIN = [=[
local places, bodies = { %s }, {
  "", '{"code":0,"body":{"token":"x"},"status_code":9999,"payload":{"access_token":"x"},"result":"SUCCESS","token":"x"}',
  '{"code":"internal","status_code":-9999,"result":"NOT_LOGGED_IN","message":"x"}', "<html>moved</html>",
}
local text = read_request()
if text then
  local status, place, more = text:match "X%%-Answer: (%%d+) (%%d+) ?(%%w*)"
  local head = "HTTP/1.1 " .. status .. " Elsewhere\r\nConnection: close\r\n"
  local challenge = 'WWW-Authenticate: Digest realm="r", nonce="n%%d", qop="auth", domain="%%s"\r\n'
  if more == "digest" and not text:find("Authorization: Digest", 1, true) then
    head = "HTTP/1.1 401 No\r\nConnection: close\r\n" .. challenge:format(number, places[1])
  end
  local body = bodies[number %% #bodies + 1]
  send(head .. "Location: " .. places[tonumber(place)] .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
end
]=]

-- What follows a 2xx answer elsewhere in a browser.
local LEADING = [=[
local text = read_request()
if text then
  local body = '{"code":0,"body":{"token":"x"}}'
  send("HTTP/1.1 " .. (text:find "/created" and "201 Created" or "200 OK") .. "\r\nConnection: close\r\n"
    .. "Location: http://127.0.0.1:%d/\r\nContent-Location: http://127.0.0.1:%d/\r\nRefresh: 0; url=http://127.0.0.1:%d/\r\n"
    .. 'Alt-Svc: http/1.1="127.0.0.1:%d"; ma=86400, h2="127.0.0.1:%d"; persist=1\r\n'
    .. "Link: <http://127.0.0.1:%d/>; rel=preload, <http://127.0.0.1:%d/>; rel=next\r\nSet-Cookie: a=b\r\n"
    .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
end
]=]

local STATUSES = { 300, 301, 302, 303, 304, 305, 306, 307, 308, 399 }

-- T stands for the port of a server that must hear nothing.
local PLACES = {
  { "another port", "http://127.0.0.1:T/x" },
  { "another host", "http://localhost:T/x" },
  { "another scheme", "https://127.0.0.1:T/x" },
  { "another host, without a scheme", "//localhost:T/x" },
  { "an address with a user name", "http://mai:pw@127.0.0.1:T/" },
  { "a file", "file:///etc/passwd" },
  { "gopher", "gopher://127.0.0.1:T/_POST%20/" },
  { "ftp", "ftp://127.0.0.1:T/" },
  { "dict", "dict://127.0.0.1:T/x" },
  { "a script", "javascript:alert(1)" },
  { "another path of its own", "/elsewhere" },
  { "nowhere", "" },
}

local SECRETS = { "t0k-redirect", "pw-redirect", "k3y-redirect" }

-- Each way to show who one is; `path` is that of the base_url. The names of services are examples of the ways.
local CREDENTIALS = {
  { "a bearer token", service = "etelecom", path = "/v1", options = { api_key = SECRETS[1] } },
  { "a password (Basic)", service = "pos", options = { auth = "basic", username = "mai", password = SECRETS[2] } },
  { "a password (Digest)", service = "pos", options = { auth = "digest", username = "mai", password = SECRETS[2] } },
  { "a password (Digest) and was challenged", service = "pos", more = "digest",
    options = { auth = "digest", username = "mai", password = SECRETS[2] } },
  { "headers of its own", service = "imbee", options = { auth = SECRETS[1], corporate_key = SECRETS[3] } },
}

describe("a redirect", function()
  local target, origin

  lazy_setup(function()
    target = raw_server.start "read_request()"
    local places = {}
    for i, place in ipairs(PLACES) do
      places[i] = ("%q"):format((place[2]:gsub("T", tostring(target.port))))
    end
    origin = raw_server.start(ORIGIN:format(table.concat(places, ", ")))
  end)

  lazy_teardown(function()
    target:stop()
    origin:stop()
  end)

  after_each(function()
    assert.equal(0, target:count())
  end)

  local function client_of(service, options, url)
    local given = { base_url = url or origin.url, transport = engine_transport.new(), timeout = 10 }
    for name, value in pairs(options) do
      given[name] = value
    end
    return frontdesk[service](given)
  end

  local function expect_refusal(value, err, status)
    assert.is_nil(value)
    assert.equal("protocol", err.kind)
    assert.equal(status, err.status)
    assert.equal(1, err.attempts)
    assert.is_false(err.retryable)
    assert.equal("the service answered with a redirect, which is not followed; check base_url", err.message)
    for _, secret in ipairs(SECRETS) do
      assert.is_nil(tostring(err):find(secret, 1, true))
    end
  end

  for _, credential in ipairs(CREDENTIALS) do
    it("leads nowhere for a client that has " .. credential[1], function()
      local client = client_of(credential.service, credential.options, origin.url .. (credential.path or ""))
      for i, place in ipairs(PLACES) do
        for j, status in ipairs(STATUSES) do
          local before = origin:count()
          local value, err = client:request({ method = j % 2 == 0 and "POST" or "GET", path = "x" },
            { headers = { ["X-Answer"] = ("%d %d %s"):format(status, i, credential.more or "") } })
          expect_refusal(value, err, status)
          assert.equal("unknown", err.outcome, place[1])
          local challenged = credential.more and i == 1 and j == 1
          assert.equal(challenged and 2 or 1, origin:count() - before, place[1])
        end
      end
    end)
  end

  it("leads nowhere with a log-in, which sends a password", function()
    local headers = { ["X-Answer"] = "307 1" }
    for _, client in ipairs {
      client_of("hearme", { username = "mai", password = SECRETS[2], headers = headers }),
      client_of("omicall", { api_key = SECRETS[3], headers = headers }),
    } do
      local before = origin:count()
      local value, err = client:request { path = "/x" }
      expect_refusal(value, err, 307)
      assert.equal("not_sent", err.outcome) -- of this call nothing was
      assert.equal(1, origin:count() - before)
    end
  end)

  it("that leads in a circle is one request", function()
    local circle = raw_server.start [[
      if read_request() then
        send "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
      end
    ]]
    local client = client_of("imbee", { auth = SECRETS[1], corporate_key = SECRETS[3] }, circle.url)
    local value, err = client:request { path = "/x" }
    local count = circle:count()
    circle:stop()
    expect_refusal(value, err, 302)
    assert.equal(1, count)
  end)

  it("does not come from another header, nor from a Location that is none", function()
    local leading = raw_server.start((LEADING:gsub("%%d", tostring(target.port))))
    local client = client_of("imbee", { auth = SECRETS[1], corporate_key = SECRETS[3] }, leading.url)
    for _, path in ipairs { "/created", "/ok", "/ok" } do -- the last one would go where Alt-Svc says, with the cookie
      assert(client:request { path = path })
    end
    local requests = leading:requests()
    leading:stop()
    assert.equal(3, #requests)
    for _, text in ipairs(requests) do
      assert.is_nil(text:find "Cookie")
    end
  end)
end)
