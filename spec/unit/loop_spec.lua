-- Hosts made of an event loop, over a loop and engines that are made up.
local cancellation = require "frontdesk.cancellation"
local fake_loop = require "support.fake_loop"
local hosts = require "frontdesk.host.loop"

describe("a host made of an event loop", function()
  local loop, host, engine

  before_each(function()
    loop = fake_loop.new()
    host = hosts.host(loop.adapter)
    engine = loop:engine()
  end)

  -- Starts a task that waits for a transfer of its own.
  local function task(list, name, on)
    local transfer = (on or engine):submit()
    loop:spawn(function()
      host.wait(on or engine, transfer, 30)
      list[#list + 1] = name
    end)
    return transfer
  end

  it("lets each task go on when its own transfer is done", function()
    local list = {}
    local first, second = task(list, "first"), task(list, "second")
    loop:run()
    assert.same({}, list)
    second.finish()
    loop:run()
    assert.same({ "second" }, list)
    first.finish()
    loop:run()
    assert.same({ "second", "first" }, list)
  end)

  it("watches an engine once, and no longer than something is in flight", function()
    local list = {}
    local first, second = task(list, 1), task(list, 2)
    loop:run()
    assert.equal(1, #loop.watchers)
    first.finish()
    loop:run()
    assert.equal(1, #loop.watchers)
    second.finish()
    loop:run()
    assert.equal(0, #loop.watchers)
  end)

  it("watches again for the next call", function()
    local list = {}
    for i = 1, 3 do
      local transfer = task(list, i)
      loop:run()
      assert.equal(1, #loop.watchers)
      transfer.finish()
      loop:run()
      assert.equal(0, #loop.watchers)
    end
    assert.same({ 1, 2, 3 }, list)
  end)

  it("does not wait for what is done already", function()
    local transfer = engine:submit()
    transfer.finish()
    engine:step()
    local done = false
    loop:spawn(function()
      host.wait(engine, transfer, 30)
      done = true
    end)
    loop:run()
    assert.is_true(done)
    assert.equal(0, #loop.watchers)
  end)

  it("misses no transfer that ends while it begins to watch", function()
    local watch = loop.adapter.watch
    loop.adapter.watch = function(fd, on_ready) -- as loops do that try before they wait
      if on_ready() then
        watch(fd, on_ready)
      end
    end
    local list = {}
    task(list, "done").finish()
    loop:run()
    assert.same({ "done" }, list)
    assert.equal(0, #loop.watchers)
  end)

  it("drives several engines", function()
    local other, list = loop:engine(), {}
    local here, there = task(list, "here"), task(list, "there", other)
    loop:run()
    assert.equal(2, #loop.watchers)
    there.finish()
    loop:run()
    assert.same({ "there" }, list)
    assert.equal(1, #loop.watchers)
    here.finish()
    loop:run()
    assert.same({ "there", "here" }, list)
  end)

  it("blocks outside of tasks, and those whose transfers ended meanwhile go on", function()
    local list = {}
    local waiting = task(list, "waiting")
    loop:run()
    waiting.finish()
    local transfer = engine:submit()
    host.wait(engine, transfer, 30)
    assert.is_true(transfer.done())
    assert.same({}, list)
    loop:run()
    assert.same({ "waiting" }, list)
    assert.equal(0, #loop.watchers)
  end)

  it("lets the loop end when a call outside of tasks has ended the last transfer", function()
    local list = {}
    local waiting = task(list, "waiting")
    loop:run()
    waiting.cancel() -- and nobody is told
    host.wait(engine, engine:submit(), 30)
    loop:run()
    assert.equal(0, #loop.watchers)
  end)

  it("keeps an error in one task from the others", function()
    local list = {}
    local bad = engine:submit()
    loop:spawn(function()
      host.wait(engine, bad, 30)
      error("broken", 0)
    end)
    local good = task(list, "good")
    loop:run()
    bad.finish()
    good.finish()
    loop:run()
    assert.same({ "broken" }, loop.errors)
    assert.same({ "good" }, list)
    assert.equal(0, #loop.watchers)
  end)

  it("tells all others even when an adapter's wake raises", function()
    local ticket, raised = loop.adapter.ticket, false
    loop.adapter.ticket = function()
      local inner = ticket()
      return {
        wait = inner.wait,
        wake = function()
          inner.wake()
          if not raised then
            raised = true
            error("from the task", 0)
          end
        end,
      }
    end
    local list = {}
    local first, second = task(list, 1), task(list, 2)
    loop:run()
    first.finish()
    second.finish()
    assert.has_error(function() loop:run() end, "from the task")
    loop:run()
    assert.same({ 1, 2 }, list)
    assert.equal(0, #loop.watchers)
  end)

  it("gives its tasks' calls up when they are cancelled, and stops watching", function()
    local state, transfer, went_on
    loop:spawn(function()
      host.spawner()(function()
        state = cancellation.current()
        transfer = engine:submit()
        host.wait(engine, transfer, 30)
        went_on = true
      end)
    end)
    loop:run()
    assert.equal(1, #loop.watchers)
    cancellation.cancel(state)
    loop:run()
    assert.is_true(went_on)
    assert.is_true(transfer.is_cancelled)
    assert.equal(0, #loop.watchers)
  end)

  it("has each of several loops watch for its own tasks", function()
    local current, list = "one", {}
    local loops = { one = {}, two = {} }
    loop.adapter.loop = function() return loops[current] end
    local first = task(list, "first")
    loop:run()
    current = "two"
    local second = task(list, "second")
    loop:run()
    assert.equal(2, #loop.watchers)
    first.finish()
    second.finish()
    loop:run()
    table.sort(list)
    assert.same({ "first", "second" }, list)
    assert.equal(0, #loop.watchers)
  end)

  it("goes on in another loop when the first was dropped with calls in flight", function()
    local current = {}
    loop.adapter.loop = function() return current end
    local list = {}
    task(list, "lost")
    loop:run()
    loop.watchers, current = {}, {} -- nobody polls for the first any more
    local transfer = task(list, "found")
    loop:run()
    transfer.finish()
    loop:run()
    assert.same({ "found" }, list)
  end)

  it("takes what its adapter says for whether a task is running", function()
    loop.adapter.loop = function() return nil end
    local done = false
    coroutine.wrap(function()
      host.wait(engine, engine:submit(), 30)
      done = true
    end)()
    assert.is_true(done)
    assert.equal(0, #loop.watchers)
  end)

  it("has tickets that may be woken before they wait", function()
    local woken
    loop:spawn(function()
      local ticket = host.ticket()
      ticket:wake()
      woken = ticket:wait()
      ticket:wake()
    end)
    loop:run()
    assert.is_true(woken)
    assert.same({}, loop.errors)
  end)
end)

describe("frontdesk.use", function()
  local frontdesk = require "frontdesk"

  it("says which event loops it knows", function()
    local ok, message = pcall(frontdesk.use, "cqueue")
    assert.is_false(ok)
    assert.matches('frontdesk.use knows no event loop "cqueue" %(did you mean "cqueues"%?%)', message)
    assert.is_false(pcall(frontdesk.use, "plain"))
  end)

  it("says what an adapter has", function()
    local ok, message = pcall(frontdesk.use, { watch = print })
    assert.is_false(ok)
    assert.matches("watch, ticket and spawn", message)
    assert.is_false(pcall(frontdesk.use))
  end)

  it("has no place in nginx", function()
    _G.ngx = { get_phase = function() return "content" end }
    local ok, message = pcall(frontdesk.use, "luv")
    _G.ngx = nil
    assert.is_false(ok)
    assert.matches("has no place in nginx", message)
  end)
end)
