local fake_clock = require "support.fake_clock"
local progress = require "frontdesk.progress"

describe("progress", function()
  local time, written

  local out = {
    write = function(_, text) written[#written + 1] = text end,
    flush = function() end,
  }

  before_each(function()
    time = fake_clock.install()
    written = {}
  end)

  after_each(function()
    time:restore()
  end)

  -- So many steps, in so many seconds.
  local function work(bar, steps, seconds, word)
    for _ = 1, steps do
      time:advance(seconds / steps)
      bar:step(word)
    end
  end

  local function last()
    return written[#written]
  end

  it("shows a bar with share, rate and time left on a terminal", function()
    local bar = progress { label = "import", total = 1000, out = out, tty = true }
    work(bar, 249, 4.8)
    work(bar, 1, 0.2)
    assert.equal("\rimport [#######.......................]   25%  250/1,000  50/s  15 s left\27[K", last())
    work(bar, 749, 14.8)
    work(bar, 1, 0.2)
    bar:finish()
    assert.equal("\rimport [##############################]  100%  1,000/1,000  50/s\27[K\n", last())
  end)

  it("draws no more often than ten times a second", function()
    local bar = progress { total = 100000, out = out, tty = true }
    work(bar, 100000, 1)
    assert.is_true(#written >= 9 and #written <= 11, #written .. " times")
  end)

  it("writes a line now and then where there is no terminal", function()
    local bar = progress { label = "import", total = 10000, out = out, tty = false }
    work(bar, 10000, 1000)
    bar:finish()
    -- after 5 s, then 10, 20, 40, 60, 60, ... later
    assert.equal(19, #written)
    assert.equal("import    0%  50/10,000  10/s  16:35 min left\n", written[1])
    assert.equal("import    1%  150/10,000  10/s  16:25 min left\n", written[2])
    for _, line in ipairs(written) do
      assert.is_nil(line:find "[\r\27]")
    end
  end)

  it("says nothing of what is over at once, but on a terminal", function()
    local bar = progress { label = "import", total = 10, out = out, tty = false }
    work(bar, 10, 1)
    bar:finish()
    assert.same({}, written)
  end)

  it("is silent on request", function()
    local bar = progress { label = "import", total = 10, out = false, tty = true }
    work(bar, 10, 100)
    bar:clear()
    bar:finish()
    assert.same({}, written)
    assert.equal(10, bar.seen)
  end)

  it("counts without a bar when the total is not known", function()
    local bar = progress { label = "export", out = out, tty = true }
    work(bar, 1499, 74.8)
    work(bar, 1, 0.2)
    assert.equal("\rexport  1,500  20/s  1:15 min\27[K", last())
  end)

  it("takes the rate of the last seconds, and not of what was passed over", function()
    local bar = progress { total = 10000, out = out, tty = true }
    work(bar, 5000, 1, "skipped")
    work(bar, 300, 30)
    assert.matches(" 10/s ", last())
    work(bar, 400, 20)
    assert.matches(" 20/s ", last())
    assert.matches("  5,000 skipped", last())
    work(bar, 60, 120)
    assert.matches(" 0%.5/s ", last())
  end)

  it("names what did not go well", function()
    local bar = progress { total = 10, out = out, tty = true }
    work(bar, 5, 5)
    work(bar, 2, 2, "failed")
    work(bar, 1, 1, "unknown")
    assert.matches("2 failed  1 unknown", last())
  end)

  it("never takes more than 79 columns", function()
    local labels = { ("x"):rep(200), ("ạ"):rep(100), ("客"):rep(50), "two\nlines", "" }
    for _, label in ipairs(labels) do
      for _, total in ipairs { 10, 12345678901 } do
        local bar = progress { label = label, total = total, out = out, tty = true }
        for _, word in ipairs { "done", "failed", "unknown", "skipped", "a rather long word", "another rather long word" } do
          work(bar, 200, 60, word)
        end
        bar:finish()
      end
    end
    for _, text in ipairs(written) do
      local line = text:gsub("^\r", ""):gsub("\27%[K\n?$", "")
      assert.is_nil(line:find "%c")
      local wide = select(2, line:gsub("客", ""))
      local columns = select(2, line:gsub("[^\128-\191]", "")) + wide
      assert.is_true(columns <= 79, columns .. " columns: " .. line)
    end
  end)

  it("gives way to other output, and comes back", function()
    local bar = progress { total = 10, out = out, tty = true }
    work(bar, 1, 1)
    bar:clear()
    assert.equal("\r\27[K", last())
    bar:clear()
    assert.equal(2, #written)
    bar:step()
    assert.equal(3, #written)
  end)

  it("has last words, unless it is silent", function()
    progress({ out = out, tty = false }):finish "that was all"
    assert.same({ "that was all\n" }, written)
    progress({ out = false }):finish "that was all"
    assert.equal(1, #written)
  end)

  it("finishes once", function()
    local bar = progress { total = 1, out = out, tty = true }
    bar:step()
    bar:finish()
    local lines = #written
    bar:finish()
    bar:step()
    assert.equal(lines, #written)
  end)

  it("takes an empty piece of work for one that is over", function()
    local bar = progress { total = 0, out = out, tty = true }
    bar:finish()
    assert.same({}, written)
    assert.matches("0/0", tostring(bar))
  end)

  it("writes numbers and times for people", function()
    assert.equal("0", progress.count(0))
    assert.equal("999", progress.count(999))
    assert.equal("1,000", progress.count(1000))
    assert.equal("12,345,678", progress.count(12345678))
    assert.equal("0.0 s", progress.time(0))
    assert.equal("9.9 s", progress.time(9.94))
    assert.equal("10 s", progress.time(9.96))
    assert.equal("59 s", progress.time(59.4))
    assert.equal("1:00 min", progress.time(59.6))
    assert.equal("59:59 min", progress.time(3599.4))
    assert.equal("1:00 h", progress.time(3599.6))
    assert.equal("27:46 h", progress.time(100000))
  end)
end)
