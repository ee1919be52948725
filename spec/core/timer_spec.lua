-- A time to come, as a descriptor for an event loop.
local core = require "frontdesk.core"
local socket = require "socket"

describe("a timer", function()
  local timer

  before_each(function()
    timer = assert(core.timer())
  end)

  after_each(function()
    timer:close()
  end)

  local function readable(seconds)
    local fd = timer:fd()
    return #socket.select({ { getfd = function() return fd end } }, nil, seconds) > 0
  end

  it("is not due before it is set", function()
    assert.is_false(readable(0))
    assert.is_false(timer:is_due())
  end)

  it("is readable when its time has come, until that was seen", function()
    local began = core.now()
    timer:set(0.01)
    assert.is_false(timer:is_due())
    assert.is_true(readable(1))
    assert.is_true(core.now() - began >= 0.01)
    assert.is_true(readable(0))
    assert.is_true(timer:is_due())
    assert.is_false(timer:is_due())
    assert.is_false(readable(0))
  end)

  it("can be set anew, to earlier and to now", function()
    timer:set(3600)
    timer:set(0)
    assert.is_true(readable(1))
    timer:set(3600)
    assert.is_false(readable(0))
  end)

  it("takes seconds, from 0", function()
    for _, wrong in ipairs { -1, 1e9, 0 / 0, 1 / 0 } do
      local ok, message = pcall(timer.set, timer, wrong)
      assert.is_false(ok)
      assert.matches("a timer takes seconds, from 0 to 1e9", message)
    end
    assert.is_false(pcall(timer.set, timer, "soon"))
  end)

  it("says that it is closed", function()
    timer:close()
    timer:close()
    for _, method in ipairs { "fd", "set", "is_due" } do
      local ok, message = pcall(timer[method], timer, 1)
      assert.is_false(ok)
      assert.matches("the timer is closed", message)
    end
  end)
end)
