local bulk = require "frontdesk.bulk"
local errors = require "frontdesk.errors"
local fake = require "support.fake_transport"
local frontdesk = require "frontdesk"
local json = require "frontdesk.json"

local RULE = { field = "data", chunk = 4 }

-- A service that takes rows { id = n } whole or not at all; `answer` says what is wrong with a list of them.
local function seam(answer)
  local self = { calls = {}, added = {} }
  function self.fail(fields)
    return errors.new(fields)
  end
  function self.check(row, index)
    if type(row) ~= "table" or row.id == nil then
      return nil, errors.new { kind = "invalid_input", field = "data[" .. index .. "].id", message = "data[" .. index .. "].id is missing" }
    end
    return true
  end
  function self.call(fields)
    local ids = {}
    for i, row in ipairs(fields.data) do
      ids[i] = row.id
    end
    self.calls[#self.calls + 1] = ids
    local err = answer and answer(ids, #self.calls)
    if err then
      return nil, errors.new(err)
    end
    for _, id in ipairs(ids) do
      self.added[#self.added + 1] = id
    end
    return true
  end
  self.map = frontdesk.map
  return self
end

local function rows(count)
  local list = {}
  for i = 1, count do
    list[i] = { id = i }
  end
  return list
end

-- Refuses lists that hold one of some ids.
local function refuses(...)
  local bad = {}
  for _, id in ipairs { ... } do
    bad[id] = true
  end
  return function(ids)
    for _, id in ipairs(ids) do
      if bad[id] then
        return { kind = "conflict", status = 409, message = "there is one like " .. id }
      end
    end
  end
end

local function indexes(problems)
  local list = {}
  for i, problem in ipairs(problems) do
    list[i] = problem.index
  end
  return list
end

-- Every row that was read is counted once.
local function assert_complete(summary)
  assert.equal(summary.rows, summary.added + #summary.failed + #summary.unknown)
end

describe("adding in bulk", function()
  it("sends so many rows a request", function()
    local service = seam()
    local summary = bulk.add(RULE, service, rows(10), {})
    assert.same({ { 1, 2, 3, 4 }, { 5, 6, 7, 8 }, { 9, 10 } }, service.calls)
    assert.equal("10 rows: 10 added, 0 failed, 0 of unknown outcome", tostring(summary))
    assert_complete(summary)
    service = seam()
    bulk.add(RULE, service, rows(3), { chunk = 2 })
    assert.same({ { 1, 2 }, { 3 } }, service.calls)
  end)

  it("sends nothing when there are no rows", function()
    local service = seam()
    assert.equal(0, bulk.add(RULE, service, {}, {}).rows)
    assert.same({}, service.calls)
  end)

  it("takes lists, iterators and callable tables", function()
    for _, source in ipairs {
      rows(5),
      (function()
        local i = 0
        return function()
          i = i + 1
          if i <= 5 then return { id = i } end
        end
      end)(),
      setmetatable({ n = 0 }, { __call = function(self)
        self.n = self.n + 1
        if self.n <= 5 then return { id = self.n } end
      end }),
    } do
      local service = seam()
      assert.equal(5, bulk.add(RULE, service, source, {}).added)
      assert.same({ 1, 2, 3, 4, 5 }, service.added)
    end
  end)

  it("reads no further than it sends", function()
    local read = 0
    local ahead = {}
    local service = seam(function(_, call)
      ahead[call] = read
    end)
    bulk.add(RULE, service, function()
      read = read + 1
      if read <= 12 then return { id = read } end
    end, {})
    assert.same({ 4, 8, 12 }, ahead)
  end)

  it("finds rows that break a rule before it sends, and fills their places", function()
    local list = rows(6)
    list[2] = {}
    list[5] = "five"
    local service = seam()
    local summary = bulk.add(RULE, service, list, {})
    assert.same({ { 1, 3, 4, 6 } }, service.calls)
    assert.same({ 2, 5 }, indexes(summary.failed))
    assert.equal("data[2].id", summary.failed[1].err.field)
    assert.equal("five", summary.failed[2].row)
    assert_complete(summary)
  end)

  it("reports rows that the source could not give, and goes on", function()
    local list = { { id = 1 }, false, { id = 3 } }
    local at = 0
    local trouble = errors.new { kind = "invalid_input", message = "customers.csv, line 3: a field too many" }
    local summary = bulk.add(RULE, seam(), function()
      at = at + 1
      return list[at], list[at] == false and trouble or nil, at
    end, {})
    assert.equal(2, summary.added)
    assert.equal(1, #summary.failed)
    assert.equal(2, summary.failed[1].index)
    assert.equal(trouble, summary.failed[1].err)
    assert.is_nil(summary.failed[1].row)
  end)

  it("never leaves a failure without a reason", function()
    local given = false
    local summary = bulk.add(RULE, seam(), function()
      if not given then
        given = true
        return false
      end
    end, {})
    assert.matches("row 1", summary.failed[1].err.message)
  end)

  it("converts rows, and reports them as the source gave them", function()
    local service = seam()
    local summary = bulk.add(RULE, service, { "1", "x", "3", "y" }, { convert = function(text)
      if text == "y" then
        return nil, errors.new { kind = "invalid_input", message = "my own" }
      end
      local id = tonumber(text)
      if not id then
        return nil, "no number"
      end
      return { id = id }
    end })
    assert.same({ { 1, 3 } }, service.calls)
    assert.equal("x", summary.failed[1].row)
    assert.equal("data[2]: no number", summary.failed[1].err.message)
    assert.equal("my own", summary.failed[2].err.message)
    assert_complete(summary)
  end)

  it("halves what was refused until the bad rows stand alone", function()
    local service = seam(refuses(3, 8))
    local summary = bulk.add({ field = "data", chunk = 8 }, service, rows(8), {})
    assert.same({ 3, 8 }, indexes(summary.failed))
    assert.equal("there is one like 3", summary.failed[1].err.message)
    assert.same({ id = 8 }, summary.failed[2].row)
    assert.same({ 1, 2, 4, 5, 6, 7 }, service.added)
    assert_complete(summary)
    assert.is_nil(summary.stopped)
  end)

  it("finds every bad row whatever their number, and sends no good one twice", function()
    for _, bad in ipairs { {}, { 1 }, { 17 }, { 1, 2, 3 }, { 5, 6, 11, 16 }, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 } } do
      for _, chunk in ipairs { 1, 2, 5, 17, 100 } do
        local service = seam(refuses((table.unpack or unpack)(bad)))
        local summary = bulk.add(RULE, service, rows(17), { chunk = chunk })
        assert.same(bad, indexes(summary.failed))
        assert.equal(17 - #bad, summary.added)
        local seen = {}
        for _, id in ipairs(service.added) do
          assert.is_nil(seen[id])
          seen[id] = true
        end
      end
    end
  end)

  it("needs few requests for one bad row among many", function()
    local service = seam(refuses(123))
    bulk.add(RULE, service, rows(500), { chunk = 500 })
    assert.is_true(#service.calls <= 1 + 2 * 9, #service.calls)
  end)

  it("does not send again what may have been done", function()
    local service = seam(function(_, call)
      if call == 2 then
        return { kind = "timeout", outcome = "unknown", message = "no answer" }
      end
    end)
    local summary = bulk.add(RULE, service, rows(12), {})
    assert.same({ { 1, 2, 3, 4 }, { 5, 6, 7, 8 }, { 9, 10, 11, 12 } }, service.calls)
    assert.same({ 5, 6, 7, 8 }, indexes(summary.unknown))
    assert.equal("unknown", summary.unknown[1].err.outcome)
    assert.same({ id = 5 }, summary.unknown[1].row)
    assert.equal(8, summary.added)
    assert_complete(summary)
  end)

  it("halves no further where the outcome of a half is unknown", function()
    local service = seam(function(ids, call)
      if call == 1 then
        return { kind = "rejected", status = 200, message = "no" }
      elseif #ids == 2 and ids[1] == 1 then
        return { kind = "network", outcome = "unknown", message = "gone" }
      end
    end)
    local summary = bulk.add(RULE, service, rows(4), {})
    assert.same({ { 1, 2, 3, 4 }, { 1, 2 }, { 3, 4 } }, service.calls)
    assert.same({ 1, 2 }, indexes(summary.unknown))
    assert.equal(2, summary.added)
  end)

  it("does not blame rows for what is not their fault", function()
    local service = seam(function(_, call)
      if call == 1 then
        return { kind = "rate_limited", status = 429, message = "later" }
      end
    end)
    local summary = bulk.add(RULE, service, rows(8), {})
    assert.equal(2, #service.calls)
    assert.same({ 1, 2, 3, 4 }, indexes(summary.failed))
    assert.is_true(summary.failed[1].err.retryable)
    assert_complete(summary)
  end)

  it("stops when the credential is refused, and reads no further", function()
    local read = 0
    local service = seam(function() return { kind = "auth", status = 401, message = "who are you" } end)
    local summary = bulk.add(RULE, service, function()
      read = read + 1
      return { id = read }
    end, {})
    assert.equal(4, read)
    assert.equal(1, #service.calls)
    assert.equal("auth", summary.stopped.kind)
    assert.equal(4, #summary.failed)
    assert.matches("; stopped: .*who are you$", tostring(summary))
    assert_complete(summary)
  end)

  it("stops after three requests in a row without an answer about their rows", function()
    local service = seam(function(_, call)
      if call ~= 3 then
        return { kind = "network", outcome = call % 2 == 0 and "unknown" or "not_sent", message = "gone" }
      end
    end)
    local summary = bulk.add(RULE, service, rows(100), {})
    assert.equal(6, #service.calls)
    assert.equal(24, summary.rows)
    assert.equal("network", summary.stopped.kind)
    assert.equal(4, summary.added)
    assert_complete(summary)
  end)

  it("settles the rest of a halved request when it stops in the middle", function()
    local service = seam(function(_, call)
      if call == 1 then
        return { kind = "rejected", status = 200, message = "no" }
      end
      return { kind = "auth", status = 401, message = "the token was taken back" }
    end)
    local summary = bulk.add(RULE, service, rows(4), {})
    assert.equal(2, #service.calls)
    assert.same({ 1, 2, 3, 4 }, indexes(summary.failed))
    assert_complete(summary)
  end)

  it("tells of each problem when it happens", function()
    local told = {}
    local list = rows(4)
    list[4] = {}
    bulk.add(RULE, seam(refuses(2)), list, { on_error = function(problem) told[#told + 1] = problem.index end })
    assert.same({ 4, 2 }, told)
  end)

  it("refuses arguments that are none", function()
    for message, arguments in pairs {
      ["got a nil"] = { nil, {} }, ["got a string"] = { "rows.csv", {} }, ["chunk"] = { {}, { chunk = 0 } },
      ["whole number"] = { {}, { chunk = 1.5 } }, ["concurrency"] = { {}, { concurrency = -1 } }, ["of 1 or more"] = { {}, { chunk = 1 / 0 } },
    } do
      local summary, problem = bulk.add(RULE, seam(), arguments[1], arguments[2])
      assert.is_nil(summary)
      assert.matches(message, problem, 1, true)
    end
  end)

  describe("side by side", function()
    -- Gives way before each answer; counts the requests on their way.
    local function slow(answer)
      local service = seam(answer)
      local call = service.call
      service.at_once, service.most = 0, 0
      function service.call(fields)
        service.at_once = service.at_once + 1
        service.most = math.max(service.most, service.at_once)
        frontdesk.sleep(0.001)
        service.at_once = service.at_once - 1
        return call(fields)
      end
      return service
    end

    it("sends several requests at once and counts every row once", function()
      local service = slow(refuses(3, 18, 40))
      local summary = bulk.add(RULE, service, rows(40), { concurrency = 3 })
      assert.equal(3, service.most)
      assert.equal(37, summary.added)
      assert.same({ 3, 18, 40 }, indexes(summary.failed))
      assert_complete(summary)
    end)

    it("stops all of them together", function()
      local service = slow(function() return { kind = "auth", status = 401, message = "no" } end)
      local summary = bulk.add(RULE, service, rows(100), { concurrency = 3 })
      assert.is_true(#service.calls <= 3)
      assert.equal("auth", summary.stopped.kind)
      assert_complete(summary)
    end)

    it("raises what a function of the caller raised", function()
      local service = slow(refuses(2))
      assert.has_error(function()
        bulk.add(RULE, service, rows(40), { concurrency = 2, on_error = function() error("a bug", 0) end })
      end, "a bug")
    end)

    it("counts rows on their way as unknown when the task is cancelled", function()
      frontdesk.run(function()
        local service, summary = slow(), nil
        local task = frontdesk.spawn(function()
          summary = bulk.add(RULE, service, rows(40), { concurrency = 2 })
        end)
        frontdesk.sleep(0)
        task:cancel()
        task:wait()
        assert.equal("cancelled", summary.stopped.kind)
        assert_complete(summary)
        assert.is_true(#summary.unknown > 0)
        local before = tostring(summary)
        frontdesk.sleep(0.003)
        assert.equal(before, tostring(summary))
      end)
    end)
  end)
end)

describe("omicall.contacts:add_all", function()
  local function answer(payload)
    return fake.reply(200, json.encode { status_code = 9999, payload = payload })
  end

  local function client(...)
    local transport = fake.transport(...)
    return frontdesk.omicall { token = "omi-test-token", transport = transport, retry = 0 }, transport.sent
  end

  it("names a bad row by its place in the source, and sends the others", function()
    local omicall, sent = client(answer { success = true })
    local list = {}
    for i = 1, 20 do
      list[i] = { refId = "KH-" .. i }
    end
    list[17].gender = "man"
    list[18] = { phones = { { data = "0900000021", type = "mobile" } } }
    local summary = omicall.contacts:add_all(list)
    assert.equal(18, summary.added)
    assert.equal("data[17].gender", summary.failed[1].err.field)
    assert.matches('omicall.contacts.add_many: invalid input: data[17].gender must be one of', tostring(summary.failed[1].err), 1, true)
    assert.equal("data[18].phones[1].type", summary.failed[2].err.field)
    assert.equal("not_sent", summary.failed[2].err.outcome)
    assert.equal(18, #json.decode(sent[1].body).data)
    assert.equal(1, #sent)
  end)

  it("sends 500 a request, with the options of a call", function()
    local omicall, sent = client(answer { success = true }, answer { success = true }, answer { success = true })
    local at = 0
    local summary = omicall.contacts:add_all(function()
      at = at + 1
      return at <= 1001 and { fullName = "An" } or nil
    end, { headers = { ["X-Trace"] = "t-1" } })
    assert.equal(1001, summary.added)
    assert.equal(3, #sent)
    assert.equal(500, #json.decode(sent[2].body).data)
    assert.equal("t-1", sent[3].headers["x-trace"])
  end)

  it("refuses wrong arguments where the caller stands", function()
    local omicall = client()
    for message, call in pairs {
      ["omicall.contacts:add_all takes a list of rows or an iterator"] = function() omicall.contacts:add_all "rows.csv" end,
      ['"chunks" is not a call option (did you mean "chunk"?)'] = function() omicall.contacts:add_all({}, { chunks = 3 }) end,
      ["on_error must be a function"] = function() omicall.contacts:add_all({}, { on_error = true }) end,
      ["call it with a colon: omicall.contacts:add_all(...)"] = function() omicall.contacts.add_all {} end,
    } do
      local ok, err = pcall(call)
      assert.is_false(ok)
      assert.matches(message, err, 1, true)
      assert.matches("bulk_spec.lua", err, 1, true)
    end
  end)

  it("brings a thousand rows into the sandbox but for those that it refuses", function()
    local transport = frontdesk.sandbox.transport()
    local omicall = frontdesk.omicall(transport:options("omicall", { retry = 0 }))
    local list = {}
    for i = 1, 1000 do
      list[i] = { refId = ("NEW-%04d"):format(i), fullName = "Khách " .. i, phones = { { data = ("0900%06d"):format(i), type = "home" } } }
    end
    list[70].refId = "NEW-0007"                    -- twice in the source
    list[300].phones[1].data = "0900000012"        -- there already, and also that of row 12
    list[301].gender = "?"
    list[999].filterContacts = { { id = "nothing" } }
    local summary = omicall.contacts:add_all(list, { chunk = 250, concurrency = 2 })
    assert.same({}, summary.unknown)
    -- 11 to 15 are the numbers of the sandbox's own contacts.
    assert.same({ 11, 12, 13, 14, 15, 70, 300, 301, 999 }, indexes(summary.failed))
    assert.equal(991, summary.added)
    local stored = 0
    for contact, err in omicall.contacts:each { size = 100 } do
      assert(contact, err)
      stored = stored + 1
    end
    assert.equal(991 + 5, stored)
  end)

  it("reads a CSV file row by row, with its bad lines", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    local file = assert(io.open(path, "w"))
    file:write("refId,fullName,phone\nC-1,Bùi Lan,0900000031\nC-2,too,many,fields\nC-3,Ngô Sơn,0900000033\n")
    file:close()
    local transport = frontdesk.sandbox.transport()
    local omicall = frontdesk.omicall(transport:options "omicall")
    local summary = omicall.contacts:add_all(assert(frontdesk.csv.rows(path)), { convert = function(row)
      return { refId = row.refId, fullName = row.fullName, phones = { { data = row.phone, type = "personal" } } }
    end })
    assert.equal("3 rows: 2 added, 1 failed, 0 of unknown outcome", tostring(summary))
    assert.equal(2, summary.failed[1].index)
    assert.equal(3, summary.failed[1].err.line)
  end)

  it("leaves what faults hit in the open and the rest done", function()
    local transport = frontdesk.sandbox.transport()
    local omicall = frontdesk.omicall(transport:options("omicall", { retry = 0 }))
    assert(omicall.states:list()) -- has the token
    transport:fault { service = "omicall", operation = "contacts.add_many", kind = "reset", after = 1, times = 1 }
    local list = {}
    for i = 1, 40 do
      list[i] = { refId = "F-" .. i }
    end
    local summary = omicall.contacts:add_all(list, { chunk = 10 })
    assert.equal(30, summary.added)
    assert.same({ 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 }, indexes(summary.unknown))
    assert_complete(summary)
  end)
end)
