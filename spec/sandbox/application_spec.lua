local application = require "frontdesk.sandbox.application"
local control = require "frontdesk.sandbox.control"
local json = require "frontdesk.sandbox.json"
local respond = require "frontdesk.sandbox.respond"

-- A service made up for these specs, where each of the framework's ways is easy to see.
package.preload["frontdesk.services.bakery"] = function()
  return {
    name = "bakery",
    operations = {
      ["loaves.list"] = { method = "GET", path = "/loaves" },
      ["loaves.bake"] = { method = "POST", path = "/loaves" },
      ["loaves.slice"] = { method = "PUT", path = "/loaves/:id" },
      ["loaves.toast"] = { method = "PUT", path = "/loaves/:id" },
      ["loaves.burn"] = { method = "DELETE", path = "/loaves/:id" },
    },
  }
end

package.preload["frontdesk.sandbox.services.bakery"] = function()
  return {
    credentials = { username = "baker", password = "rye" },
    realm = "oven",
    state = function() return { loaves = 0 } end,
    authenticate = function(request)
      if request.auth and request.auth.verified then return nil end
      return respond.challenge(respond.json(401, { problem = request.auth and "wrong" or "none" }))
    end,
    refuse = function(request, why) return respond.json(400, { why = why, allow = request.allow }) end,
    count = function(state) return { loaves = state.loaves } end,
    operations = {
      ["loaves.list"] = function(request) return respond.json(200, { now = request.now, page = request.query.page }) end,
      ["loaves.bake"] = function(request, state)
        state.loaves = state.loaves + 1
        return respond.json(201, { body = request.json })
      end,
      ["loaves.toast"] = function(request) return respond.json(200, { id = request.params.id, operation = request.operation }) end,
      ["loaves.burn"] = function() error("smoke") end,
    },
  }
end

describe("the sandbox's application", function()
  local app, slept

  before_each(function()
    slept = 0
    app = application.new({ services = { "bakery" }, now = function() return 5000 end })
  end)

  local function send(method, target, body, changes)
    local incoming = { method = method, target = target, headers = { ["content-type"] = body and "application/json" }, body = body,
      presented = { kind = "basic", username = "baker", password = "rye" } }
    for name, value in pairs(changes or {}) do incoming[name] = value or nil end
    local response, cut = app:handle(incoming, function(seconds) slept = slept + seconds end)
    return response, (json.decode(response.body)), cut
  end

  it("hands path fields, query and time to the operation", function()
    local _, document = send("GET", "/bakery/loaves?page=2")
    assert.same({ now = 5000, page = "2" }, document)
    _, document = send("PUT", "/bakery/loaves/r%2F1", "{}")
    assert.equal("r/1", document.id)
  end)

  it("reads an empty body as an empty object, and refuses other documents", function()
    local response, document = send("POST", "/bakery/loaves", "", { headers = { ["content-type"] = "application/json" } })
    assert.equal(201, response.status)
    assert.same({}, document.body)
    for _, body in ipairs({ "[]", "3", "null", '"x"', "{" }) do
      _, document = send("POST", "/bakery/loaves", body)
      assert.equal("json", document.why)
    end
  end)

  it("takes operations that share an address to the one that is there", function()
    local _, document = send("PUT", "/bakery/loaves/1", "{}")
    assert.equal("loaves.toast", document.operation)
  end)

  it("hits a shared address by any of its operations' names", function()
    app:fault({ kind = "status", status = 503, service = "bakery", operation = "loaves.slice" })
    assert.equal(503, send("PUT", "/bakery/loaves/1", "{}").status)
  end)

  it("lets the service refuse: route, method, media type, Accept", function()
    local cases = { route = { "GET", "/bakery/rolls" }, method = { "PATCH", "/bakery/loaves", "{}" },
      media_type = { "POST", "/bakery/loaves", "{}", { headers = {} } },
      not_acceptable = { "GET", "/bakery/loaves", nil, { headers = { accept = "image/png" } } } }
    for why, case in pairs(cases) do
      local _, document = send(case[1], case[2], case[3], case[4])
      assert.equal(why, document.why)
    end
    local _, document = send("PATCH", "/bakery/loaves", "{}")
    assert.equal("GET, POST", document.allow)
  end)

  it("answers 404 where no service is addressed", function()
    local response = send("GET", "/elsewhere")
    assert.equal(404, response.status)
    assert.same({}, app:requests())
  end)

  it("compares credentials given in the clear, and challenges who has none", function()
    local response, document = send("GET", "/bakery/loaves", nil, { presented = { kind = "digest", username = "baker", password = "oat" } })
    assert.same({ 401, "wrong" }, { response.status, document.problem })
    response, document = send("GET", "/bakery/loaves", nil, { presented = false })
    assert.same({ 401, "none" }, { response.status, document.problem })
    assert.same({ "WWW-Authenticate", 'Basic realm="oven", charset="UTF-8"' }, response.headers[#response.headers])
  end)

  it("turns a mistake in a behaviour into a 500 that tells it", function()
    local response = send("DELETE", "/bakery/loaves/1")
    assert.equal(500, response.status)
    assert.matches("smoke", response.body)
  end)

  it("logs what was asked, without query and body", function()
    send("GET", "/bakery/loaves?token=hidden")
    send("GET", "/bakery/rolls")
    assert.same({
      { service = "bakery", operation = "loaves.list", method = "GET", path = "/loaves", status = 200 },
      { service = "bakery", method = "GET", path = "/rolls", status = 400 },
    }, app:requests())
  end)

  it("keeps the newest ten thousand requests of the log", function()
    for _ = 1, 10010 do send("GET", "/bakery/rolls") end
    send("GET", "/bakery/loaves")
    local log = app:requests()
    assert.equal(10000, #log)
    assert.equal("loaves.list", log[10000].operation)
  end)

  describe("with faults", function()
    local function bake() return send("POST", "/bakery/loaves", "{}") end

    it("answers any status, with Retry-After, and the service does not act", function()
      app:fault({ kind = "status", status = 429, retry_after = 3 })
      local response = bake()
      assert.equal(429, response.status)
      assert.same({ "Retry-After", "3" }, response.headers[2])
      assert.equal(0, app:counts().bakery.loaves)
      assert.equal(201, bake().status)
    end)

    it("lets the service act first where that is ordered", function()
      app:fault({ kind = "status", status = 503, processed = true })
      assert.equal(503, bake().status)
      assert.equal(1, app:counts().bakery.loaves)
    end)

    it("answers with a web page", function()
      app:fault({ kind = "html" })
      local response = bake()
      assert.equal(502, response.status)
      assert.matches("^text/html", response.headers[1][2])
    end)

    it("tells the front to reset, and the log has no status for that", function()
      app:fault({ kind = "reset" })
      local _, _, cut = bake()
      assert.equal("reset", cut)
      assert.equal(0, app:counts().bakery.loaves)
      assert.is_nil(app:requests()[1].status)
    end)

    it("tells the front to truncate an answer of the service", function()
      app:fault({ kind = "truncate" })
      local response, _, cut = bake()
      assert.equal("truncate", cut)
      assert.equal(201, response.status)
      assert.equal(1, app:counts().bakery.loaves)
    end)

    it("adds latency up", function()
      app:fault({ kind = "latency", seconds = 2 })
      app:fault({ kind = "latency", seconds = 0.5 })
      assert.equal(201, bake().status)
      assert.equal(2.5, slept)
    end)

    it("gives a reason for a wrong order", function()
      local done, message = app:fault({ kind = "revoked", service = "bakery" })
      assert.is_nil(done)
      assert.matches("no tokens", message)
    end)
  end)

  it("begins anew when reset", function()
    send("POST", "/bakery/loaves", "{}")
    app:fault({ kind = "reset" })
    app:reset()
    assert.same({}, app:requests())
    assert.equal(0, app:counts().bakery.loaves)
    assert.equal(201, send("POST", "/bakery/loaves", "{}").status)
  end)

  describe("behind the control endpoint", function()
    local function command(action, body, key)
      local method, name = action:match("(%S+) (%S+)")
      local response = control.handle(app, "sesame", { method = method, target = "/_sandbox/" .. name, body = body or "",
        headers = { ["x-sandbox-key"] = key or "sesame" } })
      return response.status, (json.decode(response.body)), response
    end

    it("is guarded by the key", function()
      assert.equal(403, (command("GET requests", nil, "guess")))
      assert.equal(403, control.handle(app, "sesame", { method = "GET", target = "/_sandbox/requests", headers = {}, body = "" }).status)
    end)

    it("takes faults and tells what is wrong with them", function()
      assert.equal(200, (command("POST faults", '{"kind":"reset","times":"always"}')))
      assert.equal("reset", select(3, send("GET", "/bakery/loaves")))
      local status, document = command("POST faults", '{"kind":"fire"}')
      assert.equal(400, status)
      assert.matches("kind of a fault", document.message)
    end)

    it("gives the log, as a list also when it is empty", function()
      local _, _, response = command("GET requests")
      assert.equal("[]", response.body)
      send("GET", "/bakery/loaves")
      assert.equal("loaves.list", select(2, command("GET requests"))[1].operation)
    end)

    it("gives counts, moves the clock and resets", function()
      send("POST", "/bakery/loaves", "{}")
      assert.same({ bakery = { loaves = 1 } }, select(2, command("GET counts")))
      command("POST clock", '{"seconds":60}')
      assert.equal(5060, select(2, send("GET", "/bakery/loaves")).now)
      assert.equal(200, (command("POST reset")))
      assert.same({ bakery = { loaves = 0 } }, select(2, command("GET counts")))
    end)

    for action, body in pairs({ ["GET nothing"] = "", ["POST requests"] = "{}", ["POST clock"] = '{"seconds":"soon"}',
      ["POST faults"] = "[]" }) do
      it("refuses " .. action .. " " .. body, function()
        assert.is_true((command(action, body)) >= 400)
      end)
    end
  end)
end)
