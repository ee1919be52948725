local core = require "frontdesk.core"
local sandbox = require "frontdesk.sandbox"

describe("the sandbox in process", function()
  local transport, options

  before_each(function()
    transport = sandbox.transport({ services = { "hearme" } })
    options = transport:options("hearme")
  end)

  local headers = assert(core.headers({ { "Content-Type", "application/json" }, { "Accept", "application/json" } }))

  local function login(changes)
    local request = { method = "POST", url = options.base_url .. "/oauth/auth/login", headers = headers,
      body = ('{"username":"%s","password":"%s"}'):format(options.username, options.password) }
    for name, value in pairs(changes or {}) do request[name] = value end
    return transport:send(request)
  end

  it("gives options that work", function()
    assert.equal(transport, options.transport)
    assert.equal(200, assert(login()):status())
  end)

  it("puts the caller's options in the place of its own", function()
    local own = transport:options("hearme", { password = "other", timeout = 3 })
    assert.same({ "other", 3, options.username }, { own.password, own.timeout, own.username })
  end)

  it("answers with the reading methods of a transfer", function()
    local reply = assert(login())
    assert.equal("application/json", reply:header("content-type"))
    assert.equal("application/json", reply:headers()["content-type"])
    assert.equal(#reply:body(), reply:size())
    assert.is_string(reply:json().token)
    assert.equal(0, reply:timings().total)
    assert.is_true(reply:done())
    assert.is_nil(reply:failure())
  end)

  it("shows neither body nor headers when printed", function()
    local reply = assert(login())
    assert.equal("frontdesk.sandbox.reply (200, " .. reply:size() .. " bytes)", tostring(reply))
    assert.equal("frontdesk.sandbox.transport (hearme)", tostring(transport))
  end)

  it("has no body any more once it is released", function()
    local reply = assert(login())
    reply:release()
    for _, method in ipairs({ "body", "json", "size" }) do
      assert.has_error(function() reply[method](reply) end, "this reply was released: read its body before release()")
    end
    assert.equal(200, reply:status())
  end)

  it("keeps every client's state apart", function()
    login()
    local other = sandbox.transport({ services = { "hearme" } })
    assert.equal(1, #transport:requests())
    assert.equal(0, #other:requests())
    assert.not_equal(transport:state("hearme"), other:state("hearme"))
  end)

  it("cannot be reached under another address", function()
    local reply, failure = login({ url = "http://192.0.2.7/hearme/oauth/auth/login" })
    assert.is_nil(reply)
    assert.same({ "network", "not_sent" }, { failure.kind, failure.outcome })
    assert.equal(404, assert(login({ url = "http://127.0.0.1" })):status())
  end)

  local failures = { reset = "network", truncate = "protocol" }
  for kind, expected in pairs(failures) do
    it("fails as a network does: " .. kind, function()
      transport:fault({ kind = kind })
      local reply, failure = login()
      assert.is_nil(reply)
      assert.same({ expected, "unknown" }, { failure.kind, failure.outcome })
      assert.is_string(failure.message)
      assert.equal(200, assert(login()):status())
    end)
  end

  it("tells of latency without waiting for it", function()
    transport:fault({ kind = "latency", seconds = 2.5 })
    assert.equal(2.5, assert(login({ timeout = 3 })):timings().total)
  end)

  it("times out when latency is more than the request has", function()
    transport:fault({ kind = "latency", seconds = 2.5 })
    local reply, failure = login({ timeout = 2 })
    assert.is_nil(reply)
    assert.same({ "timeout", "unknown" }, { failure.kind, failure.outcome })
    assert.equal(200, transport:requests()[1].status)
  end)

  it("waits by the function that it is given, and not past the timeout", function()
    local waited = {}
    transport = sandbox.transport({ services = { "hearme" }, sleep = function(seconds) waited[#waited + 1] = seconds end })
    transport:fault({ kind = "latency", seconds = 2.5, times = 2 })
    login({ timeout = 3 })
    login({ timeout = 2 })
    login()
    assert.same({ 2.5, 2 }, waited)
  end)

  it("keeps to the limit of a body", function()
    local reply, failure = login({ max_body = 10 })
    assert.is_nil(reply)
    assert.equal("too_large", failure.kind)
  end)

  it("moves the services' clock on", function()
    local token = assert(login()):json().token
    local signed = assert(core.headers({ { "Authorization", "BEARER " .. token } }))
    local request = { method = "GET", url = options.base_url .. "/oauth/user/permissions/any", headers = signed }
    assert.equal(200, assert(transport:send(request)):status())
    transport:advance(14 * 86400)
    assert.equal(401, assert(transport:send(request)):status())
  end)

  it("raises for an unknown service and for a wrong fault, and says why", function()
    assert.has_error(function() transport:options("nobody") end, 'the sandbox has no service named "nobody"')
    assert.has_error(function() transport:state("nobody") end, 'the sandbox has no service named "nobody"')
    assert.has_error(function() transport:fault({ kind = "reset", service = "nobody" }) end, "there is no service named nobody")
  end)

  it("has a behaviour for every operation of every service", function()
    for name, service in pairs(sandbox.transport().application.services) do
      local served = service.behaviour.operations
      for operation, described in pairs(service.description.operations) do
        local shared = false
        for other, candidate in pairs(service.description.operations) do
          shared = shared or served[other] ~= nil and candidate.method == described.method and candidate.path == described.path
        end
        assert.is_true(shared, name .. "." .. operation)
      end
    end
  end)
end)
