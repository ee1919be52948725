local errors = require "frontdesk.errors"
local fake = require "support.fake_transport"
local fake_clock = require "support.fake_clock"
local frontdesk = require "frontdesk"
local retry = require "frontdesk.retry"
local service = require "frontdesk.service"

local reply = fake.reply
local OK = '{"status":0,"payload":{"id":5}}'

local function failed(kind, outcome)
  return { kind = kind, outcome = outcome, message = "it went wrong" }
end

local function status(code, headers)
  return reply(code, '{"message":"no"}', headers)
end

describe("trying again", function()
  local time

  before_each(function() time = fake_clock.install() end)
  after_each(function() time:restore() end)

  local function client_with(options, ...)
    local transport = fake.transport(...)
    options.transport, options.token = transport, "tok-1"
    return service.new(require "support.acme")(options), transport
  end

  local function read(...)
    local client, transport = client_with({}, ...)
    local value, err, response = client.things:get(1)
    return value, err, response, transport
  end

  local function write(...)
    local client, transport = client_with({}, ...)
    local value, err = client.things:add { name = "Lamp" }
    return value, err, transport
  end

  it("helps a read over a lost answer, a time-out and a broken server", function()
    for _, first in ipairs { failed("network", "unknown"), failed("timeout", "unknown"), status(408), status(500), status(502),
      status(503), status(504) } do
      local value, _, response = read(first, reply(200, OK))
      assert.same({ id = 5 }, value)
      assert.equal(2, response.attempts)
    end
  end)

  it("never repeats a write whose outcome is unknown", function()
    for _, first in ipairs { failed("network", "unknown"), failed("timeout", "unknown"), status(408), status(500), status(502),
      status(503), status(504) } do
      local value, err, transport = write(first)
      assert.is_nil(value)
      assert.equal("unknown", err.outcome)
      assert.is_false(err.retryable)
      assert.equal(1, #transport.sent)
    end
  end)

  it("repeats a write that was not sent, or that the service says it did not do", function()
    for _, first in ipairs { failed("network", "not_sent"), failed("timeout", "not_sent"), status(429) } do
      local value, _, transport = write(first, reply(200, OK))
      assert.is_true(value)
      assert.equal(2, #transport.sent)
      assert.same(transport.sent[1].body, transport.sent[2].body)
    end
  end)

  it("does not help against refusals, wrong certificates and broken answers", function()
    for _, first in ipairs { status(400), status(403), status(404), status(409), status(422), failed("tls", "not_sent"),
      failed("too_large", "unknown"), failed("cancelled", "unknown"), failed("invalid_input", "not_sent"), reply(200, "<html>"),
      status(501) } do
      local value, err, _, transport = read(first)
      assert.is_nil(value)
      assert.is_true(errors.is(err))
      assert.equal(1, #transport.sent)
    end
  end)

  it("is done twice unless told otherwise", function()
    local down = failed("network", "not_sent")
    local _, err, _, transport = read(down, down, down)
    assert.equal(3, err.attempts)
    assert.equal(3, #transport.sent)
    local client = client_with({ retry = 4 }, down, down, down, down, down)
    _, err = client.things:get(1)
    assert.equal(5, err.attempts)
    client, transport = client_with({ retry = 4 }, down)
    _, err = client.things:get(1, { retry = 0 })
    assert.equal(1, err.attempts)
    assert.equal(1, #transport.sent)
  end)

  it("waits a random part of half a second, doubled from try to try up to eight seconds", function()
    local down = failed("network", "not_sent")
    local client = client_with({ retry = 6, timeout = 1000 }, down, down, down, down, down, down, down)
    time.chance = 0.5
    client.things:get(1)
    assert.same({ 0.25, 0.5, 1, 2, 4, 4 }, time.slept)
  end)

  it("waits as long as the service asks", function()
    local client = client_with({}, status(429, { ["retry-after"] = "7" }), reply(200, OK))
    assert.is_table((client.things:get(1)))
    assert.same({ 7 }, time.slept)
  end)

  it("gives up at once when the service asks for more than the deadline leaves, or than a minute", function()
    local client, transport = client_with({ timeout = 5 }, status(429, { ["retry-after"] = "7" }))
    local _, err = client.things:get(1)
    assert.equal("rate_limited", err.kind)
    assert.equal(7, err.retry_after)
    assert.equal(1, #transport.sent)
    client, transport = client_with({ timeout = 5000 }, status(503, { ["retry-after"] = "3600" }))
    _, err = client.things:get(1)
    assert.equal(3600, err.retry_after)
    assert.equal(1, #transport.sent)
    assert.same({}, time.slept)
  end)

  it("does not go on past the deadline, which covers all tries and pauses", function()
    local client, transport = client_with({ retry = 10, timeout = 2 },
      function() time:advance(0.8) return failed("network", "unknown") end,
      function() time:advance(0.8) return failed("network", "unknown") end)
    local _, err = client.things:get(1)
    assert.equal("network", err.kind)
    assert.equal(2, #transport.sent)
    assert.is_true(transport.sent[2].timeout < 1)
  end)

  it("takes a delete that finds nothing, after an answer was lost, for done", function()
    local client = client_with({}, failed("network", "unknown"), status(404))
    assert.is_true((client.things:delete(1)))
    client = client_with({}, failed("network", "not_sent"), status(404))
    local value, err = client.things:delete(1)
    assert.is_nil(value)
    assert.equal("not_found", err.kind)
  end)

  it("keeps in mind that an earlier try may have been heard", function()
    local client = client_with({ retry = 1 }, failed("timeout", "unknown"), failed("network", "not_sent"))
    local _, err = client.things:rename(1, "Desk")
    assert.equal("unknown", err.outcome)
    assert.equal(2, err.attempts)
  end)

  it("covers the login too, which is a call like any other", function()
    local transport = fake.transport(failed("network", "not_sent"), reply(200, '{"token":"tok-9"}'), reply(200, OK))
    local client = service.new(require "support.acme") { transport = transport, username = "mai", password = "pw-12345" }
    assert.is_table((client.things:get(1)))
    assert.equal(3, #transport.sent)
  end)

  it("tells the hooks, with nothing secret among it", function()
    local seen = {}
    local function note(name)
      return function(event)
        event.hook = name
        seen[#seen + 1] = event
      end
    end
    local client = client_with({ on_request = note "request", on_response = note "response", on_retry = note "retry" },
      status(503), reply(200, OK))
    client.things:list { page = 3 }
    local names = {}
    for i, event in ipairs(seen) do
      names[i] = event.hook .. " " .. event.attempt
      assert.equal("https://acme.example/api/things", event.url)
      for _, value in pairs(event) do
        assert.is_nil(tostring(value):find("tok-1", 1, true))
      end
    end
    assert.same({ "request 1", "response 1", "retry 1", "request 2", "response 2" }, names)
    assert.equal("unavailable", seen[2].kind)
    assert.equal(503, seen[2].status)
    assert.is_number(seen[3].pause)
    assert.is_nil(seen[5].kind)
  end)

  it("is counted", function()
    local before = frontdesk.metrics()
    read(status(503), reply(200, OK))
    local after = frontdesk.metrics()
    assert.equal(2, after.requests - before.requests)
    assert.equal(1, after.retries - before.retries)
    assert.equal(1, (after.failures.unavailable or 0) - (before.failures.unavailable or 0))
    assert.is_true(after.seconds_paused > before.seconds_paused)
  end)

  it("bounds what a pause can be", function()
    time.chance = 0.999
    for tries = 1, 50 do
      local pause = retry.pause(tries, {})
      assert.is_true(pause >= 0 and pause < 8)
    end
  end)
end)
