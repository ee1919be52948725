-- Tokens in memory, with tasks that give way to each other by hand.
local cancellation = require "frontdesk.cancellation"
local core = require "frontdesk.core"
local errors = require "frontdesk.errors"
local fake_loop = require "support.fake_loop"
local memory = require "frontdesk.tokens.memory"
local tokens = require "frontdesk.tokens"

describe("tokens", function()
  local loop, store, logins, got, now, saved

  before_each(function()
    saved = { now = core.now, wall = core.wall }
    now = 100
    core.now = function() return now end
    core.wall = function() return 1760000000 + now end
    loop = fake_loop.new()
    store = memory.new(function()
      local running, is_main = coroutine.running()
      return running and not is_main and loop.adapter.ticket() or nil
    end)
    logins, got = {}, {}
  end)

  after_each(function()
    core.now, core.wall = saved.now, saved.wall
  end)

  -- A login that waits until it is answered.
  local function log_in()
    local ticket = loop.adapter.ticket()
    local login = {}
    function login.answer(token, extra)
      login.token, login.extra = token, extra
      ticket.wake()
      loop:run()
    end
    logins[#logins + 1] = login
    ticket.wait()
    return login.token, login.extra
  end

  -- Starts a task that wants the token.
  local function want(name, seconds, key)
    loop:spawn(function()
      local token, err = tokens.obtain(store, key or "mai", now + (seconds or 30), log_in)
      got[name] = token or err
    end)
    loop:run()
  end

  it("are fetched by another when the task that logged in was collected", function()
    do
      local task = coroutine.create(function() tokens.obtain(store, "mai", now + 30, coroutine.yield) end)
      assert(coroutine.resume(task))
    end
    want("waits")
    assert.equal(0, #logins) -- the first one is still there
    collectgarbage()
    collectgarbage()
    want("takes over")
    assert.equal(1, #logins)
    logins[1].answer("token-1", 3600)
    assert.equal("token-1", got["takes over"])
    assert.equal("token-1", got.waits)
  end)

  it("are fetched once, however many tasks want one", function()
    for i = 1, 200 do
      want(i)
    end
    assert.equal(1, #logins)
    assert.same({}, got)
    logins[1].answer("token-1", 3600)
    for i = 1, 200 do
      assert.equal("token-1", got[i])
    end
    want "late"
    assert.equal("token-1", got.late)
    assert.equal(1, #logins)
  end)

  it("are fetched for each key by itself", function()
    want("mai", 30, "mai")
    want("lan", 30, "lan")
    assert.equal(2, #logins)
    logins[2].answer("token-lan")
    assert.equal("token-lan", got.lan)
    assert.is_nil(got.mai)
  end)

  it("that cannot be had are an error for all who waited, and for nobody later", function()
    for i = 1, 5 do
      want(i)
    end
    local refusal = errors.new { kind = "auth", message = "wrong password" }
    now = 100.5
    logins[1].answer(nil, refusal)
    for i = 1, 5 do
      assert.equal(refusal, got[i])
    end
    assert.equal(1, #logins)
    now = 100.6
    want "later"
    assert.equal(2, #logins)
    logins[2].answer "token-2"
    assert.equal("token-2", got.later)
  end)

  it("are fetched by the next when a login ended for reasons of its caller only", function()
    want("hasty", 1)
    want("cancelled", 30)
    want("patient", 30)
    logins[1].answer(nil, errors.new { kind = "timeout", message = "given up" })
    logins[2].answer(nil, errors.new { kind = "cancelled", message = "given up" })
    assert.equal("timeout", got.hasty.kind)
    assert.equal("cancelled", got.cancelled.kind)
    assert.is_nil(got.patient)
    logins[3].answer "token-3"
    assert.equal("token-3", got.patient)
  end)

  it("whose login raises are fetched by the next", function()
    local failure
    loop:spawn(function()
      failure = select(2, pcall(tokens.obtain, store, "mai", now + 30, function() error("misused", 0) end))
    end)
    loop:run()
    assert.equal("misused", failure)
    want "next"
    assert.equal(1, #logins)
  end)

  it("are not waited for past the deadline", function()
    want("holder", 30)
    local answer
    loop:spawn(function()
      store.ticket = function() -- time passes while it waits
        return { wait = function(_, seconds) now = now + seconds end, wake = function() end }
      end
      local _, err = tokens.obtain(store, "mai", now + 2, log_in)
      answer = err
    end)
    loop:run()
    assert.equal("timeout", answer.kind)
    assert.equal(102, now)
    assert.equal(1, #logins)
  end)

  it("are fetched by another when who was logging in is gone without a word", function()
    want("gone", 5)
    now = 105
    want("next", 30)
    assert.equal(2, #logins)
    logins[2].answer "token-2"
    assert.equal("token-2", got.next)
  end)

  it("are waited for no longer than who logs in may take", function()
    want("gone", 5)
    local waits = {}
    store.ticket = function()
      return { wait = function(_, seconds) waits[#waits + 1] = seconds now = now + seconds end, wake = function() end }
    end
    want("next", 30)
    assert.same({ 5 }, waits)
    assert.equal(2, #logins)
  end)

  it("are fetched apart by a caller that cannot wait", function()
    want "task"
    assert.equal("token-main", tokens.obtain(store, "mai", now + 30, function() return "token-main" end))
    local nothing, err = tokens.obtain(memory.new(function() end), "mai", now + 30, function() return nil, "no" end)
    assert.is_nil(nothing)
    assert.equal("no", err)
    logins[1].answer "token-task"
    assert.equal("token-task", got.task)
  end)

  it("are not waited for by a task that is cancelled", function()
    want "holder"
    local state, err
    loop:spawn(function()
      state = cancellation.enter()
      err = select(2, tokens.obtain(store, "mai", now + 30, log_in))
    end)
    loop:run()
    assert.is_nil(err)
    cancellation.cancel(state)
    loop:run()
    assert.equal("cancelled", err.kind)
    assert.equal(1, #logins)
  end)

  it("are good for as long as their service says", function()
    want "first"
    logins[1].answer("token-1", 60)
    now = 159
    assert.equal("token-1", store:get "mai")
    now = 160
    assert.is_nil(store:get "mai")
    want "second"
    assert.equal(2, #logins)
  end)

  it("stay when a late refusal is of one that was replaced", function()
    store:put("mai", "old")
    store:drop("mai", "old")
    assert.is_nil(store:get "mai")
    store:put("mai", "new")
    store:drop("mai", "old")
    assert.equal("new", store:get "mai")
  end)
end)
