local fake_clock = require "support.fake_clock"
local fake_dict = require "support.fake_dict"
local fake_tasks = require "support.fake_tasks"
local limits = require "frontdesk.limits"
local memory = require "frontdesk.limits.memory"
local shared = require "frontdesk.limits.shared"

local ORIGIN = "https://acme.example:443"
local TOO_MANY = { kind = "rate_limited", status = 429 }

local time, tasks, store

local function set_up(options)
  time = fake_clock.install()
  tasks = fake_tasks.new(time, options)
  store = memory.new()
end

local function limiter_with(options)
  options.key = options.key or "acme default"
  options.origin = options.origin or ORIGIN
  options.store = options.store or store
  options.ticket = tasks.ticket
  return limits.new(options)
end

-- Starts a task that makes a call of some seconds; `log` gets the time at which it went, or its failure.
local function start_call(limiter, log, name, seconds, result, patience)
  return tasks:spawn(function()
    local place, failure = limiter:enter(time.at + (patience or 30))
    log[#log + 1] = { name = name, at = time.at - 1000, failure = failure }
    if place then
      tasks:sleep(seconds or 0)
      limiter:leave(place, result)
    end
  end)
end

local function names(log)
  local list = {}
  for i, entry in ipairs(log) do
    list[i] = entry.failure and entry.name .. ":" .. entry.failure.kind or entry.name
  end
  return table.concat(list, " ")
end

local function times(log)
  local list = {}
  for i, entry in ipairs(log) do
    list[i] = ("%.2f"):format(entry.at)
  end
  return table.concat(list, " ")
end

-- A call on its own, which ends at once; nil and the failure when it may not go.
local function call(limiter, result, patience)
  local place, failure = limiter:enter(time.at + (patience or 30))
  if not place then
    return nil, failure
  end
  limiter:leave(place, result)
  return true
end

-- The hosts' tickets differ in when a task that is woken goes on.
for how, options in pairs { ["later"] = {}, ["at once"] = { eager = true } } do
  describe("where a task that is woken goes on " .. how .. ", a limiter", function()
    before_each(function() set_up(options) end)
    after_each(function() time:restore() end)

    it("lets calls go that nothing keeps", function()
      local limiter, log = limiter_with {}, {}
      for i = 1, 256 do
        start_call(limiter, log, tostring(i), 1)
      end
      tasks:run(1000.5)
      assert.equal(256, #log)
      assert.equal(0, limiter:waited())
    end)

    it("lets no more be in flight than it is told, and the others in their order", function()
      local limiter, log = limiter_with { max_in_flight = 2 }, {}
      for _, name in ipairs { "a", "b", "c", "d", "e" } do
        start_call(limiter, log, name, 1)
      end
      tasks:run()
      assert.equal("a b c d e", names(log))
      assert.equal("0.00 0.00 1.00 1.00 2.00", times(log))
    end)

    it("lets no call overtake those that wait", function()
      local limiter, log = limiter_with { max_in_flight = 1 }, {}
      for _, name in ipairs { "a", "b", "c" } do
        start_call(limiter, log, name, 1)
      end
      tasks:spawn(function()
        tasks:sleep(0.999)
        tasks:sleep(0.001) -- the moment at which a place is free
        start_call(limiter, log, "late", 1)
      end)
      tasks:run()
      assert.equal("a b c late", names(log))
    end)

    it("spaces calls by the rate", function()
      local limiter, log = limiter_with { rate = 2 }, {}
      for i = 1, 5 do
        start_call(limiter, log, tostring(i), 3)
      end
      tasks:run()
      assert.equal("1 2 3 4 5", names(log))
      assert.equal("0.00 0.50 1.00 1.50 2.00", times(log))
      assert.is_true(math.abs(limiter:waited() - 2) < 1e-6)
    end)

    it("gives no credit for more than a burst after a rest", function()
      local limiter, log = limiter_with { rate = 2, burst = 3 }, {}
      time:advance(1000)
      for i = 1, 5 do
        start_call(limiter, log, tostring(i))
      end
      tasks:run()
      assert.equal("1000.00 1000.00 1000.00 1000.50 1001.00", times(log))
    end)

    it("keeps the rate over a long run", function()
      local limiter, log = limiter_with { rate = 250 }, {}
      for i = 1, 1000 do
        start_call(limiter, log, tostring(i), 0.01, nil, 60)
      end
      tasks:run()
      assert.equal(1000, #log)
      assert.equal("3.90", ("%.2f"):format(log[1000].at)) -- 25 at once, then one every 4 ms
      assert.is_nil(log[1000].failure)
    end)

    it("takes those out of the line that are cancelled", function()
      local limiter, log = limiter_with { max_in_flight = 1 }, {}
      start_call(limiter, log, "a", 1)
      local waiting = start_call(limiter, log, "b", 1)
      start_call(limiter, log, "c", 1)
      tasks:spawn(function()
        tasks:sleep(0.5)
        tasks:cancel(waiting)
      end)
      tasks:run()
      assert.equal("a b:cancelled c", names(log))
      assert.equal("0.00 0.50 1.00", times(log))
      assert.equal("not_sent", log[2].failure.outcome)
      assert.truthy(log[2].failure.message:find("after 0.5 seconds of waiting for one of the 1 calls in flight", 1, true))
    end)

    it("gives the booked moment of a cancelled call to the next", function()
      local limiter, log = limiter_with { rate = 1 }, {}
      start_call(limiter, log, "a")
      local waiting = start_call(limiter, log, "b")
      start_call(limiter, log, "c")
      tasks:spawn(function()
        tasks:sleep(0.5)
        tasks:cancel(waiting)
      end)
      tasks:run()
      assert.equal("a b:cancelled c", names(log))
      assert.equal("0.00 0.50 1.00", times(log))
    end)

    it("loses no place to a call that is cancelled in the moment it may go", function()
      local limiter, log = limiter_with { max_in_flight = 1 }, {}
      start_call(limiter, log, "a", 1)
      local waiting
      tasks:spawn(function()
        local place = limiter:enter(time.at + 30)
        tasks:sleep(1)
        limiter:leave(place)
        tasks:cancel(waiting)
      end)
      waiting = start_call(limiter, log, "b", 1)
      start_call(limiter, log, "c", 1)
      tasks:run()
      assert.truthy(names(log):find("c", 1, true))
      local place = assert(limiter:enter(time.at + 1))
      limiter:leave(place)
    end)

    it("lets nobody wait beyond the deadline, and says what was waited for", function()
      local limiter, log = limiter_with { max_in_flight = 1 }, {}
      start_call(limiter, log, "a", 10)
      start_call(limiter, log, "b", 1, nil, 2)
      start_call(limiter, log, "c", 1, nil, 3)
      start_call(limiter, log, "d", 1)
      tasks:run()
      assert.equal("a b:timeout c:timeout d", names(log))
      assert.equal("0.00 2.00 3.00 10.00", times(log))
      assert.equal("not_sent", log[2].failure.outcome)
      assert.equal("the deadline passed before the call was sent, after 2.0 seconds of waiting for "
        .. "one of the 1 calls in flight with this credential to end (max_in_flight)", log[2].failure.message)
    end)

    it("refuses at once what the rate lets go after its deadline only", function()
      local limiter, log = limiter_with { rate = 0.1 }, {}
      start_call(limiter, log, "a")
      start_call(limiter, log, "b", 0, nil, 2)
      start_call(limiter, log, "c")
      tasks:run()
      assert.equal("a b:timeout c", names(log))
      assert.equal("0.00 0.00 10.00", times(log))
      assert.equal("the call was not sent: it would have to wait 10.0 seconds for its turn at 0.1 requests a second (rate), "
        .. "longer than its deadline allows", log[2].failure.message)
      assert.equal(10, log[2].failure.retry_after)
    end)

    it("pauses every call of the credential when one meets 429", function()
      local limiter, other, log = limiter_with {}, limiter_with { key = "acme shop" }, {}
      local twin = limiter_with { max_in_flight = 5 } -- of another client with the same credential
      start_call(limiter, log, "a", 0, { kind = "rate_limited", status = 429, retry_after = 3 })
      tasks:run()
      start_call(limiter, log, "b")
      start_call(twin, log, "c")
      start_call(other, log, "other")
      tasks:run()
      assert.equal("a other", names { log[1], log[2] })
      assert.equal("0.00 0.00 3.00 3.00", times(log))
      assert.equal(3, limiter:waited() + twin:waited()) -- two that wait at once count once
      assert.equal(1, limiter:counters().pauses)
    end)

    it("pauses those too that wait already", function()
      local limiter, log = limiter_with { max_in_flight = 1 }, {}
      start_call(limiter, log, "a", 1, { kind = "rate_limited", status = 429, retry_after = 3 })
      start_call(limiter, log, "b")
      tasks:run()
      assert.equal("0.00 4.00", times(log))
      assert.equal(3, limiter:counters().waited)
      assert.equal(1, limiter:counters().queued)
    end)

    it("refuses at once all whose deadline is before the pause's end, wherever they stand", function()
      local limiter, log = limiter_with { max_in_flight = 1 }, {}
      start_call(limiter, log, "a", 1, { kind = "rate_limited", status = 429, retry_after = 20 })
      start_call(limiter, log, "patient", 0, nil, 60)
      start_call(limiter, log, "hasty", 0, nil, 5)
      tasks:run(1002)
      start_call(limiter, log, "late", 0, nil, 5)
      tasks:run()
      assert.equal("a hasty:rate_limited late:rate_limited patient", names(log))
      assert.equal("0.00 1.00 2.00 21.00", times(log))
      local failure = log[2].failure
      assert.equal("not_sent", failure.outcome)
      assert.equal(20, failure.retry_after)
      assert.equal("the call was not sent: it would have to wait 20.0 seconds for the end of the pause that the service "
        .. "asked for with status 429, longer than its deadline allows", failure.message)
    end)

    it("fails those that wait when the breaker opens", function()
      local limiter, log = limiter_with { max_in_flight = 1 }, {}
      for _ = 1, 9 do
        call(limiter, { kind = "network" })
      end
      start_call(limiter, log, "a", 1, { kind = "network" })
      start_call(limiter, log, "b")
      start_call(limiter, log, "c")
      tasks:run()
      assert.equal("a b:unavailable c:unavailable", names(log))
      assert.equal("0.00 1.00 1.00", times(log))
      assert.equal(1, limiter:counters().trips)
    end)

    it("serves a thousand that wait, one after the other ending at once", function()
      local limiter, log = limiter_with { max_in_flight = 1 }, {}
      start_call(limiter, log, "first", 1)
      for i = 1, 1000 do
        tasks:spawn(function()
          local place = assert(limiter:enter(time.at + 30))
          log[#log + 1] = { name = tostring(i), at = 1 }
          limiter:leave(place)
        end)
      end
      tasks:run()
      assert.equal(1001, #log)
      assert.equal("1000", log[1001].name)
    end)

    it("keeps to its numbers whatever comes", function()
      math.randomseed(7)
      local limiter, in_flight, most, gone = limiter_with { max_in_flight = 5, rate = 20, burst = 4 }, 0, 0, {}
      local ended, started = 0, {}
      for i = 1, 400 do
        started[i] = tasks:spawn(function()
          tasks:sleep(math.random() * 10)
          local place = limiter:enter(time.at + math.random() * 20)
          if place then
            gone[#gone + 1] = time.at
            in_flight = in_flight + 1
            most = math.max(most, in_flight)
            tasks:sleep(math.random())
            in_flight = in_flight - 1
            local dice = math.random(40)
            limiter:leave(place, dice == 1 and TOO_MANY or dice < 8 and { kind = "network" } or nil)
          end
          ended = ended + 1
        end)
      end
      tasks:spawn(function()
        for _ = 1, 50 do
          tasks:sleep(math.random() * 0.3)
          tasks:cancel(started[math.random(#started)])
        end
      end)
      tasks:run()
      assert.equal(400, ended)
      assert.equal(5, most)
      for i = 5, #gone do -- a burst of 4, then one every 50 ms
        assert.is_true(gone[i] - gone[i - 4] >= 0.05 - 1e-6)
      end
      assert.equal(0, limiter.line.taken)
      assert.equal(0, limiter.line.waiting)
      assert.is_nil(limiter.line.first)
    end)
  end)
end

describe("a limiter", function()
  before_each(function() set_up() end)
  after_each(function() time:restore() end)

  it("pauses longer and longer where the service does not say how long", function()
    local limiter = limiter_with {}
    for _, seconds in ipairs { 1, 2, 4, 8, 16, 30, 30 } do
      assert.is_true(call(limiter, TOO_MANY))
      local _, failure = call(limiter, nil, 0.5)
      assert.equal("rate_limited", failure.kind)
      assert.equal(seconds, failure.retry_after)
      time:advance(seconds)
    end
    assert.equal(7, limiter:counters().pauses)
  end)

  it("pauses shorter again after successes", function()
    local limiter = limiter_with {}
    local function pause()
      call(limiter, TOO_MANY)
      local _, failure = call(limiter, nil, 0.1)
      time:advance(failure.retry_after)
      return failure.retry_after
    end
    local function succeed(times_)
      for _ = 1, times_ do
        call(limiter)
      end
    end
    for _ = 1, 4 do
      pause()
    end
    succeed(10)
    assert.equal(8, pause())
    succeed(9)
    assert.equal(16, pause())
    succeed(100)
    assert.equal(1, pause())
  end)

  it("takes the 429s of calls that were sent before the pause for one", function()
    local limiter, places = limiter_with {}, {}
    for i = 1, 20 do
      places[i] = limiter:enter(time.at + 30)
    end
    for i = 1, 10 do
      limiter:leave(places[i], TOO_MANY)
    end
    time:advance(1.5) -- the pause is over when the others come
    for i = 11, 20 do
      limiter:leave(places[i], TOO_MANY)
    end
    assert.is_true(call(limiter, TOO_MANY))
    local _, failure = call(limiter, nil, 0.1)
    assert.equal(2, failure.retry_after)
    assert.equal(2, limiter:counters().pauses)
  end)

  it("makes a running pause longer when asked for more, never shorter", function()
    local limiter = limiter_with {}
    local first, second, third = limiter:enter(2000), limiter:enter(2000), limiter:enter(2000)
    limiter:leave(first, { kind = "rate_limited", retry_after = 5 })
    limiter:leave(second, { kind = "rate_limited", retry_after = 20 })
    limiter:leave(third, { kind = "rate_limited", retry_after = 1 })
    local _, failure = call(limiter, nil, 0.1)
    assert.equal(20, failure.retry_after)
  end)

  it("believes no hostile number", function()
    local nan = 0 / 0
    for _, pair in ipairs {
      { -1, 1 }, { 0, 1 }, { nan, 1 }, { "5", 1 }, { {}, 1 }, { -math.huge, 1 }, { math.huge, 600 }, { 1e99, 600 }, { 86400, 600 },
    } do
      local limiter = limiter_with { store = memory.new() }
      call(limiter, { kind = "rate_limited", retry_after = pair[1] })
      local _, failure = call(limiter, nil, 0.1)
      assert.equal(pair[2], failure.retry_after)
    end
  end)

  it("fails at once when the host is down, and lets one probe go", function()
    local limiter = limiter_with {}
    for _ = 1, 10 do
      assert.is_true(call(limiter, { kind = "timeout" }))
    end
    local _, failure = call(limiter)
    assert.equal("unavailable", failure.kind)
    assert.truthy(failure.message:find("https://acme.example:443 failed 10 times in a row", 1, true))
    time:advance(5)
    local probe = assert(limiter:enter(time.at + 30))
    _, failure = limiter:enter(time.at + 30)
    assert.truthy(failure.message:find("the next try is under way", 1, true))
    limiter:leave(probe)
    assert.is_true(call(limiter))
    assert.equal(1, limiter:counters().trips)
  end)

  it("breaks for the host, whatever the credential", function()
    local limiter, other = limiter_with {}, limiter_with { key = "acme shop" }
    for _ = 1, 10 do
      call(limiter, { kind = "network" })
    end
    assert.is_nil((call(other)))
    assert.is_true((call(limiter_with { origin = "https://other.example:443" })))
  end)

  it("pays a success into the retry quota", function()
    local limiter = limiter_with {}
    while limiter.quota:take "network" do end
    for _ = 1, 5 do
      call(limiter)
    end
    assert.is_true(limiter.quota:take "network")
  end)

  it("can do without a limit of calls in flight", function()
    local limiter = limiter_with { max_in_flight = false }
    for _ = 1, 1000 do
      assert.is_truthy(limiter:enter(time.at + 30))
    end
  end)

  it("takes a place back once only", function()
    local limiter = limiter_with { max_in_flight = 1 }
    local place = limiter:enter(time.at + 30)
    limiter:leave(place)
    limiter:leave(place)
    assert.equal(0, limiter.line.taken)
  end)

  it("sleeps where there are no tasks to wait with", function()
    local limiter = limits.new { key = "acme script", origin = ORIGIN, store = store, rate = 2, ticket = function() end }
    for _ = 1, 3 do
      assert.is_true(call(limiter))
    end
    assert.same({ 0.5, 0.5 }, time.slept)
  end)

  it("frees the places of calls that never come back, after their deadline", function()
    local limiter, log = limiter_with { max_in_flight = 2 }, {}
    limiter:enter(time.at + 10)
    limiter:enter(time.at + 12)
    start_call(limiter, log, "a", 0, nil, 60)
    tasks:run()
    assert.equal("a", names(log))
    assert.is_true(log[1].at > 15 and log[1].at <= 20)
  end)

  it("names no key in what it says", function()
    local limiter = limiter_with { key = "acme s3cret-key", max_in_flight = 1 }
    local place = limiter:enter(time.at + 30)
    local log = {}
    start_call(limiter, log, "a", 0, nil, 1)
    tasks:run()
    limiter:leave(place, TOO_MANY)
    local _, failure = call(limiter, nil, 0.1)
    assert.is_nil(log[1].failure.message:find("s3cret", 1, true))
    assert.is_nil(failure.message:find("s3cret", 1, true))
    assert.is_nil(tostring(limiter):find("s3cret", 1, true))
    assert.equal("frontdesk.limiter: https://acme.example:443", tostring(limiter))
  end)

  it("adds what it did to that of all", function()
    local before, limiter = limits.counters(), limiter_with {}
    call(limiter, TOO_MANY)
    assert.equal(before.pauses + 1, limits.counters().pauses)
  end)

  it("is refused numbers that make no sense", function()
    for _, options in ipairs {
      { rate = 0 }, { rate = -1 }, { rate = 0 / 0 }, { rate = math.huge }, { rate = "5" }, { rate = 1, burst = 0 },
      { max_in_flight = 0 }, { max_in_flight = "many" }, { max_in_flight = 0 / 0 },
    } do
      local ok, message = pcall(limiter_with, options)
      assert.is_false(ok)
      assert.truthy(message:find("must be a number from", 1, true))
    end
  end)

  it("uses one memory for all limiters of a script when no store is given", function()
    assert.equal(memory.common, limits.store())
  end)
end)

describe("where requests go without a word, a limiter", function()
  before_each(function() set_up { abandonable = true } end)
  after_each(function() time:restore() end)

  it("lets the next go when the first of the line is gone", function()
    local limiter, log = limiter_with { rate = 1 }, {}
    start_call(limiter, log, "a")
    local gone = start_call(limiter, log, "gone")
    start_call(limiter, log, "b")
    tasks:run(1000.5)
    tasks:abandon(gone)
    tasks:run()
    assert.equal("a b", names(log))
    assert.is_true(log[2].at <= 3)
  end)

  it("gives no place to one that is gone", function()
    local limiter, log = limiter_with { max_in_flight = 1 }, {}
    start_call(limiter, log, "a", 5)
    local gone = start_call(limiter, log, "gone")
    start_call(limiter, log, "b")
    tasks:run(1001)
    tasks:abandon(gone)
    tasks:run()
    assert.equal("a b", names(log))
    assert.equal("0.00 5.00", times(log))
  end)
end)

describe("the workers of an nginx", function()
  local dict, one, two

  before_each(function()
    set_up()
    dict = fake_dict.new()
    one, two = shared.new(dict, 2), shared.new(dict, 2)
  end)
  after_each(function() time:restore() end)

  it("share the rate", function()
    local log, limiters = {}, { limiter_with { store = one, rate = 4 }, limiter_with { store = two, rate = 4 } }
    for i = 1, 9 do
      start_call(limiters[i % 2 + 1], log, tostring(i))
    end
    tasks:run()
    assert.equal("0.00 0.25 0.50 0.75 1.00 1.25 1.50 1.75 2.00", times(log))
    time:advance(100)
    local again = {}
    for i = 1, 3 do
      start_call(limiters[i % 2 + 1], again, tostring(i))
    end
    tasks:run()
    assert.equal("102.00 102.25 102.50", times(again))
  end)

  it("share pauses", function()
    local first, second = limiter_with { store = one }, limiter_with { store = two }
    call(first, { kind = "rate_limited", retry_after = 7 })
    local _, failure = call(second, nil, 1)
    assert.equal(7, failure.retry_after)
    time:advance(7)
    assert.is_true(call(second))
  end)

  it("share the breaker and its one probe", function()
    local first, second = limiter_with { store = one }, limiter_with { store = two }
    for i = 1, 10 do
      call(i % 2 == 0 and first or second, { kind = "network" })
    end
    assert.is_nil((call(first)))
    assert.is_nil((call(second)))
    time:advance(5)
    local probe = assert(first:enter(time.at + 30))
    assert.is_nil((call(second)))
    first:leave(probe)
    assert.is_true(call(second))
  end)

  it("have each its part of the calls in flight, one at least", function()
    assert.equal(128, limiter_with { store = one }.most)
    assert.equal(1, limiter_with { store = one, max_in_flight = 1 }.most)
    assert.equal(math.huge, limiter_with { store = one, max_in_flight = false }.most)
  end)

  it("go on when the dictionary is full", function()
    dict.full = true
    local limiter = limiter_with { store = one, rate = 1 }
    for _ = 1, 20 do
      assert.is_true(call(limiter, TOO_MANY))
      assert.is_true(call(limiter, { kind = "network" }))
    end
    assert.is_true(limiter.quota:take "network")
  end)

  it("have one store for a dictionary", function()
    assert.equal(shared.of(dict, 2), shared.of(dict, 2))
  end)
end)

describe("the memory of limits", function()
  before_each(function() set_up() end)
  after_each(function() time:restore() end)

  it("does not grow with keys that nobody uses any more", function()
    for i = 1, 10000 do
      store:set("key" .. i, 1, 1)
      time:advance(0.1)
    end
    assert.is_true(store.count <= 200)
  end)

  it("forgets a credential's line with its last limiter", function()
    local limiter = limiter_with { key = "acme passing" }
    local line = setmetatable({ limiter.line }, { __mode = "v" })
    limiter = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_nil(line[1])
  end)
end)
