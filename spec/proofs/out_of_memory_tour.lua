--- What out_of_memory.c runs while allocations fail: a tour of the whole module, in stages.
--
-- A stage ends well, with what it should have given, or with an error that `judge` takes for a
-- clean one; and `check` must pass after it whatever happened.
--
-- FDK_URL, FDK_TLS_URL and FDK_CA_FILE name the servers, FDK_FOLDER a folder for files: the
-- stages read them when they run, so that loading needs nothing.

local folder, url, tls_url, ca_file =
  os.getenv "FDK_FOLDER", os.getenv "FDK_URL", os.getenv "FDK_TLS_URL", os.getenv "FDK_CA_FILE"

local jit = rawget(_G, "jit")
if jit then
  jit.off() -- what is compiled when would make the counts differ from run to run
end

-- Where libcurl does not notice that it could not do something, its deadline does.
local SECONDS = 0.5

local MODULES = {
  "frontdesk.core", "frontdesk", "frontdesk.csv", "frontdesk.errors", "frontdesk.job", "frontdesk.json", "frontdesk.metrics",
  "frontdesk.progress", "frontdesk.tasks", "frontdesk.service", "frontdesk.client", "frontdesk.transport.engine",
  "frontdesk.host.plain", "frontdesk.paginate", "frontdesk.bulk", "frontdesk.sandbox.transport",
  "frontdesk.services.etelecom", "frontdesk.services.hearme", "frontdesk.services.imbee", "frontdesk.services.omicall",
  "frontdesk.services.pos",
}

local core, frontdesk -- once loaded

local function equal(wanted, got)
  if wanted ~= got then
    error(("wanted %s, got %s"):format(tostring(wanted), tostring(got)), 2)
  end
end

-- Lets the pauses before a retry take no time.
local function hurry()
  local clock = require "frontdesk.clock"
  local sleep = clock.sleep
  if not clock.hurried then
    clock.hurried = true
    clock.sleep = function(seconds)
      return sleep(math.min(seconds, 0.0005))
    end
  end
end

local stages = {}

--- Everything is loaded, into a Lua that has nothing of it.
function stages.loading()
  for _, name in ipairs(MODULES) do
    require(name)
  end
  core, frontdesk = require "frontdesk.core", require "frontdesk"
  hurry()
end

--- JSON, URLs, headers and shapes, and what they refuse.
function stages.codec()
  local long = {}
  for i = 1, 30 do
    long[i] = { id = i, name = "Nguyễn " .. i, note = "line\n", tags = { "a", "b" }, score = i / 7 }
  end
  local text = assert(core.json_encode(long))
  local back = assert(core.json_decode(text, true))
  equal(30, #back)
  equal("Nguyễn 30", back[30].name)
  equal("line\n", back[1].note)
  local value, problem = core.json_decode('{"a":["' .. ("\\u0041"):rep(400) .. '",1e5,123456789012345678901234567890,]}')
  equal(nil, value)
  assert(problem)
  assert(not core.json_encode { a = { b = { print } } })
  assert(not core.json_encode { [1] = 1, [3] = 3 })
  assert(not core.json_encode(0 / 0))
  local segment, words = core.url_segment(("ä/"):rep(300))
  assert(segment, words)
  assert(not core.url_segment "..")
  local parsed
  parsed, words = core.url_parse "https://shop.example:8443/a/b?c=d"
  assert(parsed, words)
  equal("https://shop.example:8443", parsed.origin)
  assert(not core.url_parse "ftp://shop.example/")
  local base = assert(core.headers { { "Accept", "application/json" }, { "X-Key", ("k"):rep(400) } })
  local headers = assert(core.headers({ { "x-key", "other" }, { "X-Number", 3 } }, base))
  equal(3, #headers:list())
  assert(tostring(headers))
  assert(not core.headers { { "X-Bad", "a\nb" } })
  local shape = core.shape {
    path = "/things/:id",
    types = { part = { { "n", "integer", required = true }, { "note", "string" } } },
    rules = { { require = "name", unless = "parts" } },
    fields = {
      { "id", "string", ["in"] = "path", required = true }, { "page", "integer", ["in"] = "query" },
      { "name", "string", alias = { "title" }, default = ("long "):rep(100) }, { "parts", "part[]" },
      { "mood", "string", enum = { "good", "bad" } }, { "extra", "json" }, { "any", "any" },
    },
  }
  local target, body = shape:encode {
    id = "ä b", page = 2, title = "x", parts = { { n = 1, note = ("y"):rep(1000) } }, mood = "good", extra = { a = 1 }, any = { 1 },
  }
  equal("/things/%C3%A4%20b?page=2", assert(target, body))
  assert(#body > 1000)
  for _, bad in ipairs {
    { id = "a", mood = "god" }, { id = "a", nam = "x" }, { id = "a", parts = { { note = "x" } } }, { id = ".." }, { id = "a", parts = 1 },
    { id = "a", name = "x", title = "y" }, { id = "a", any = print }, { id = "a", parts = { [2] = {} } }, { id = "a", extra = "{" },
  } do
    local refused, message = shape:encode(bad)
    equal(nil, refused)
    assert(type(message) == "string")
  end
  assert(not pcall(core.shape, { path = "/a", fields = { { "a", "strin" } } }))
end

--- The same in a Lua that has not done it before, with buffers that have yet to grow.
stages.first = stages.codec

local function perform(engine, request)
  local transfer, failure = engine:submit(request)
  if not transfer then
    error(failure, 0)
  end
  while not engine:perform(transfer) do end
  failure = transfer:failure()
  if failure then
    error(failure, 0)
  end
  return transfer
end

--- Requests over loopback with all that an engine does.
function stages.engine()
  local engine, message = core.engine { max_idle_connections = 4 }
  if not engine then
    error(message, 0)
  end
  local headers = assert(core.headers { { "X-Key", "a" } })
  for _ = 1, 2 do
    local transfer = perform(engine, { url = url .. "/json", headers = headers, timeout = SECONDS })
    equal(200, transfer:status())
    equal(40, #transfer:json().items)
    assert(transfer:headers()["content-type"] and transfer:header "Content-Type")
    transfer:release()
    assert(transfer:status() == 200 and transfer:header "Content-Type" and transfer:timings().total > 0)
  end
  local prepared = core.request { method = "POST", max_body = 100 }
  equal("got 3", perform(engine, { prepared = prepared, url = url .. "/post", body = "abc", timeout = SECONDS }):body())
  equal("got 3000", perform(engine, { url = url .. "/post", method = "POST", body = ("b"):rep(3000), timeout = SECONDS }):body())
  equal(302, perform(engine, { url = url .. "/moved", timeout = SECONDS }):status())
  for _ = 1, 2 do
    equal("in", perform(engine,
      { url = url .. "/digest", auth = "digest", username = "mai", password = "p4ss-invented", timeout = SECONDS }):body())
  end
  equal(200, perform(engine, { url = url .. "/json", auth = "basic", username = "mai", password = "x", timeout = SECONDS }):status())
  local failure = select(2, pcall(perform, engine, { url = url .. "/json", max_body = 100, timeout = SECONDS }))
  equal("too_large", type(failure) == "table" and failure.kind or failure)
  local transfer
  transfer, failure = engine:submit { url = "http://127.0.0.1:1/ /" }
  equal(nil, transfer)
  equal("invalid_input", failure.kind)
  for i = 1, 3 do
    transfer, failure = engine:submit { url = url .. "/json?" .. i, timeout = SECONDS }
    if not transfer then
      error(failure, 0)
    end
  end
  engine:fd()
  transfer:cancel()
  local notifier
  notifier, failure = engine:notifier(folder)
  if not notifier then
    error(failure, 0)
  end
  notifier:close()
  local done = 0
  repeat
    engine:wait(1)
    local completed = engine:completed()
    while completed do
      done = done + 1
      assert(completed:failure() == nil, completed:failure() and completed:failure().message)
      completed = engine:completed()
    end
  until engine:in_flight() == 0
  equal(2, done)
  engine:close()
end

--- The same by TLS, once: what libcurl allocates for it.
function stages.tls()
  local engine, message = core.engine()
  if not engine then
    error(message, 0)
  end
  equal(200, perform(engine, { url = tls_url .. "/json", ca_file = ca_file, timeout = SECONDS }):status())
  local failure = select(2, pcall(perform, engine, { url = tls_url .. "/json", timeout = SECONDS, http_version = "1.1" }))
  equal("table", type(failure), failure)
  engine:close()
end

local function value_of(value, err)
  if value == nil then
    error(err, 0)
  end
  return value
end

--- A client of each service, in a sandbox in this process.
function stages.services()
  local box = frontdesk.sandbox.transport()
  local clients = {}
  for _, name in ipairs { "etelecom", "hearme", "imbee", "omicall", "pos" } do
    clients[name] = frontdesk[name](box:options(name))
    assert(tostring(clients[name]))
  end
  local omicall = clients.omicall
  value_of(omicall.contacts:add {
    refId = "KH-7", fullName = "Phan Thị Thu", tags = {}, phones = { { data = "0900000098", type = "personal" } } })
  local again, err = omicall.contacts:add {
    refId = "KH-8", fullName = "Phan Thị Thu", tags = {}, phones = { { data = "0900000098", type = "personal" } } }
  equal(nil, again)
  if err.kind ~= "conflict" then
    error(err, 0)
  end
  again, err = omicall.contacts:add { fulName = "Thu" }
  equal(nil, again)
  equal("fulName", err.field)
  assert(tostring(err))
  value_of(clients.hearme.devices:reset_customer "kiosk-front-door")
  value_of(clients.pos.roles:create { name = "Kế toán", permissions = { "order.view" } })
  value_of(clients.etelecom.shops:authorize { shop_id = "1170000000000000011", redirect_url = "https://shop.example/done" })
  local seen = 0
  for contact, problem in omicall.contacts:each { size = 50 } do
    value_of(contact or nil, problem)
    seen = seen + 1
    if seen > 60 then
      break
    end
  end
end

--- A client over the network: answers, errors, retries, limits and secrets.
function stages.client()
  local client = frontdesk.omicall {
    base_url = url, token = "t0k-out-of-memory", retry = 1, timeout = SECONDS, rate = 1000, max_in_flight = 4,
    transport = require("frontdesk.transport.engine").new(),
  }
  equal(40, #value_of(client:request { method = "GET", path = "/envelope", value = "payload" }).items)
  local value, err = client:request { method = "GET", path = "/refused" }
  equal(nil, value)
  if err.status ~= 500 then
    error(err, 0)
  end
  assert(not tostring(err):find("t0k-out", 1, true))
  value, err = client:request { method = "GET", path = "/html" }
  equal(nil, value)
  assert(tostring(err))
end

--- Tasks that wait for one another and for the network.
function stages.tasks()
  local client = frontdesk.omicall {
    base_url = url, token = "t0k-out-of-memory", retry = 0, timeout = SECONDS, transport = require("frontdesk.transport.engine").new(),
  }
  local result, problem
  frontdesk.run(function()
    local task = frontdesk.spawn(function()
      return client:request { method = "GET", path = "/envelope", value = "payload" }
    end)
    local values, errors = frontdesk.map({ 1, 2, 3, 4, 5 }, function(item)
      local value, err = client:request { method = "GET", path = "/envelope", value = "payload" }
      if not value then
        return nil, err
      end
      frontdesk.sleep(0.0001)
      return item
    end, { concurrency = 3 })
    problem = errors and next(errors) and errors[next(errors)]
    result = values and values[5]
    local value, err = task:wait()
    if not value then
      problem = problem or err
    end
  end)
  if problem then
    error(problem, 0)
  end
  equal(5, result)
end

--- A job with its journal, from a CSV file, in two runs.
function stages.jobs()
  local path, rows = folder .. "/journal", folder .. "/rows.csv"
  os.remove(path)
  local writer, message = frontdesk.csv.writer(rows, { "id", "name" })
  if not writer then
    error(message, 0)
  end
  for i = 1, 4 do
    value_of(writer:write { id = "K" .. i, name = ("ä"):rep(i * 20) })
  end
  value_of(writer:close())
  for run = 1, 2 do
    local job = value_of(frontdesk.job("tour", { journal = path, sync = run == 1 and "each" or "batch" }))
    local summary, err = job:each(value_of(frontdesk.csv.rows(rows)), { key = "id", progress = false }, function(row)
      if row.id == "K3" and run == 1 then
        return nil, require("frontdesk.errors").new { kind = "rejected", message = "no" }
      end
      return true
    end)
    job:close()
    value_of(summary, err)
    assert(tostring(summary))
  end
  os.remove(path)
  os.remove(rows)
end

local function short_of_memory(text)
  return text:find "memory" ~= nil
end

-- Where libcurl says of an allocation that failed only that it could not do what it was about to.
local UNSAID = { network = true, timeout = true, tls = true, protocol = true, decode = true }

--- Raises unless the error is what a failed allocation of that source may end the stage with.
local function judge(stage, source, err)
  if stage == "tasks" and err == "all tasks wait for each other" then -- somebody lacked the memory to wake another
    return
  end
  if type(err) == "string" and (short_of_memory(err) or err == "libcurl could not be initialised") then
    return
  elseif type(err) ~= "table" or type(err.kind) ~= "string" or type(err.message) ~= "string" then
    error("the error " .. tostring(err), 0)
  end
  if stage == "services" and err.status then -- the sandbox, which has the same memory, answered as it could
    return
  end
  local said = short_of_memory(err.message) and (err.kind == "too_large" or err.kind == "network")
  local unsaid = source == "libcurl" and (UNSAID[err.kind] or err.message == "the URL is malformed")
  if not said and not unsaid then
    error(("the error %s (%s %s)"):format(err.message, err.kind, tostring(err.outcome)), 0)
  end
end

--- Whether the module does its work.
local function check()
  collectgarbage()
  -- Lua 5.4's own loss: the type of its long buffers, half made, is taken for made ever after.
  local registry = debug.getregistry()
  local boxes = registry["_UBOX*"]
  if boxes and not boxes.__close then
    registry["_UBOX*"] = nil
  end
  os.remove(folder .. "/journal")
  os.remove(folder .. "/rows.csv")
  for name, value in pairs(package.loaded) do
    if (name:find "^frontdesk" or name == "cjson") and type(value) ~= "table" then -- Lua 5.1's mark, which stays when loading has failed
      package.loaded[name] = nil
    end
  end
  stages.loading()
  equal('{"a":[1,2]}', frontdesk.json.encode(assert(frontdesk.json.decode '{"a":[1,2]}')))
  local client = frontdesk.omicall { base_url = url, token = "t0k-out-of-memory", retry = 0, timeout = SECONDS }
  local value, err = client:request { method = "GET", path = "/envelope", value = "payload" }
  if not value then
    error(err, 0)
  end
  equal(40, #value.items)
end

return {
  names = { "loading", "first", "codec", "engine", "tls", "services", "client", "tasks", "jobs" },
  stages = stages,
  judge = function(...)
    local ok, message = pcall(judge, ...)
    if not ok then
      error(tostring(message), 0)
    end
  end,
  check = function()
    local ok, message = pcall(check)
    if not ok then
      error("afterwards: " .. tostring(message), 0)
    end
  end,
  warm = stages.loading,
}
