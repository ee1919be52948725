-- What a caller has for an id becomes one segment of the path, or nothing is sent: for every operation that has one.

local errors = require "frontdesk.errors"
local every_service = require "support.every_service"
local fake = require "support.fake_transport"
local frontdesk = require "frontdesk"
local raw_server = require "support.raw_server"

local CASES = every_service.fields "path"

local function refusal(case, id)
  local transport = fake.transport()
  local client = frontdesk[case.service](every_service.options(case.service, { transport = transport }))
  local input = every_service.input(case, { [case.field] = id }, id == nil and case.field or nil)
  local value, err = every_service.call(client, case.operation, input)
  local where = ("%s.%s with %s"):format(case.service, case.operation, tostring(id))
  assert.is_nil(value, where)
  assert.is_true(errors.is(err, "invalid_input"), where)
  assert.equal(case.field, err.field, where)
  assert.equal("not_sent", err.outcome, where)
  assert.equal(0, err.attempts, where)
  assert.is_false(err.retryable, where)
  assert.equal(0, #transport.sent, where)
  return err.message
end

local REFUSED = {
  { "nil", nil, "is required" },
  { "null", frontdesk.null, "is required" },
  { "an empty text", "", "is required and must not be empty" },
  { "a dot", ".", 'must not be "."' },
  { "two dots", "..", 'must not be ".."' },
  { "a NUL alone", "\0", "must not contain a NUL" },
  { "a NUL behind a text", "7\0/../../admin", "must not contain a NUL" },
  { "a byte that begins no character", "\255", "is not valid UTF-8" },
  { "a character cut off", "Nguy\225\187", "is not valid UTF-8" },
  { "dots written too long", "\192\174\192\174", "is not valid UTF-8" },
  { "a slash written too long", "a\224\128\175b", "is not valid UTF-8" },
  { "half of a surrogate pair", "\237\160\128", "is not valid UTF-8" },
  { "a number that is none", 0 / 0, "must be a finite number" },
  { "infinity", math.huge, "must be a finite number" },
  { "minus infinity", -math.huge, "must be a finite number" },
  { "a fraction", 1.5, "must be a string or an integer" },
  { "a number beyond exact ones", 1e16, "is too large to be an exact integer" },
  { "a huge number", 1e300, "is too large to be an exact integer" },
  { "true", true, "must be a string or an integer" },
  { "false", false, "must be a string or an integer" },
  { "a table", {}, "must be a string or an integer" },
  { "a table that prints as an id", setmetatable({}, { __tostring = function() return "7" end, __concat = function() return "7" end }),
    "must be a string or an integer" },
  { "a function", print, "must be a string or an integer" },
  { "a task", coroutine.create(print), "must be a string or an integer" },
}

if rawget(_G, "jit") then
  REFUSED[#REFUSED + 1] = { "a number of C", require("ffi").new("int64_t", 7), "must be a string or an integer" }
end

-- Ids that are odd and allowed, and the segment that each becomes.
local SENT = {
  { "%2e%2e", "%252e%252e" },
  { "%2E", "%252E" },
  { "a/../b", "a%2F..%2Fb" },
  { "../../admin", "..%2F..%2Fadmin" },
  { "./7", ".%2F7" },
  { "/", "%2F" },
  { "//evil.example/7", "%2F%2Fevil.example%2F7" },
  { "https://evil.example/", "https%3A%2F%2Fevil.example%2F" },
  { "@evil.example", "%40evil.example" },
  { "..\\..\\admin", "..%5C..%5Cadmin" },
  { "..;", "..%3B" },
  { "7?admin=1", "7%3Fadmin%3D1" },
  { "7#top", "7%23top" },
  { "7&a=b", "7%26a%3Db" },
  { "%", "%25" },
  { "%00", "%2500" },
  { "%0d%0aX-Evil: 1", "%250d%250aX-Evil%3A%201" },
  { "7 HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET /admin", "7%20HTTP%2F1.1%0D%0AX-Evil%3A%201%0D%0A%0D%0AGET%20%2Fadmin" },
  { "\r", "%0D" },
  { "\n", "%0A" },
  { "\t", "%09" },
  { " ", "%20" },
  { "a b", "a%20b" },
  { "a+b", "a%2Bb" },
  { "...", "..." },
  { ".hidden", ".hidden" },
  { "Nguyễn", "Nguy%E1%BB%85n" },
  { "。。", "%E3%80%82%E3%80%82" }, -- dots that a careless server might fold to plain ones
  { "．．／", "%EF%BC%8E%EF%BC%8E%EF%BC%8F" },
  { "\226\128\174", "%E2%80%AE" }, -- turns the direction of writing
  { 1e15, "1000000000000000" },
  { 1.0, "1" },
  { -0.0, "0" },
  { 0, "0" },
  { -7, "-7" },
  { 2 ^ 53, "9007199254740992" },
  { "9223372036854775808", "9223372036854775808" },
  { "1e15", "1e15" },
  { ("x"):rep(3000), ("x"):rep(3000) },
}

if math.type then -- integers of 64 bits
  SENT[#SENT + 1] = { math.maxinteger, "9223372036854775807" }
  SENT[#SENT + 1] = { math.mininteger, "-9223372036854775808" }
end

-- The path of an operation with a segment in the place of its field.
local function path_of(case, segment)
  local path = frontdesk[case.service].description.operations[case.operation].path
  return (path:gsub(":([%w_]+)", { [case.field] = segment }))
end

describe("an id", function()
  it("is in the path of many an operation, by whatever way their description says so", function()
    local found = {}
    for _, case in ipairs(CASES) do
      found[case.service .. "." .. case.operation] = true
    end
    local count = 0
    for _, service in ipairs(every_service.names) do
      for name, operation in pairs(frontdesk[service].description.operations) do
        if operation.path:find(":", 1, true) then
          count = count + 1
          assert.is_true(found[service .. "." .. name], name)
        end
      end
    end
    assert.is_true(count >= 18)
  end)

  for _, row in ipairs(REFUSED) do
    it("is refused where it is " .. row[1] .. ", and nothing is sent", function()
      for _, case in ipairs(CASES) do
        local message = refusal(case, row[2])
        assert.equal(1, message:find(case.field .. " " .. row[3], 1, true), message)
      end
    end)
  end

  it("is refused by position as well, and behind call options", function()
    local transport = fake.transport()
    local client = frontdesk.pos(every_service.options("pos", { transport = transport }))
    for _, id in ipairs { "", ".", "..", "a\0b", frontdesk.null, true, 0 / 0 } do
      local _, err = client.people:get(id, { timeout = 5 })
      assert.equal("invalid_input", err.kind)
      assert.equal("id", err.field)
      _, err = client.people:rename(id, "Mai")
      assert.equal("invalid_input", err.kind)
      assert.equal("id", err.field)
    end
    assert.equal(0, #transport.sent)
  end)
end)

describe("on the wire an id", function()
  local server

  setup(function()
    server = raw_server.start [[
      while read_request() do
        send "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
      end
    ]]
  end)

  teardown(function()
    server:stop()
  end)

  -- The request lines that have arrived since the last look.
  local seen = 0
  local function arrived()
    local all, fresh = server:requests(), {}
    for i = seen + 1, #all do
      fresh[#fresh + 1] = all[i]
    end
    seen = #all
    return fresh
  end

  local function client_of(service)
    return frontdesk[service](every_service.options(service, nil, server.url))
  end

  it("is one segment, whatever it holds and whichever operation it is for", function()
    for _, case in ipairs(CASES) do
      local client = client_of(case.service)
      local method = frontdesk[case.service].description.operations[case.operation].method
      for _, row in ipairs(SENT) do
        local _, err = every_service.call(client, case.operation, every_service.input(case, { [case.field] = row[1] }))
        assert.equal("not_found", err.kind, tostring(err))
      end
      local requests = arrived()
      assert.equal(#SENT, #requests)
      for i, row in ipairs(SENT) do
        local line, head = requests[i]:match "^([^\r\n]*)\r\n(.*)$"
        local target = line:match("^" .. method .. " (%S+) HTTP/1%.1$")
        assert.is_string(target, line)
        assert.equal(path_of(case, row[2]), (target:gsub("%?.*$", "")))
        assert.is_nil(head:find("Evil", 1, true))
      end
    end
  end)

  it("of one call is nothing to the next", function()
    local client = client_of "pos"
    client.people:get "../../admin"
    client.people:get "7"
    assert.is_nil((client.people:get ".."))
    client.people:get "8"
    local lines = {}
    for i, text in ipairs(arrived()) do
      lines[i] = text:match "^[^\r\n]*"
    end
    assert.same({ "GET /people/people/..%2F..%2Fadmin HTTP/1.1", "GET /people/people/7 HTTP/1.1", "GET /people/people/8 HTTP/1.1" }, lines)
  end)
end)
