local core = require "frontdesk.core"
local live_sandbox = require "support.live_sandbox"

-- What can go wrong between a client and a service, over a real nginx: the error says what may have happened.
describe("when something goes wrong on the way,", function()
  local live, server

  lazy_setup(function()
    live = live_sandbox.start()
    server = live.server
  end)

  lazy_teardown(function()
    server:stop()
  end)

  before_each(function()
    assert(server:reset())
  end)

  local function expect(err, wanted)
    for name, value in pairs(wanted) do
      assert.equal(value, err[name], name)
    end
    assert.is_nil(tostring(err):find("\n", 1, true))
  end

  -- A write that must not be doubled, and a read; over http and over HTTP/2.
  local function register(https)
    return live:client("imbee", { https = https }).users:create { uniqueIdSha = "visitor-7" }
  end

  local function account(https)
    return live:client("etelecom", { https = https }).misc:current_account()
  end

  for _, https in ipairs { false, true } do
    local how = https and ", over HTTP/2" or ""

    it("a connection that is reset leaves open what happened" .. how, function()
      server:fault { kind = "reset", times = 2 }
      local _, err = register(https)
      expect(err, { kind = "network", outcome = "unknown", retryable = false, attempts = 1 })
      _, err = account(https)
      expect(err, { kind = "network", outcome = "unknown", retryable = true, attempts = 1 })
      assert.is_table((account(https)))
    end)

    it("an answer that breaks off is no answer" .. how, function()
      server:fault { kind = "truncate", times = 2 }
      local value, err = register(https)
      assert.is_nil(value)
      assert.equal("unknown", err.outcome)
      assert.is_false(err.retryable)
      assert.is_true(err.kind == "protocol" or err.kind == "network")
      value = account(https)
      assert.is_nil(value)
      assert.is_table((account(https)))
    end)
  end

  it("a write that was done before the connection broke is there, as the unknown outcome says", function()
    server:fault { kind = "reset", service = "imbee", operation = "users.create", processed = true }
    local _, err = register()
    assert.equal("unknown", err.outcome)
    assert.is_true(assert(register()).previously_registered)
  end)

  it("too many requests say how long to wait", function()
    server:fault { kind = "status", status = 429, retry_after = 7, service = "imbee" }
    local _, err = register()
    expect(err, { kind = "rate_limited", status = 429, retry_after = 7, outcome = "rejected", retryable = true, attempts = 1 })
    assert.is_table((register()))
  end)

  it("a service that is down for a while says so", function()
    server:fault { kind = "status", status = 503, retry_after = 120, times = 2 }
    local _, err = register()
    expect(err, { kind = "unavailable", status = 503, retry_after = 120, outcome = "unknown", retryable = false })
    _, err = account()
    expect(err, { kind = "unavailable", status = 503, retry_after = 120, retryable = true })
  end)

  it("a web page in place of the answer is not shown, whatever its status", function()
    server:fault { kind = "html" }
    local _, err = register()
    expect(err, { kind = "unavailable", status = 502, outcome = "unknown" })
    assert.matches("text/html", err.message)
    assert.is_nil(err.message:find("Bad Gateway", 1, true))
    server:fault { kind = "html", status = 200 }
    _, err = register()
    expect(err, { kind = "decode", status = 200, outcome = "unknown", retryable = false })
    assert.matches("text/html", err.message)
  end)

  it("a slow answer ends with the deadline of the call or of the client", function()
    server:fault { kind = "latency", seconds = 10, times = 2 }
    local begun = core.now()
    local _, err = live:client("imbee").users:create({ uniqueIdSha = "visitor-7" }, { timeout = 0.15 })
    expect(err, { kind = "timeout", outcome = "unknown", retryable = false, attempts = 1 })
    _, err = live:client("etelecom", { timeout = 0.15 }).misc:current_account()
    expect(err, { kind = "timeout", outcome = "unknown", retryable = true })
    assert.is_true(core.now() - begun < 3)
  end)

  it("a slow login counts towards the deadline of the call that needs it", function()
    server:fault { kind = "latency", seconds = 10, service = "hearme", operation = "auth.login" }
    local begun = core.now()
    local _, err = live:client("hearme", { timeout = 0.2 }).devices:reset_customer "kiosk-front-door"
    expect(err, { kind = "timeout", operation = "auth.login" })
    assert.is_true(core.now() - begun < 2)
  end)

  it("latency within the deadline is only latency", function()
    server:fault { kind = "latency", seconds = 0.05 }
    local _, err, response = account()
    assert.is_nil(err)
    assert.is_true(response.timings.total >= 0.05)
  end)

  it("a token that is revoked is replaced by a new login, and the call made again", function()
    local hearme = live:client "hearme"
    assert(hearme.devices:reset_customer "kiosk-front-door")
    server:fault { kind = "revoked", service = "hearme" }
    local value, _, response = hearme.devices:reset_customer "kiosk-front-door"
    assert.is_true(value)
    assert.equal(2, response.attempts)
    assert.same({ "auth.login 200", "devices.reset_customer 200", "devices.reset_customer 401", "auth.login 200",
      "devices.reset_customer 200" }, live:log())
  end)

  it("a token that is revoked again and again ends as an error, not as a loop", function()
    local omicall = live:client "omicall"
    server:fault { kind = "revoked", service = "omicall", times = math.huge }
    local _, err = omicall.contacts:search()
    expect(err, { kind = "auth", code = "unauthorized", attempts = 2 })
    assert.same({ "auth.token 200", "contacts.search 401", "auth.token 200", "contacts.search 401" }, live:log())
  end)

  it("a token that was given and is revoked is an error that is not repeated", function()
    server:fault { kind = "revoked", service = "pos" }
    local _, err = live:client("pos").roles:list()
    expect(err, { kind = "auth", status = 401, attempts = 1, outcome = "rejected", retryable = false })
    assert.same({ "roles.list 401" }, live:log())
  end)

  it("a client goes on working after all of it, on the same transport", function()
    local imbee = live:client "imbee"
    for _, fault in ipairs { { kind = "reset" }, { kind = "truncate" }, { kind = "html" }, { kind = "status", status = 500 } } do
      server:fault(fault)
      local value, err = imbee.users:create { uniqueIdSha = "visitor-7" }
      assert.is_nil(value)
      assert.equal("unknown", err.outcome)
      assert.is_table((imbee.users:create { uniqueIdSha = "visitor-7" }))
    end
  end)
end)
