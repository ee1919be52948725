-- The gateway of examples/nginx, as it is: in an nginx with two workers, in front of the sandbox's.

local core = require "frontdesk.core"
local frontdesk = require "frontdesk"
local process = require "frontdesk.sandbox.process"
local interpreter = require "support.interpreter"

local start = dofile "examples/nginx/support/start.lua"
local json = frontdesk.json

local SHOP, UNLINKED_SHOP = "1170000000000000011", "1170000000000000012"

-- Whether a text holds another, as it stands.
local function assert_has(expected, text)
  assert.is_truthy(text:find(expected, 1, true), ("%q is not in:\n%s"):format(expected, text))
end

local function sale(changes, customer_changes)
  local sold = {
    receipt = "HD-7001", kiosk = "kiosk-front-door", amount = 250000,
    customer = { code = "KH-7001", name = "Ngô Bảo Trâm", phone = "0900000091", email = "tram@khach.example" },
  }
  for name, value in pairs(changes or {}) do
    sold[name] = value
  end
  for name, value in pairs(customer_changes or {}) do
    sold.customer[name] = value
  end
  return sold
end

describe("the nginx gateway", function()
  local server, engine, gateway

  -- Sends requests, all at once. Gives the transfers when all are done.
  local function send(requests)
    local transfers = {}
    for i, request in ipairs(requests) do
      transfers[i] = assert(engine:submit {
        method = request.method or "GET", url = request.url or gateway.url .. request.path, body = request.body, timeout = 20,
      })
    end
    for _, transfer in ipairs(transfers) do
      while not transfer:done() do
        engine:perform(transfer)
      end
      local failure = transfer:failure()
      assert.is_nil(failure, failure and failure.message)
    end
    return transfers
  end

  local function get(path)
    return send({ { path = path } })[1]
  end

  local function post(body)
    local text = type(body) == "table" and assert(json.encode(body)) or body
    return send({ { method = "POST", path = "/pos/sale", body = text } })[1]
  end

  local function restart(changes)
    if gateway then
      gateway:stop()
      gateway = nil
    end
    local environment = server:environment()
    for name, value in pairs(changes or {}) do
      environment[name] = value or nil
    end
    local message
    gateway, message = start { environment = environment, nginx = os.getenv "FRONTDESK_NGINX" }
    return gateway, message
  end

  -- How often each operation of a service was called.
  local function calls(service)
    local times = {}
    for _, request in ipairs(assert(server:requests())) do
      if request.service == service and request.operation then
        times[request.operation] = (times[request.operation] or 0) + 1
      end
    end
    return times
  end

  local function assert_no_secret(text)
    for _, service in pairs(server.services) do
      for name, value in pairs(service.behaviour.credentials) do
        local public = name == "username" or name == "device_id"
        assert.is_true(public or not text:find(value, 1, true), "a " .. name .. " is in:\n" .. text)
      end
    end
    for _, token in ipairs { "hm%.%x+", "omi%.%x+", "Bearer ", "BEARER " } do
      assert.is_nil(text:find(token), "a token is in:\n" .. text)
    end
  end

  lazy_setup(function()
    server = assert(frontdesk.sandbox.start { https = false })
    engine = assert(core.engine())
  end)

  lazy_teardown(function()
    engine:close()
    server:stop()
  end)

  before_each(function()
    assert(server:reset())
    assert(restart())
  end)

  after_each(function()
    local log = (gateway and gateway:log() or ""):gsub("[^\n]+client intended to send too large body[^\n]+", "")
    if gateway then
      gateway:stop()
    end
    gateway = nil
    assert.is_nil(log:find "%[error%]" or log:find "%[alert%]" or log:find "%[crit%]", log)
    assert_no_secret(log)
  end)

  describe("told of a sale", function()
    it("greets a new customer and adds the contact", function()
      local answer = post(sale())
      assert.equal(200, answer:status())
      assert.equal("application/json", answer:header "content-type")
      assert.same({ receipt = "HD-7001", greeting = { done = true }, contact = { done = true } }, answer:json())
      assert.same({ ["auth.login"] = 1, ["customers.send_feedback"] = 1 }, calls "hearme")
      assert.same({ ["auth.token"] = 1, ["contacts.update"] = 1, ["contacts.add"] = 1 }, calls "omicall")
      local counts = assert(server:counts())
      assert.equal(1, counts.hearme.customers)
      assert.equal(5 + 1, counts.omicall.contacts) -- five were there
    end)

    it("updates the contact of a customer who was there", function()
      assert.equal(200, post(sale()):status())
      assert.equal(200, post(sale({ receipt = "HD-7002" }, { name = "Ngô Bảo Trâm Anh" })):status())
      assert.same({ ["auth.token"] = 1, ["contacts.update"] = 2, ["contacts.add"] = 1 }, calls "omicall")
      local found = assert(frontdesk.omicall(server:options "omicall").contacts:search { keyword = "0900000091" })
      assert.equal(1, found.total_items)
      assert_has("Ngô Bảo Trâm Anh", json.encode(found))
    end)

    it("asks both services at the same time", function()
      assert(server:fault { service = "hearme", operation = "customers.send_feedback", kind = "latency", seconds = 0.5 })
      assert(server:fault { service = "omicall", operation = "contacts.update", kind = "latency", seconds = 0.5 })
      local answer = post(sale())
      assert.equal(200, answer:status())
      local took = answer:timings().total
      assert.is_true(took >= 0.5)
      assert.is_true(took < 1, "one after the other: " .. took .. " s") -- which would take a second at the least
      assert.equal(1, calls("hearme")["customers.send_feedback"])
      assert.equal(1, calls("omicall")["contacts.update"])
    end)

    it("answers fifty at once, and waits for a slow service with all of them together", function()
      assert(server:fault { service = "hearme", operation = "customers.send_feedback", kind = "latency", seconds = 0.4, times = 50 })
      local requests = {}
      for i = 1, 50 do
        requests[i] = {
          method = "POST", path = "/pos/sale",
          body = json.encode(sale({ receipt = "HD-" .. i }, { code = "KH-" .. i, phone = ("09000000%02d"):format(30 + i), email = frontdesk.null })),
        }
      end
      local began = core.now()
      for i, answer in ipairs(send(requests)) do
        assert.equal(200, answer:status(), answer:body())
        assert.equal("HD-" .. i, answer:json().receipt)
      end
      assert.is_true(core.now() - began < 5) -- two workers, one sale after the other each: 10 s at the least
      assert.equal(50, calls("hearme")["customers.send_feedback"])
    end)

    it("logs in once for both workers", function()
      local requests = {}
      for i = 1, 20 do
        requests[i] = { method = "POST", path = "/pos/sale", body = json.encode(sale({}, { code = "KH-0001", phone = "0900000011", email = frontdesk.null })) }
      end
      for _, answer in ipairs(send(requests)) do
        assert.equal(200, answer:status(), answer:body())
      end
      assert.equal(1, calls("hearme")["auth.login"])
      assert.equal(1, calls("omicall")["auth.token"])
    end)

    it("makes one contact of a new customer who buys twice at once", function()
      local body = json.encode(sale())
      local requests = {}
      for i = 1, 8 do
        requests[i] = { method = "POST", path = "/pos/sale", body = body }
      end
      for _, answer in ipairs(send(requests)) do
        assert.equal(200, answer:status(), answer:body())
      end
      assert.equal(5 + 1, assert(server:counts()).omicall.contacts)
    end)

    it("logs in again when a token is no longer taken", function()
      assert.equal(200, post(sale()):status())
      assert(server:fault { service = "omicall", kind = "revoked" })
      assert.equal(200, post(sale()):status())
      assert.equal(2, calls("omicall")["auth.token"])
    end)
  end)

  describe("told of a sale that cannot be right", function()
    it("says what is wrong with it, and sends nothing", function()
      for body, problem in pairs {
        [""] = "the text is empty, at byte 1",
        ["{"] = "the text ends where a name in double quotes should be, at byte 2",
        ["[]"] = "a sale is a JSON object with a customer in it",
        ['"sold"'] = "a sale is a JSON object with a customer in it",
        ['{"receipt":"HD-1"}'] = "a sale is a JSON object with a customer in it",
        ['{"receipt":1,"kiosk":"a","customer":{}}'] = "receipt must be a string",
        ['{"receipt":"HD-1","customer":{}}'] = "kiosk must be a string",
        ['{"receipt":"HD-1","kiosk":"a","customer":{"name":"Mai"}}'] = "customer.code must be a string",
        ['{"receipt":"HD-1","kiosk":"a","customer":{"code":"KH-1","name":null}}'] = "customer.name must be a string",
        ['{"receipt":"HD-1","kiosk":"a","customer":{"code":"KH-1","name":"Mai","phone":900000091}}'] = "customer.phone must be a string",
      } do
        local answer = post(body)
        assert.equal(400, answer:status(), body)
        assert.same({ problem = problem }, answer:json())
      end
      assert.same({}, assert(server:requests()))
    end)

    it("tells which field a service minds, and still does the other's work", function()
      local answer = post(sale({}, { gender = "femal" }))
      assert.equal(422, answer:status())
      local said = answer:json()
      assert.same({ done = true }, said.greeting)
      assert.is_false(said.contact.done)
      assert.equal("invalid_input", said.contact.problem)
      assert_has("gender must be one of", said.contact.message)
    end)

    it("tells that there is no such kiosk", function()
      local answer = post(sale { kiosk = "kiosk-nowhere" })
      assert.equal(422, answer:status())
      local said = answer:json()
      assert.equal("not_found", said.greeting.problem)
      assert.same({ done = true }, said.contact)
    end)

    it("refuses what is too large, and what is not posted", function()
      assert.equal(413, post(("x"):rep(65 * 1024)):status())
      local answer = get "/pos/sale"
      assert.equal(405, answer:status())
      assert.equal("POST", answer:header "allow")
      assert.same({}, assert(server:requests()))
    end)
  end)

  describe("whose service fails", function()
    it("answers 503 when it is out of order, and does the other's work", function()
      assert(server:fault { service = "hearme", operation = "customers.send_feedback", kind = "status", status = 503 })
      local answer = post(sale())
      assert.equal(503, answer:status())
      local said = answer:json()
      assert.equal("unavailable", said.greeting.problem)
      assert_has("hearme.customers.send_feedback: 503 unavailable: ", said.greeting.message)
      assert.same({ done = true }, said.contact)
      assert.equal(5 + 1, assert(server:counts()).omicall.contacts)
    end)

    it("answers 503 when the connection breaks", function()
      assert(server:fault { service = "omicall", operation = "contacts.update", kind = "reset", times = 9 })
      local answer = post(sale())
      assert.equal(503, answer:status())
      assert.equal("network", answer:json().contact.problem)
      assert.same({ done = true }, answer:json().greeting)
    end)

    it("answers 502 when it makes no sense", function()
      assert(server:fault { service = "omicall", operation = "contacts.update", kind = "html", status = 200 })
      local answer = post(sale())
      assert.equal(502, answer:status())
      assert.is_false(answer:json().contact.done)
    end)

    it("answers 502 when it does not take the key, which stays a secret", function()
      assert(restart { FRONTDESK_OMICALL_API_KEY = "a-key-that-is-wrong", FRONTDESK_HEARME_PASSWORD = "a-password-that-is-wrong" })
      local answer = post(sale())
      assert.equal(502, answer:status())
      local said = answer:json()
      assert.equal("auth", said.contact.problem)
      assert.equal("auth", said.greeting.problem)
      for _, text in ipairs { answer:body(), gateway:log() } do
        assert.is_nil(text:find("that-is-wrong", 1, true))
        assert_no_secret(text)
      end
    end)

    it("works again when the service does", function()
      assert(server:fault { service = "hearme", operation = "customers.send_feedback", kind = "status", status = 500 })
      assert.equal(503, post(sale()):status())
      assert.equal(200, post(sale()):status())
    end)
  end)

  describe("connecting a shop", function()
    local START = "/etelecom/start?email=quan@tiem.example&phone=0900000061&name=Qu%C3%A1n%20%3CM%C3%A2y%3E"

    it("sends it to its login, and has its key when it comes back", function()
      local to_login = get(START)
      assert.equal(302, to_login:status())
      local login = to_login:header "location"
      assert.matches("^http://127%.0%.0%.1:%d+/etelecom/login%?token=", login)

      local back = send({ { url = login } })[1]:header "location"
      assert.equal(1, back:find(gateway.url .. "/etelecom/redirect?token=", 1, true))

      local page = send({ { url = back } })[1]
      assert.equal(200, page:status())
      assert.equal("no-store", page:header "cache-control")
      assert_has("Quán &lt;Mây&gt; is connected", page:body())
      assert.same({ ["shops.authorize"] = 2, ["shops.current"] = 1 }, calls "etelecom")
      assert.is_nil(page:body():find("shop117", 1, true)) -- what keys begin with
    end)

    it("keeps the key that it was given", function()
      local page = get("/etelecom/redirect?token=t&shop_id=" .. SHOP)
      assert.equal(200, page:status())
      assert_has("Tiệm Hoa Nắng is connected", page:body())
      assert_no_secret(page:body())
    end)

    it("sends it to its login again when it took its consent back", function()
      local answer = get("/etelecom/redirect?token=t&shop_id=" .. UNLINKED_SHOP)
      assert.equal(302, answer:status())
      assert.matches("/etelecom/login%?token=", answer:header "location")
    end)

    it("does not take it for connected without a word from eTelecom", function()
      assert.equal(403, get("/etelecom/redirect?token=t&shop_id=1170000000000000999"):status())
      local page = get "/etelecom/redirect?token=t"
      assert.equal(400, page:status())
      assert_has("the address has no shop_id", page:body())
    end)

    it("says what is missing to begin with", function()
      local page = get "/etelecom/start?email=quan@tiem.example"
      assert.equal(400, page:status())
      assert_has("phone is required", page:body())
      assert.same({}, assert(server:requests()))
    end)

    it("says no more than that eTelecom cannot be asked, when it cannot", function()
      assert(server:fault { service = "etelecom", kind = "status", status = 503, times = 9 })
      local page = get("/etelecom/redirect?token=t&shop_id=" .. SHOP)
      assert.equal(503, page:status())
      assert_has("Please try again later.", page:body())
      assert(server:reset())
      assert(restart { FRONTDESK_ETELECOM_API_KEY = "a-key-that-is-wrong" })
      page = get(START)
      assert.equal(502, page:status())
      assert_has("Please try again later.", page:body())
      assert.is_nil(page:body():find("that-is-wrong", 1, true))
    end)
  end)

  describe("asked for its health", function()
    it("has a line for each service when all are well", function()
      local answer = get "/health"
      assert.equal(200, answer:status())
      local names = {}
      for name, state in answer:body():gmatch "(%l+) +(%l+) +%d+ ms\n" do
        assert.equal("up", state)
        names[#names + 1] = name
      end
      assert.same({ "hearme", "omicall", "etelecom", "pos", "imbee" }, names)
    end)

    it("names those that are not, and says no more than the kind", function()
      local port = require("frontdesk.sandbox.ports").free(1)[1]
      assert(restart { FRONTDESK_POS_BASE_URL = "http://127.0.0.1:" .. port, FRONTDESK_OMICALL_API_KEY = "a-key-that-is-wrong" })
      assert(server:fault { service = "etelecom", kind = "html" })
      local answer = get "/health"
      assert.equal(503, answer:status())
      local text = answer:body()
      assert.matches("hearme    up   +%d+ ms\n", text)
      assert.matches("omicall   down +%d+ ms  auth\n", text)
      assert.matches("etelecom  down +%d+ ms  %l+\n", text)
      assert.matches("pos       down +%d+ ms  network\n", text)
      assert.matches("imbee     up   +%d+ ms\n", text)
      assert.is_nil(text:find("127.0.0.1", 1, true))
    end)

    it("does not wait long for a service that hangs", function()
      for _, service in ipairs { "hearme", "pos", "imbee" } do
        assert(server:fault { service = service, kind = "latency", seconds = 10 })
      end
      local answer = get "/health"
      assert.equal(503, answer:status())
      assert.matches("hearme    down +%d+ ms  timeout\nomicall   up .*\npos       down +%d+ ms  timeout\nimbee     down +%d+ ms  timeout\n", answer:body())
      assert.is_true(answer:timings().total < 4) -- three times two seconds, if it were one after the other
    end)
  end)

  it("is set up as its document says", function()
    local settings = process.read_file "examples/nginx/nginx.conf"
    local text = process.read_file "docs/nginx.md"
    local shown = 0
    for block in text:gmatch "```nginx\n(.-)```" do
      for line in block:gmatch "[^\n]+" do
        shown = shown + 1
        assert_has(line:match "^%s*(.-)%s*$", settings)
      end
    end
    assert.is_true(shown >= 5)
    for path in text:gmatch "%]%(([^)#:]+)%)" do
      assert.is_true(process.exists("docs/" .. path .. "/.") or process.exists("docs/" .. path), path .. " is not there")
    end
  end)

  it("does not start with a setting that is missing, and says which", function()
    local started, message = restart { FRONTDESK_POS_BASE_URL = false }
    assert.is_nil(started)
    assert_has("frontdesk.pos: base_url is missing", message)
  end)

  describe("shown by its demonstration", function()
    local folder

    before_each(function()
      folder = assert(process.private_folder())
    end)

    after_each(function()
      process.remove_folder(folder)
    end)

    -- What the shell commands print; all that the demonstration makes on disk is in `folder`. It takes
    -- the nginx on PATH, which has to be the one that is looked at where there is one (run_specs.sh).
    local function shell(commands)
      local bin = (os.getenv "FRONTDESK_NGINX" or ""):gsub("/[^/]*$", ":")
      return process.output(("(export TMPDIR=%s PATH=%s$PATH; %s) 2>&1"):format(folder, process.quote(bin), commands))
    end

    local demo = process.quote(interpreter()) .. " examples/nginx/demo.lua"

    -- Its servers have a folder each as long as they run.
    local function assert_nothing_left()
      local left
      for _ = 1, 100 do
        left = process.output("ls " .. folder .. " | grep frontdesk")
        if left == "" then
          return
        end
        process.sleep(0.05)
      end
      assert.equal("", left)
    end

    it("answers requests of every sort, and leaves nothing running", function()
      local said = shell(demo .. "; echo status $?")
      assert_has("The gateway is up at http://127.0.0.1:", said)
      assert.matches("< 200 in 3%d%d ms", said)
      assert.matches("50 times POST http.-\n  < 200 in %d+ ms: 50 answers, ", said)
      assert_has("logins so far, of both workers: hearme 1, omicall 1", said)
      for _, status in ipairs { 400, 422, 503, 302 } do
        assert.matches("\n  < " .. status .. " in %d+ ms\n", said)
      end
      assert_has("Quán Mây is connected", said)
      assert.matches("down again%.\nstatus 0\n$", said)
      assert_no_secret(said)
      assert.is_nil(said:find "token=[^.]")
      assert_nothing_left()
    end)

    for signal, status in pairs { INT = 130, KILL = 137 } do
      it("leaves nothing running when it is ended by " .. signal, function()
        local said = shell(([[
          trap : INT # a shell's background commands are deaf to INT otherwise
          %s >%s/said & pid=$!
          tries=0
          until grep -q "50 sales at once" %s/said || [ $tries -ge 100 ]; do sleep 0.05; tries=$((tries+1)); done
          kill -%s $pid
          wait $pid; echo status $?]]):format(demo, folder, folder, signal))
        assert_has("status " .. status, said)
        assert_has("The gateway is up", process.read_file(folder .. "/said"))
        assert_nothing_left()
      end)
    end
  end)
end)
