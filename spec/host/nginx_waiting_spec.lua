-- Calls that wait: the worker goes on meanwhile, and many wait at once.
local gateways = require "support.gateway"

-- A location whose calls wait until the upstream lets them go, one for each task, and some
-- to look at the worker with.
local SERVER = [[
  lua_check_client_abort on;
  location /hold { content_by_lua_block { require("app").answer "/hold" } }
  location /echo { content_by_lua_block { require("app").answer "/echo" } }
  location /narrow {
    content_by_lua_block {
      local app = require "app"
      app.narrow = app.narrow or app.new { token = "narrow", max_in_flight = 3 }
      app.answer("/hold", nil, app.narrow)
    }
  }
  location /late { content_by_lua_block { require("app").answer("/hold", { timeout = 0.2 }) } }
  location /plain { return 200 "plain"; }
  location /threads {
    content_by_lua_block {
      local app, threads = require "app", {}
      for i = 1, 5 do
        threads[i] = ngx.thread.spawn(app.call, "/hold")
      end
      for i = 1, 5 do
        local _, said = ngx.thread.wait(threads[i])
        ngx.say(said)
      end
    }
  }
  location /first {
    content_by_lua_block {
      local app = require "app"
      local slow = ngx.thread.spawn(app.call, "/hold")
      local quick = ngx.thread.spawn(app.call, "/echo")
      local _, said = ngx.thread.wait(slow, quick)
      ngx.thread.kill(slow)
      ngx.say(said)
    }
  }
  location /loop {
    content_by_lua_block {
      local app, threads = require "app", {}
      for i = 1, 20 do
        threads[i] = ngx.thread.spawn(function()
          for _ = 1, ngx.var.arg_calls / 20 do
            assert(app.call "/echo":find "^value")
          end
        end)
      end
      for i = 1, 20 do
        assert(ngx.thread.wait(threads[i]))
      end
      collectgarbage()
      collectgarbage()
      ngx.say(collectgarbage "count")
    }
  }
  location /turn {
    content_by_lua_block {
      local app, threads, steps = require "app", {}, 0
      local turn_ends = require("ngx.semaphore").new()
      local methods = getmetatable(require("frontdesk.transport").default().engine).__index
      local step = methods.step
      function methods.step(engine)
        steps = steps + 1
        return step(engine)
      end
      local watcher = ngx.thread.spawn(function()
        turn_ends:wait(10)
        return steps
      end)
      for i = 1, 40 do
        threads[i] = ngx.thread.spawn(app.call, "/hold")
      end
      local at_once = steps
      turn_ends:post() -- what is posted is looked at in order
      local _, in_all = ngx.thread.wait(watcher)
      methods.step = step
      for i = 1, 40 do
        assert(ngx.thread.wait(threads[i]))
      end
      ngx.print(at_once, " ", in_all)
    }
  }
  location /in_flight { content_by_lua_block { ngx.say(require("frontdesk.transport").default().engine:in_flight()) } }
  location /pinned {
    content_by_lua_block {
      local count = 0
      for _, value in pairs(debug.getfenv(require("frontdesk.transport").default().engine)) do
        count = count + (type(value) == "userdata" and 1 or 0)
      end
      ngx.say(count)
    }
  }
]]

describe("a worker of nginx whose calls wait", function()
  local gateway

  setup(function()
    gateway = gateways.start({ server = SERVER })
  end)

  teardown(function()
    gateway:stop()
  end)

  before_each(function()
    gateway:set("open=")
  end)

  local function ask(count, path)
    local list = {}
    for i = 1, count do
      list[i] = gateway:ask(path)
    end
    return list
  end

  local function held(count)
    gateway:eventually(count .. " requests that wait upstream", function()
      return gateway:upstream_count("waiting") == count
    end)
  end

  local function assert_released(texts, count)
    assert.equal(count, #texts)
    for _, text in ipairs(texts) do
      assert.matches("^value released", text)
    end
  end

  it("answers others", function()
    local list = ask(20, "/hold")
    held(20)
    for _ = 1, 10 do
      assert.equal("plain", (gateway:get("/plain")))
      assert.matches("^value HTTP/1.1", (gateway:get("/echo")))
    end
    assert.equal(20, gateway:upstream_count("waiting"))
    gateway:set("open=1")
    assert_released(gateway:gather(list), 20)
  end)

  it("has 200 in flight at once", function()
    local list = ask(200, "/hold")
    held(200)
    assert.equal(200, gateway:number("/in_flight"))
    gateway:set("open=1")
    assert_released(gateway:gather(list), 200)
    assert.equal(0, gateway:number("/in_flight"))
  end)

  it("has several in flight for one request", function()
    local list = ask(1, "/threads")
    held(5)
    gateway:set("open=1")
    local text = gateway:gather(list)[1]
    local _, count = text:gsub("value released", "")
    assert.equal(5, count)
  end)

  it("sends what is asked for in one turn together: eight at a time, and the rest at its end", function()
    gateway:get("/echo") -- for somebody who drives the engine
    local list = ask(1, "/turn")
    held(40)
    gateway:set("open=1")
    assert.equal("5 6", gateway:gather(list)[1]) -- the first is alone
  end)

  it("gives up the call of a thread that is killed", function()
    assert.matches("^value HTTP/1.1", (gateway:get("/first")))
    held(0)
    assert.equal(0, gateway:number("/in_flight"))
  end)

  it("gives up the call of a client that has gone", function()
    local aborted = gateway:upstream_count("aborted")
    local list = ask(3, "/hold")
    held(3)
    list[2]:cancel()
    held(2)
    assert.equal(aborted + 1, gateway:upstream_count("aborted"))
    assert.equal(2, gateway:number("/in_flight"))
    gateway:set("open=1")
    assert_released(gateway:gather({ list[1], list[3] }), 2)
    -- what served the one that is gone serves others
    assert_released(gateway:gather(ask(5, "/hold")), 5)
  end)

  it("gives the places of clients that have gone to others", function()
    local list = ask(3, "/narrow")
    held(3)
    local next_one = gateway:ask("/narrow")
    for _, transfer in ipairs(list) do
      transfer:cancel()
    end
    held(1) -- the next one, which had no place before
    gateway:set("open=1")
    assert_released(gateway:gather({ next_one }), 1)
  end)

  it("ends a call whose time is over, and only that", function()
    local list = ask(1, "/hold")
    held(1)
    assert.matches("^timeout: omicall.request: timeout: ", (gateway:get("/late")))
    held(1)
    gateway:set("open=1")
    assert_released(gateway:gather(list), 1)
  end)

  it("uses the connections of earlier requests", function()
    local first = gateway:get("/echo")
    for _ = 1, 10 do
      assert.equal(first, (gateway:get("/echo")))
    end
  end)

  it("keeps nothing of calls that are over", function()
    local before = gateway:number("/loop?calls=2000")
    local after = gateway:number("/loop?calls=20000")
    assert.is_true(after - before < 100, ("%.0f KiB more than before"):format(after - before))
    assert.equal(0, gateway:number("/in_flight"))
    assert.equal(1, gateway:number("/pinned")) -- the engine itself
  end)

  it("leaves nothing in nginx's error log, waiting or not", function()
    assert.equal("", gateway:complaints())
  end)
end)

describe("a worker of nginx with a service that speaks HTTP/2", function()
  it("has its calls share one connection", function()
    local gateway = gateways.start({ server = SERVER, upstream_tls = true })
    local first = gateway:get("/echo")
    assert.matches("^value HTTP/2.0 %d+$", first)
    local list = {}
    for i = 1, 50 do
      list[i] = gateway:ask("/hold")
    end
    gateway:eventually("50 requests that wait", function()
      return gateway:upstream_count("waiting") == 50
    end)
    gateway:set("open=1")
    for _, text in ipairs(gateway:gather(list)) do
      assert.equal(first, (text:gsub("released ", "")))
    end
    assert.equal("", gateway:complaints())
    gateway:stop()
  end)
end)
