local breakers = require "frontdesk.breaker"
local fake_clock = require "support.fake_clock"
local fake_dict = require "support.fake_dict"
local memory = require "frontdesk.limits.memory"
local shared = require "frontdesk.limits.shared"

local ORIGIN = "https://acme.example:443"

local STORES = {
  ["in memory"] = memory.new,
  ["in a shared dictionary"] = function() return shared.new(fake_dict.new(), 2) end,
}

for where, new_store in pairs(STORES) do
  describe("the circuit breaker of a host, " .. where .. ",", function()
    local time, store, breaker

    before_each(function()
      time = fake_clock.install()
      store = new_store()
      breaker = breakers.new(ORIGIN, store)
    end)

    after_each(function()
      time:restore()
    end)

    -- A call that ends at once.
    local function call(result)
      local admitted, probe = breaker:admit(time.at, time.at + 30)
      if not admitted then
        return nil, probe
      end
      return true, breaker:settle(breakers.verdict(result), probe, time.at)
    end

    local function fail(times, kind)
      local trips = 0
      for _ = 1, times do
        local _, tripped = call { kind = kind or "network" }
        trips = trips + (tripped == true and 1 or 0)
      end
      return trips
    end

    it("opens after ten failures in a row, once", function()
      assert.equal(0, fail(9))
      assert.is_true(breaker:is_closed())
      assert.equal(1, fail(1))
      assert.is_false(breaker:is_closed())
      assert.is_nil((call()))
    end)

    it("takes network failures, timeouts and an unavailable service for failures", function()
      fail(4, "network")
      fail(3, "timeout")
      fail(3, "unavailable")
      assert.is_false(breaker:is_closed())
    end)

    it("stays closed when something works in between", function()
      for _ = 1, 5 do
        fail(9)
        call()
      end
      assert.is_true(breaker:is_closed())
    end)

    it("takes an answer that refuses for a sign of life", function()
      for _, result in ipairs { { kind = "not_found", status = 404 }, { kind = "rate_limited", status = 429 }, { kind = "auth", status = 401 } } do
        fail(9)
        call(result)
      end
      assert.is_true(breaker:is_closed())
    end)

    it("learns nothing from a call that was given up or could not be made", function()
      for _, kind in ipairs { "cancelled", "invalid_input", "tls", "auth" } do
        fail(3)
        call { kind = kind }
      end
      assert.is_false(breaker:is_closed())
    end)

    it("does not take failures that are far apart for a row", function()
      for _ = 1, 20 do
        fail(1)
        time:advance(61)
      end
      assert.is_true(breaker:is_closed())
    end)

    it("says which host failed, how often, and when it will be tried again", function()
      fail(10)
      time:advance(1.5)
      local _, failure = call()
      assert.equal("unavailable", failure.kind)
      assert.equal("not_sent", failure.outcome)
      assert.equal(3.5, failure.retry_after)
      assert.equal("https://acme.example:443 failed 10 times in a row, so nothing is sent there at the moment; "
        .. "the next try will be made in 3.5 seconds", failure.message)
      assert.same(failure, breaker:refusal(time.at))
    end)

    it("lets exactly one probe through after five seconds", function()
      fail(10)
      time:advance(4.99)
      assert.is_nil((breaker:admit(time.at, time.at + 30)))
      time:advance(0.01)
      assert.is_nil(breaker:refusal(time.at))
      local admitted, probe = breaker:admit(time.at, time.at + 30)
      assert.is_true(admitted)
      assert.is_true(probe)
      local other, failure = breakers.new(ORIGIN, store):admit(time.at, time.at + 30)
      assert.is_nil(other)
      assert.truthy(failure.message:find("the next try is under way", 1, true))
      assert.same(failure, breaker:refusal(time.at))
    end)

    it("closes when the probe succeeds", function()
      fail(10)
      time:advance(5)
      assert.is_true((call()))
      assert.is_true(breaker:is_closed())
      assert.equal(0, fail(9))
      assert.is_true(breaker:is_closed())
    end)

    it("opens for another five seconds when the probe fails, and counts that", function()
      fail(10)
      time:advance(5)
      fail(1)
      local _, failure = call()
      assert.equal(5, failure.retry_after)
      assert.truthy(failure.message:find("failed 11 times", 1, true))
      time:advance(5)
      call()
      assert.is_true(breaker:is_closed())
    end)

    it("tries the next call when the probe was given up", function()
      fail(10)
      time:advance(5)
      call { kind = "cancelled" }
      assert.is_false(breaker:is_closed())
      call()
      assert.is_true(breaker:is_closed())
    end)

    it("does not wait for ever for a probe that never came back", function()
      fail(10)
      time:advance(5)
      assert.is_true((breaker:admit(time.at, time.at + 30)))
      time:advance(34)
      assert.is_nil((call()))
      time:advance(2)
      assert.is_true((call()))
      assert.is_true(breaker:is_closed())
    end)

    it("waits for no probe longer than two minutes, however late its deadline", function()
      fail(10)
      time:advance(5)
      assert.is_true((breaker:admit(time.at, math.huge)))
      time:advance(126)
      assert.is_true((breaker:admit(time.at, math.huge)))
    end)

    it("is not kept open by calls that were under way when it opened", function()
      fail(10)
      time:advance(4)
      for _ = 1, 50 do
        breaker:settle(false, false, time.at)
      end
      breaker:settle(true, false, time.at)
      assert.is_false(breaker:is_closed())
      time:advance(1)
      assert.is_true((call()))
    end)

    it("is the same for all that call the host, and another for another host", function()
      fail(10)
      assert.is_false(breakers.new(ORIGIN, store):is_closed())
      assert.is_true(breakers.new("https://other.example:443", store):is_closed())
    end)
  end)
end
