local fake = require "support.fake_transport"
local fake_clock = require "support.fake_clock"
local service = require "frontdesk.service"

-- How a client keeps to the limits; the limits themselves are in limits_spec.lua.
describe("a client's calls", function()
  local time

  before_each(function() time = fake_clock.install() end)
  after_each(function() time:restore() end)

  local OK = fake.reply(200, '{"status":0,"payload":{"id":5}}')

  local function client_with(options, answer, count)
    local answers = {}
    for i = 1, count do
      answers[i] = answer
    end
    local transport = fake.transport((table.unpack or unpack)(answers))
    options.transport, options.token, options.retry = transport, "tok-1", 0
    return service.new(require "support.acme")(options), transport
  end

  it("keep to the rate", function()
    local client, transport = client_with({ rate = 2, burst = 1, timeout = 100 }, OK, 5)
    local began = time.at
    for _ = 1, 5 do
      assert.is_table((client.things:get(1)))
    end
    assert.equal(5, #transport.sent)
    assert.is_true(time.at - began >= 1.99 and time.at - began < 2.1)
  end)

  it("give their place back when a hook raises", function()
    local raises = true
    local client = client_with({ max_in_flight = 1, timeout = 1, on_request = function() assert(not raises, "no luck") end }, OK, 1)
    local ok, raised = pcall(client.things.get, client.things, 1)
    assert.is_false(ok)
    assert.matches("no luck", raised, 1, true)
    raises = false
    assert.is_table((client.things:get(1)))
  end)

  it("all pause when one is told to", function()
    local client, transport = client_with({ timeout = 5 }, fake.reply(429, "{}", { ["retry-after"] = "30" }), 1)
    local _, err = client.things:get(1)
    assert.equal(30, err.retry_after)
    _, err = client.things:add { name = "Lamp" }
    assert.equal("rate_limited", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(1, #transport.sent)
  end)

  it("fail at once when the host has failed ten times in a row, until a probe succeeds", function()
    local client, transport = client_with({}, { kind = "network", outcome = "not_sent", message = "no route" }, 10)
    for _ = 1, 10 do
      client.things:get(1)
    end
    local _, err = client.things:get(1)
    assert.equal("unavailable", err.kind)
    assert.matches("acme.example", err.message, 1, true)
    assert.equal(10, #transport.sent)
    time:advance(6)
    transport.answers = { OK, OK }
    assert.is_table((client.things:get(1)))
    assert.is_table((client.things:get(1)))
  end)

  it("of two transports know nothing of each other", function()
    local down = client_with({}, { kind = "network", outcome = "not_sent", message = "no route" }, 10)
    for _ = 1, 10 do
      down.things:get(1)
    end
    local up = client_with({}, OK, 1)
    assert.is_table((up.things:get(1)))
  end)

  it("refuse limits that make no sense", function()
    for _, options in ipairs { { rate = 0 }, { rate = -1 }, { burst = 0, rate = 1 }, { max_in_flight = 0 } } do
      assert.error_matches(function() client_with(options, OK, 1) end, "must be")
    end
  end)
end)
