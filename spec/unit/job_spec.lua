local clock = require "frontdesk.clock"
local errors = require "frontdesk.errors"
local fake_clock = require "support.fake_clock"
local frontdesk = require "frontdesk"
local process = require "support.process"

describe("a job", function()
  local folder, path, time, opened

  local function open(options)
    options = options or {}
    options.journal = path
    local job, err = frontdesk.job("import", options)
    opened[#opened + 1] = job
    return job, err
  end

  -- A run of its own, as the next start of the script would be.
  local function run(source, options, fn)
    local job = assert(open())
    options.key = options.key or "id"
    options.progress = options.progress or false
    local summary, err, partial = job:each(source, options, fn)
    job:close()
    return summary, err, partial
  end

  local function rows(...)
    local list = {}
    for i, id in ipairs { ... } do
      list[i] = { id = id }
    end
    return list
  end

  local function many(count)
    local list = {}
    for i = 1, count do
      list[i] = { id = "K" .. i }
    end
    return list
  end

  -- A function for jobs that notes the keys it was called for, and fails where it is told to.
  local function worker(failures)
    local calls = {}
    return function(_, key)
      calls[#calls + 1] = key
      local failure = failures and failures[key]
      if type(failure) == "function" then
        return failure(key)
      elseif failure then
        return nil, errors.new { kind = failure.kind, message = "no", outcome = failure.outcome, retryable = failure.retryable }
      end
      return true
    end, calls
  end

  local UNKNOWN = { kind = "network", outcome = "unknown" }

  before_each(function()
    time = fake_clock.install()
    folder = process.folder()
    path = folder .. "/import.journal"
    opened = {}
  end)

  after_each(function()
    time:restore()
    for _, job in ipairs(opened) do
      job:close()
    end
    os.execute("rm -rf " .. process.quote(folder))
  end)

  it("does each item once, and none of them again in the next run", function()
    local fn, calls = worker()
    local summary = assert(run(rows("A", "B", "C"), {}, fn))
    assert.equal(3, summary.done)
    assert.same({ "A", "B", "C" }, calls)
    summary = assert(run(rows("A", "B", "C", "D"), {}, fn))
    assert.equal(1, summary.done)
    assert.equal(3, summary.skipped)
    assert.equal(4, summary.items)
    assert.same({ "A", "B", "C", "D" }, calls)
  end)

  it("takes lists, iterators and callable tables, and keys of fields and functions", function()
    local fn, calls = worker()
    local left = rows("A", "B")
    assert(run(function() return table.remove(left, 1) end, {}, fn))
    local other = rows("C")
    assert(run(setmetatable({}, { __call = function() return table.remove(other, 1) end }), {}, fn))
    assert(run({ "D", "E" }, { key = function(item) return item end }, fn))
    assert(run({ { id = 7 }, { id = 2 ^ 40 }, { id = 0.5 } }, {}, fn))
    assert.same({ "A", "B", "C", "D", "E", "7", "1099511627776", "0.5" }, calls)
  end)

  it("gives the function the row, the key and the line", function()
    local seen
    local source = assert(frontdesk.csv.parse("id,name\nA,Mai\n"))
    assert(run(source, {}, function(...)
      seen = { ... }
      return true
    end))
    assert.same({ { id = "A", name = "Mai" }, "A", 2 }, seen)
  end)

  it("has \"started\" on the disk before the function is called, and \"done\" in the file before the next", function()
    local job = assert(open())
    local function last_line()
      local file = assert(io.open(path, "rb"))
      local text = file:read "*a"
      file:close()
      return text:match "\t([^\n]*)\n$"
    end
    local number = 0
    assert(job:each(rows("A", "B", "C"), { key = "id", concurrency = 1, progress = false }, function(_, key)
      number = number + 1
      assert.equal("started\t" .. key, last_line())
      assert.equal(job.journal.added, job.journal.synced)
      assert.equal(2 * number - 1, job.journal.added)
      return true
    end))
    assert.equal("done\tC", last_line())
  end)

  it("brings many beginnings to the disk at once", function()
    time:restore() -- tasks give way to each other
    local job = assert(open())
    local syncs, sync = 0, job.journal.sync
    function job.journal.sync(...)
      syncs = syncs + 1
      return sync(...)
    end
    local begun = 0
    assert(job:each(many(50), { key = "id", concurrency = 50, progress = false }, function()
      begun = begun + 1
      assert.equal(job.journal.added, job.journal.synced)
      assert.is_true(clock.sleep(0))
      return true
    end))
    assert.equal(50, begun)
    assert.equal(2, syncs) -- one for all, and the one at the end
  end)

  it("tries in the next run what failed, and says by kind what did", function()
    local fn, calls = worker { B = { kind = "conflict", outcome = "rejected" }, C = { kind = "invalid_input" } }
    local reported = {}
    local summary = assert(run(rows("A", "B", "C"), { on_error = function(err, row, key, line)
      reported[#reported + 1] = { err.kind, row.id, key, line }
    end }, fn))
    assert.same({ conflict = 1, invalid_input = 1 }, summary.failed)
    assert.equal(2, summary:failures())
    assert.same({ { "conflict", "B", "B" }, { "invalid_input", "C", "C" } }, reported)
    summary = assert(run(rows("A", "B", "C"), {}, (worker())))
    assert.equal(2, summary.done)
    assert.same({ "A", "B", "C" }, calls)
  end)

  it("counts errors that are not frontdesk's as rejected", function()
    local summary = assert(run(rows("A", "B"), { concurrency = 1 }, function(_, key)
      return nil, key == "A" and "a text" or { reason = "a table" }
    end))
    assert.same({ rejected = 2 }, summary.failed)
  end)

  it("reports rows that cannot be read, and goes on", function()
    local source = assert(frontdesk.csv.parse "id,name\nA,Mai\nB\nC,Lan\n")
    local reported = {}
    local fn, calls = worker()
    local summary = assert(run(source, { on_error = function(err, row, key, line)
      reported[#reported + 1] = { err.kind, row, key, line }
    end }, fn))
    assert.same({ "A", "C" }, calls)
    assert.same({ invalid_input = 1 }, summary.failed)
    assert.same({ "invalid_input", nil, nil, 3 }, reported[1])
  end)

  it("refuses items without a key, and a key that came before", function()
    local fn, calls = worker()
    local reported = {}
    local source = { { id = "A" }, {}, { id = "" }, { id = true }, { id = ("k"):rep(1001) }, "text", { id = "A" } }
    local summary = assert(run(source, { on_error = function(err) reported[#reported + 1] = err.message end }, fn))
    assert.same({ "A" }, calls)
    assert.same({ invalid_input = 6 }, summary.failed)
    assert.equal("the item has no id, which is its key", reported[1])
    assert.is_truthy(reported[4]:find("1001 bytes", 1, true))
    assert.equal('the key "A" came before in this source', reported[6])
    -- and in the next run as well
    assert.same({ invalid_input = 6 }, assert(run(source, {}, fn)).failed)
  end)

  describe("whose items have an outcome that is not known", function()
    it("lists them, and does not repeat them", function()
      local summary = assert(run(rows("A", "B", "C"), {}, (worker { B = UNKNOWN })))
      assert.same({ "B" }, summary.unknown)
      assert.same({}, summary.failed)
      local fn, calls = worker()
      local again = assert(run(rows("A", "B", "C"), {}, fn))
      assert.same({}, calls)
      assert.same({ "B" }, again.unknown)
      assert.same({ "B" }, assert(open()):unknown())
    end)

    it("lists those of a run that died, also when the source no longer has them", function()
      local journal = assert(require("frontdesk.journal").open(path, "import"))
      assert(journal:add("started", "B"))
      assert(journal:add("started", "X"))
      journal:close()
      local fn, calls = worker()
      assert.same({ "B", "X" }, assert(run(rows("A", "B"), {}, fn)).unknown)
      assert.same({ "A" }, calls)
    end)

    it("has them settled in the next run: done, not done, or still not known", function()
      assert(run(rows("A", "B", "C", "D"), {}, (worker { A = UNKNOWN, B = UNKNOWN, C = UNKNOWN })))
      local verdicts = { A = true, B = false }
      local asked = {}
      local fn, calls = worker()
      local summary = assert(run(rows("A", "B", "C", "D"), { settle = function(row, key)
        asked[#asked + 1] = key .. row.id
        return verdicts[key]
      end }, fn))
      assert.same({ "AA", "BB", "CC", "CC", "CC", "CC" }, asked) -- who cannot tell is asked again later
      assert.same({ "B" }, calls)
      assert.equal(1, summary.settled)
      assert.equal(1, summary.done)
      assert.equal(1, summary.skipped)
      assert.same({ "C" }, summary.unknown)
      local job = assert(open())
      assert.is_true(job:is_done "A" and job:is_done "B" and job:is_done "D" and not job:is_done "C")
    end)

    it("has them settled in the same run, after a while", function()
      local tries = 0
      local summary = assert(run(rows("A", "B"), { settle = function() return false end }, function(_, key)
        if key == "A" then
          tries = tries + 1
          if tries == 1 then
            return nil, errors.new { kind = "timeout", message = "no answer", outcome = "unknown" }
          end
          assert.equal(1, time.slept[#time.slept - 1]) -- the last is how it gave way
        end
        return true
      end))
      assert.equal(2, tries)
      assert.equal(2, summary.done)
      assert.equal(1, summary.retried)
      assert.same({}, summary.unknown)
    end)

    it("knows none when doing an item twice is as good as once", function()
      local fn = worker { B = UNKNOWN }
      local summary = assert(run(rows("A", "B"), { idempotent = true }, fn))
      assert.same({ network = 1 }, summary.failed)
      assert.same({}, summary.unknown)
      local again, calls = worker()
      assert(run(rows("A", "B"), { idempotent = true }, again))
      assert.same({ "B" }, calls)
    end)
  end)

  it("tries again at the end what may pass, three times, and then lets it be", function()
    local tries = { A = 0, B = 0, C = 0 }
    local reported = {}
    local summary = assert(run(rows("A", "B", "C"), { on_error = function(_, _, key) reported[#reported + 1] = key end },
      function(_, key)
        tries[key] = tries[key] + 1
        if key == "A" or key == "B" and tries.B < 3 then
          return nil, errors.new { kind = "unavailable", message = "busy", status = 503 }
        elseif key == "C" then
          return nil, errors.new { kind = "conflict", message = "there", status = 409 }
        end
        return true
      end))
    assert.same({ A = 4, B = 3, C = 1 }, tries)
    assert.same({ "C", "A" }, reported)
    assert.equal(1, summary.done)
    assert.equal(5, summary.retried)
    assert.same({ unavailable = 1, conflict = 1 }, summary.failed)
  end)

  it("waits for a service that worked before and cannot be reached now", function()
    local tries, down = 0, nil
    local summary = assert(run(rows("A", "B", "C"), { concurrency = 1 }, function(_, key)
      tries = tries + 1
      if key ~= "A" then
        down = down or time.at + 60
        if time.at < down then
          return nil, errors.new { kind = "network", message = "connection refused", outcome = "not_sent", retry_after = 5 }
        end
      end
      return true
    end))
    assert.equal(3, summary.done)
    assert.equal(0, summary:failures())
    assert.is_true(tries >= 8 and tries <= 3 + 12, tries .. " tries")
    assert.equal(tries - 3, summary.retried)
    assert.is_true(summary.waited >= 60)
  end)

  it("waits no longer than two minutes, for the service or for one item", function()
    local refused = { kind = "network", message = "connection refused", outcome = "not_sent" }
    local summary, err = run(many(1000), { concurrency = 1 }, function(_, key)
      if key == "K1" then
        return true
      end
      return nil, errors.new { kind = refused.kind, message = refused.message, outcome = refused.outcome }
    end)
    assert.is_nil(summary)
    assert.equal("network", err.kind)
    assert.is_true(time.at < 1000 + 130)
    os.remove(path)
    local left = 0
    summary = assert(run(many(1000), { concurrency = 1 }, function(_, key)
      if key == "K2" then
        left = left + 1
        return nil, errors.new { kind = "rate_limited", message = "too many", status = 429 }
      end
      return true
    end))
    assert.equal(999, summary.done)
    assert.same({ rate_limited = 1 }, summary.failed)
  end)

  it("does not wait for a service that never worked", function()
    local summary, err = run(many(1000), { concurrency = 1 }, function()
      return nil, errors.new { kind = "network", message = "connection refused", outcome = "not_sent" }
    end)
    assert.is_nil(summary)
    assert.equal("network", err.kind)
    assert.is_true(time.at < 1001)
  end)

  it("ends at once when no credential is valid", function()
    local fn, calls = worker { B = { kind = "auth", outcome = "rejected" } }
    local summary, err, partial = run(many(1000), { concurrency = 1, key = function(row) return row.id == "K2" and "B" or row.id end }, fn)
    assert.is_nil(summary)
    assert.equal("auth", err.kind)
    assert.equal(2, #calls)
    assert.equal(1, partial.done)
    assert.equal(err, partial.stopped)
    assert.is_truthy(tostring(partial):find("\n  stopped: " .. tostring(err), 1, true))
  end)

  it("gives up when a hundred in a row find the service out of order", function()
    local calls = 0
    local summary, err, partial = run(many(1000), { concurrency = 1 }, function()
      calls = calls + 1
      if calls <= 50 then
        return true
      end
      return nil, errors.new { kind = "unavailable", message = "down", status = 503 }
    end)
    assert.is_nil(summary)
    assert.equal("unavailable", err.kind)
    assert.equal(150, calls)
    assert.same({ unavailable = 100 }, partial.failed)
  end)

  it("ends with an error that the function raises, after what is under way", function()
    time:restore()
    local finished = 0
    local job = assert(open())
    local ok, message = pcall(job.each, job, many(100), { key = "id", concurrency = 10, progress = false }, function(_, key)
      clock.sleep(0)
      if key == "K5" then
        error({ what = "mine" })
      end
      finished = finished + 1
      return true
    end)
    assert.is_false(ok)
    assert.same({ what = "mine" }, message)
    assert.equal(finished, job.summary.done)
    assert.is_true(finished < 20)
    assert.same({ "K5" }, job:unknown())
    job:close()
    local fn, calls = worker()
    assert.same({ "K5" }, assert(run(many(100), {}, fn)).unknown)
    assert.equal(99 - finished, #calls)
  end)

  it("knows of a raised error of frontdesk whether the item was done", function()
    local function raising(outcome)
      return function() error(errors.new { kind = "network", message = "no", outcome = outcome }) end
    end
    local job = assert(open())
    for _, case in ipairs { { "A", "not_sent" }, { "B", "unknown" }, { "C", "rejected" } } do
      assert.is_false(pcall(job.each, job, rows(case[1]), { key = "id", progress = false }, raising(case[2])))
    end
    assert.same({ "B" }, job:unknown())
  end)

  for _, where in ipairs { "key", "settle", "on_error" } do
    it("ends with an error that " .. where .. " raises, and can be run again", function()
      assert(run(rows("A"), {}, (worker { A = UNKNOWN })))
      local options = { key = "id", progress = false, concurrency = 1, [where] = function() error("mine", 0) end }
      local job = assert(open())
      local ok, message = pcall(job.each, job, rows("A", "B"), options, (worker { B = { kind = "conflict", outcome = "rejected" } }))
      assert.is_false(ok)
      assert.equal("mine", message)
      local summary = assert(job:each(rows("B"), { key = "id", progress = false }, (worker())))
      assert.equal(1, summary.done)
    end)
  end

  it("ends with Ctrl-C, with what was done on record", function()
    time:restore()
    local job = assert(open())
    local ok, message = pcall(job.each, job, many(100), { key = "id", concurrency = 4, progress = false }, function(_, key)
      clock.sleep(0)
      if key == "K10" then
        error("script.lua:1: interrupted!", 0)
      end
      return true
    end)
    assert.is_false(ok)
    assert.equal("script.lua:1: interrupted!", message)
    job:close()
    local fn, calls = worker()
    local summary = assert(run(many(100), {}, fn))
    assert.equal(100, summary.done + summary.skipped + #summary.unknown)
    assert.equal(#calls, summary.done)
    assert.is_true(summary.skipped >= 5 and #summary.unknown >= 1 and #summary.unknown <= 4)
  end)

  it("stops when its task is cancelled", function()
    time:restore()
    local begun, summary, err = 0, nil, nil
    frontdesk.run(function()
      local task = frontdesk.spawn(function()
        summary, err = assert(open()):each(many(1000), { key = "id", concurrency = 2, progress = false }, function()
          begun = begun + 1
          return clock.sleep(0.001) or nil, errors.new { kind = "cancelled", message = "given up" }
        end)
      end)
      while begun < 10 do
        clock.sleep(0)
      end
      task:cancel()
    end)
    assert.is_nil(summary)
    assert.equal("cancelled", err.kind)
    assert.is_true(begun < 20)
  end)

  it("raises when the function gives nothing, which says neither yes nor no", function()
    local job = assert(open())
    assert.has_error(function()
      job:each(rows("A", "B"), { key = "id", concurrency = 1, progress = false }, function() end)
    end, "the function of a job must give a value, or nil and an error; it gave nothing")
    assert.same({ "A" }, job:unknown())
  end)

  it("stops when the journal cannot be written", function()
    local job = assert(open())
    local file = job.journal.file
    local calls = 0
    job.journal.file = setmetatable({
      append = function(_, text)
        if calls == 3 then
          return nil, "the disk is full"
        end
        return file:append(text)
      end,
      size = function() return file:size() end,
      sync = function() return file:sync() end,
      close = function() return file:close() end,
    }, {})
    local summary, err, partial = job:each(many(10), { key = "id", concurrency = 1, progress = false }, function()
      calls = calls + 1
      return true
    end)
    assert.is_nil(summary)
    assert.equal("unavailable", err.kind)
    assert.is_truthy(err.message:find("cannot be written: the disk is full", 1, true))
    assert.equal(3, calls)
    assert.equal(2, partial.done) -- the third was done, but its record could not be written
    job:close()
    assert.same({ "K3" }, assert(open()):unknown())
  end)

  it("is refused while it runs elsewhere", function()
    assert(open())
    local second, err = open()
    assert.is_nil(second)
    assert.equal("conflict", err.kind)
  end)

  it("keeps its journal apart from other jobs'", function()
    assert(open()):close()
    local other, err = frontdesk.job("export", { journal = path })
    assert.is_nil(other)
    assert.equal("invalid_input", err.kind)
  end)

  it("steps a progress display for each item, and finishes it", function()
    local steps, finished = {}, false
    local bar = {
      step = function(_, word) steps[word or "done"] = (steps[word or "done"] or 0) + 1 end,
      finish = function() finished = true end,
      clear = function() end,
    }
    assert(run(rows("A"), {}, (worker())))
    assert(run(rows("A", "B", "C", "D"), { progress = bar }, (worker { C = UNKNOWN, D = { kind = "conflict", outcome = "rejected" } })))
    assert.same({ skipped = 1, done = 1, unknown = 1, failed = 1 }, steps)
    assert.is_true(finished)
  end)

  it("says what was done when an error ends it, unless it is to be silent", function()
    local last
    local bar = { step = function() end, clear = function() end, finish = function(_, text) last = text end }
    local job = assert(open())
    local options = { key = "id", concurrency = 1, progress = bar }
    assert.is_false(pcall(job.each, job, rows("A", "B"), options, function(_, key)
      return key == "A" or error("mine", 0)
    end))
    assert.matches("^import: 2 items in 0%.0 s\n  done     1\n  unknown  1  B$", last)
    assert(job:each(rows("A"), options, (worker())))
    assert.is_nil(last)
  end)

  it("sums up in a block that can be read", function()
    local job = assert(open())
    function job.journal:sync() -- 1500 waits for the disk would show nothing here
      self.synced = self.added
      return true
    end
    local summary = job:each(many(1500), { key = "id", progress = false, concurrency = 1 }, function(_, key)
      time:advance(0.01)
      local number = tonumber(key:match "%d+")
      if number <= 6 then
        return nil, errors.new { kind = "network", message = "cut", outcome = "unknown" }
      elseif number % 100 == 0 then
        return nil, errors.new { kind = number % 200 == 0 and "conflict" or "invalid_input", message = "no", status = 400 }
      end
      return true
    end)
    assert.equal(table.concat({
      "import: 1,500 items in 15 s",
      "  done     1,479",
      "  failed      15  invalid_input 8, conflict 7",
      "  unknown      6  K1, K2, K3, K4, K5, ...",
    }, "\n"), tostring(summary))
    assert.matches("^frontdesk%.job: import, journal /", tostring(job))
  end)

  it("raises for misuse, at the caller's line", function()
    local job = assert(open())
    local function complains(pattern, fn)
      local ok, message = pcall(fn)
      assert.is_false(ok)
      assert.matches("job_spec%.lua:%d+: ", message)
      assert.matches(pattern, message)
    end
    local function fn() return true end
    complains("name of at most 200 bytes", function() frontdesk.job("", { journal = path }) end)
    complains("takes a table of options", function() return (frontdesk.job("import")) end)
    complains("the option journal is missing", function() return (frontdesk.job("import", {})) end)
    complains('"jurnal" is not an option.*journal', function() return (frontdesk.job("import", { jurnal = path })) end)
    complains('sync must be "batch" or "each"', function() return (frontdesk.job("import", { journal = path, sync = "never" })) end)
    complains("the option key is missing", function() job:each({}, {}, fn) end)
    complains("key must be a string or a function", function() job:each({}, { key = 1 }, fn) end)
    complains("list or an iterator %(got a nil%)", function() job:each(nil, { key = "id" }, fn) end)
    complains("and a function %(got a nil%)", function() job:each({}, { key = "id" }) end)
    complains("running already", function()
      job:each(rows("A"), { key = "id", progress = false }, function()
        job:each(rows("B"), { key = "id" }, fn)
        return true
      end)
    end)
  end)
end)
