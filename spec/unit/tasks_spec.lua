local core = require "frontdesk.core"
local frontdesk = require "frontdesk"

-- Real waiting is kept to milliseconds: what is looked at is the order of things.
describe("tasks", function()
  local function order()
    local list = {}
    return list, function(word) list[#list + 1] = word end
  end

  it("give way to each other while they wait", function()
    local list, note = order()
    frontdesk.run(function()
      frontdesk.spawn(function() note "a1" frontdesk.sleep(0.02) note "a2" end)
      frontdesk.spawn(function() note "b1" frontdesk.sleep(0.001) note "b2" end)
      note "main"
    end)
    assert.same({ "main", "a1", "b1", "b2", "a2" }, list)
  end)

  it("are waited for before run returns, which gives what its function returned", function()
    local done = false
    local one, two = frontdesk.run(function()
      frontdesk.spawn(function() frontdesk.sleep(0.002) done = true end)
      return 1, nil
    end)
    assert.is_true(done)
    assert.equal(1, one)
    assert.is_nil(two)
  end)

  it("give their results, any number of times", function()
    frontdesk.run(function()
      local task = frontdesk.spawn(function(a, b) frontdesk.sleep(0.001) return a + b, nil, "x" end, 1, 2)
      assert.is_false(task:done())
      for _ = 1, 2 do
        local sum, nothing, x = task:wait()
        assert.equal(3, sum)
        assert.is_nil(nothing)
        assert.equal("x", x)
      end
      assert.is_true(task:done())
      assert.equal("frontdesk.task: done", tostring(task))
    end)
  end)

  it("keep their errors to themselves", function()
    frontdesk.run(function()
      local bad = frontdesk.spawn(function() error "broken" end)
      local good = frontdesk.spawn(function() return "fine" end)
      local value, err = bad:wait()
      assert.is_nil(value)
      assert.matches("broken", err)
      assert.equal("fine", good:wait())
    end)
  end)

  it("can be cancelled while they sleep and before they begin", function()
    frontdesk.run(function()
      local began = core.now()
      local sleeper = frontdesk.spawn(function() return frontdesk.sleep(30) end)
      frontdesk.sleep(0.001)
      sleeper:cancel()
      assert.is_nil(sleeper:wait())
      local late = frontdesk.spawn(function() return frontdesk.sleep(30) end)
      late:cancel()
      assert.is_nil(late:wait())
      assert.is_true(core.now() - began < 20)
    end)
  end)

  it("need run around them", function()
    assert.error_matches(function() frontdesk.spawn(print) end, "frontdesk.run")
  end)

  it("that wait for each other are found out", function()
    assert.error_matches(function()
      frontdesk.run(function()
        local first, second
        first = frontdesk.spawn(function() return second:wait() end)
        second = frontdesk.spawn(function() return first:wait() end)
      end)
    end, "wait for each other")
  end)

  it("go on when one of them has run others in a coroutine of its own", function()
    local list, note = order()
    frontdesk.run(function()
      coroutine.wrap(function()
        frontdesk.run(function() note(frontdesk.spawn(function() return "inner" end):wait()) end)
      end)()
      note(frontdesk.spawn(function() return "outer" end):wait())
    end)
    assert.same({ "inner", "outer" }, list)
  end)

  it("end when the function of run raises", function()
    local ended
    assert.error_matches(function()
      frontdesk.run(function()
        frontdesk.spawn(function() ended = not frontdesk.sleep(30) end)
        frontdesk.sleep(0.001)
        error("no more", 0)
      end)
    end, "^no more$")
    assert.is_true(ended)
    assert.equal(1, frontdesk.run(function() return 1 end))
  end)
end)

describe("map", function()
  it("gives values and errors by index, for lists and iterators", function()
    local function double(n)
      if n == 2 then
        return nil, "two is bad"
      elseif n == 4 then
        error("four is worse", 0)
      end
      frontdesk.sleep(0.001 * (5 - n))
      return n * 2
    end
    local i = 0
    local function iterator()
      i = i + 1
      return i <= 4 and i or nil
    end
    for _, source in ipairs { { 1, 2, 3, 4 }, iterator } do
      local values, errors = frontdesk.map(source, double, { concurrency = 3 })
      assert.equal(4, values.n)
      assert.equal(2, values[1])
      assert.is_nil(values[2])
      assert.equal(6, values[3])
      assert.same({ [2] = "two is bad", [4] = "four is worse" }, errors)
    end
  end)

  it("runs no more at once than it is told, and reads the source no faster", function()
    local running, most, read = 0, 0, 0
    frontdesk.map(function()
      read = read + 1
      assert.is_true(read - running <= 21)
      return read <= 20 and read or nil
    end, function()
      running = running + 1
      most = math.max(most, running)
      frontdesk.sleep(0.001)
      running = running - 1
      return true
    end, { concurrency = 4 })
    assert.equal(4, most)
  end)

  it("passes on what the source could not read", function()
    local rows = { { "a" }, { false, "line 2 is broken" }, { "c" } }
    local i = 0
    local values, errors = frontdesk.map(function()
      i = i + 1
      local row = rows[i]
      if row then
        return row[1], row[2]
      end
    end, function(item) return item end)
    assert.equal("a", values[1])
    assert.equal("c", values[3])
    assert.same({ [2] = "line 2 is broken" }, errors)
  end)

  it("gives results as they come, keeping none, when asked to", function()
    local list = {}
    local values = frontdesk.map({ 0.006, 0.001, 0.003 }, function(seconds)
      frontdesk.sleep(seconds)
      return seconds
    end, { on_result = function(index) list[#list + 1] = index end })
    assert.same({ 2, 3, 1 }, list)
    assert.same({ n = 3 }, values)
  end)

  it("goes on with the next item after one that raised", function()
    local values, errors = frontdesk.map({ 1, 2, 3, 4 }, function(n)
      frontdesk.sleep(0.001)
      if n ~= 3 then
        error("no " .. n, 0)
      end
      return n
    end, { concurrency = 1 })
    assert.same({ n = 4, [3] = 3 }, values)
    assert.same({ "no 1", "no 2", [4] = "no 4" }, errors)
  end)

  it("raises what on_result raises, begins nothing more, and reports what was under way, once", function()
    local begun, list = 0, {}
    assert.error_matches(function()
      frontdesk.map({ "a", "b", "c" }, function(item)
        begun = begun + 1
        frontdesk.sleep(0.001)
        return item
      end, {
        concurrency = 2,
        on_result = function(index)
          list[#list + 1] = index
          error("broken by " .. index, 0)
        end,
      })
    end, "broken by 1")
    assert.equal(2, begun)
    assert.same({ 1, 2 }, list)
  end)

  it("lets Ctrl-C through, wherever it comes", function()
    local function interrupted()
      error("interrupted!", 0)
    end
    assert.error_matches(function() frontdesk.map({ 1, 2 }, interrupted) end, "interrupted!")
    assert.error_matches(function() frontdesk.map(interrupted, print) end, "interrupted!")
    assert.error_matches(function()
      frontdesk.map({ 1, 2 }, function() return 1 end, { on_result = interrupted })
    end, "interrupted!")
  end)

  it("raises what the source raises, be it false", function()
    local ok, raised = pcall(frontdesk.map, function() error(false) end, print)
    assert.is_false(ok)
    assert.is_false(raised)
  end)

  it("raises what the source raises", function()
    assert.error_matches(function()
      frontdesk.map(function() error("no such file", 0) end, print)
    end, "no such file")
    assert.error_matches(function() frontdesk.map(7, print) end, "must be a list or an iterator")
    assert.error_matches(function() frontdesk.map({}, print, { concurrency = 0 }) end, "concurrency")
  end)
end)

describe("all and race", function()
  it("call everything at once", function()
    local values, errors = frontdesk.all {
      function() frontdesk.sleep(0.002) return "slow" end,
      function() return "fast" end,
      function() return nil, "not me" end,
    }
    assert.same({ "slow", "fast", n = 3 }, values)
    assert.same({ [3] = "not me" }, errors)
    assert.same({ n = 0 }, (frontdesk.all {}))
  end)

  it("take the first success, and cancel the others", function()
    local ended
    local winner = frontdesk.race {
      function() ended = not frontdesk.sleep(30) return "late" end,
      function() return nil, "failed first" end,
      function() frontdesk.sleep(0.001) return "first" end,
    }
    assert.equal("first", winner)
    assert.is_true(ended)
  end)

  it("give the last error when nobody succeeds", function()
    local value, err = frontdesk.race { function() return nil, "one" end, function() frontdesk.sleep(0.001) error("two", 0) end }
    assert.is_nil(value)
    assert.equal("two", err)
    assert.is_nil((frontdesk.race {}))
  end)
end)
