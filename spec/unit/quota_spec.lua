local fake_clock = require "support.fake_clock"
local fake_dict = require "support.fake_dict"
local memory = require "frontdesk.limits.memory"
local quotas = require "frontdesk.quota"
local shared = require "frontdesk.limits.shared"

local ORIGIN = "https://acme.example:443"

local STORES = {
  ["in memory"] = memory.new,
  ["in a shared dictionary"] = function() return shared.new(fake_dict.new(), 2) end,
}

for where, new_store in pairs(STORES) do
  describe("the retry quota of a host, " .. where .. ",", function()
    local time, store, quota

    before_each(function()
      time = fake_clock.install()
      store = new_store()
      quota = quotas.new(ORIGIN, store)
    end)

    after_each(function()
      time:restore()
    end)

    local function takes(kind)
      local count = 0
      while count < 1000 and quota:take(kind) do
        count = count + 1
      end
      return count
    end

    it("allows a hundred retries that no success pays for", function()
      assert.equal(100, takes "network")
      assert.is_false(quota:take "network")
    end)

    it("takes twice as much after a timeout", function()
      assert.equal(50, takes "timeout")
    end)

    it("leaves what is left to a cheaper retry", function()
      quota:take "network"
      assert.equal(49, takes "timeout")
      assert.is_true(quota:take "network")
      assert.is_false(quota:take "network")
    end)

    it("allows one more for five successes", function()
      takes "network"
      for _ = 1, 4 do
        quota:give()
      end
      assert.is_false(quota:take "network")
      quota:give()
      assert.is_true(quota:take "network")
      assert.is_false(quota:take "network")
    end)

    it("never holds more than when it is full", function()
      for _ = 1, 1000 do
        quota:give()
      end
      quota:take "network"
      for _ = 1, 1000 do
        quota:give()
      end
      assert.equal(100, takes "network")
    end)

    it("is the same for all that call the host, and another for another host", function()
      takes "network"
      assert.is_false(quotas.new(ORIGIN, store):take "network")
      assert.is_true(quotas.new("https://other.example:443", store):take "network")
    end)

    it("is full again when long nobody has retried", function()
      takes "network"
      time:advance(601)
      assert.equal(100, takes "network")
    end)
  end)
end
