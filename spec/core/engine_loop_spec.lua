-- Many transfers, foreign loops, and how things end.
local core = require "frontdesk.core"
local httpd = require "support.httpd"
local process = require "support.process"
local raw_server = require "support.raw_server"
local socket = require "socket"

local PAGES = [[
  location / { return 200 "hello"; }
  location /slow { content_by_lua_block { ngx.sleep(0.1) ngx.print("slow") } }
  location /short { keepalive_timeout 0; return 200 "bye"; }
]]

describe("an engine", function()
  local server, engine

  setup(function()
    server = httpd.start({ lua = true, server = PAGES })
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    engine = core.engine()
  end)

  after_each(function()
    engine:close()
  end)

  local function submit(path)
    return assert(engine:submit({ url = server.url .. path }))
  end

  local function readable(seconds)
    local fd = engine:fd()
    local ready = socket.select({ {
      getfd = function()
        return fd
      end,
    } }, nil, seconds)
    return #ready > 0
  end

  it("has many requests in flight at once", function()
    for _ = 1, 100 do
      submit("/slow")
    end
    assert.equal(100, engine:in_flight())
    local started, count = core.now(), 0
    while count < 100 do
      engine:wait()
      local transfer = engine:completed()
      while transfer do
        assert.is_nil(transfer:failure())
        assert.equal("slow", transfer:body())
        count = count + 1
        transfer = engine:completed()
      end
    end
    assert.is_true(core.now() - started < 3)
    assert.equal(0, engine:in_flight())
  end)

  it("gives back the very object that was submitted", function()
    local transfer = submit("/")
    engine:wait(5)
    assert.equal(transfer, engine:completed())
    assert.is_nil(engine:completed())
  end)

  it("works on the others while it performs one", function()
    local slow, quick = submit("/slow"), submit("/")
    assert.is_true(engine:perform(slow))
    assert.is_true(quick:done())
    assert.equal(quick, engine:completed())
    assert.is_nil(engine:completed())
    assert.is_true(engine:perform(quick))
  end)

  it("takes what is performed out of the queue", function()
    local transfer = submit("/")
    engine:wait(5)
    engine:perform(transfer)
    assert.is_nil(engine:completed())
  end)

  it("waits as long as told, with work and without, and not without end when there is none", function()
    local started = core.now()
    assert.equal(0, engine:wait(0.02))
    assert.is_true(core.now() - started >= 0.02)
    assert.equal(0, engine:wait())
    submit("/slow")
    started = core.now()
    assert.equal(0, engine:wait(0.02))
    assert.is_true(core.now() - started >= 0.02)
  end)

  it("keeps a transfer that nobody holds until it is taken", function()
    submit("/slow")
    collectgarbage()
    collectgarbage()
    assert.equal(1, engine:wait(5))
    local transfer = engine:completed()
    assert.equal("slow", transfer:body())
  end)

  it("lets go of what was taken", function()
    local weak = setmetatable({ submit("/") }, { __mode = "v" })
    engine:wait(5)
    engine:completed()
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
  end)

  it("gives who awaits a transfer in its place, and keeps it until then", function()
    local names = {}
    for _, name in ipairs { "first", "second", "third" } do
      local waiter = { name = name, transfer = submit("/slow") }
      waiter.transfer:awaited_by({})
      waiter.transfer:awaited_by(waiter) -- the last one counts
    end
    local alone = submit("/")
    collectgarbage()
    collectgarbage()
    repeat
      engine:wait(5)
      local given = engine:completed()
      while given do
        if given ~= alone then
          assert.equal("slow", given.transfer:body())
          names[#names + 1] = given.name
        end
        given = engine:completed()
      end
    until engine:in_flight() == 0
    table.sort(names)
    assert.same({ "first", "second", "third" }, names)
    assert.equal("hello", alone:body())
  end)

  it("lets go of who awaited a transfer that was taken, performed or cancelled", function()
    local waiters = setmetatable({}, { __mode = "v" })
    local function awaited(path)
      local transfer = submit(path)
      waiters[#waiters + 1] = { transfer = transfer }
      transfer:awaited_by(waiters[#waiters])
      return transfer
    end
    awaited("/")
    engine:wait(5)
    engine:completed()
    engine:perform(awaited("/"))
    awaited("/slow"):cancel()
    collectgarbage()
    collectgarbage()
    assert.same({}, waiters)
    assert.is_nil(engine:completed())
  end)

  it("refuses to be awaited where nothing is in flight, and by what is no table", function()
    local transfer = submit("/")
    assert.error_matches(function() transfer:awaited_by() end, "table expected")
    engine:perform(transfer)
    assert.error_matches(function() transfer:awaited_by({}) end, "the transfer is not in flight")
    local cancelled = submit("/slow")
    cancelled:cancel()
    assert.error_matches(function() cancelled:awaited_by({}) end, "the transfer is not in flight")
  end)

  it("is readable for a foreign loop when there is work, and quiet when not", function()
    assert.is_false(readable(0))
    assert.is_nil(engine:timeout())
    local transfer = submit("/slow")
    assert.is_number(engine:timeout())
    local steps = 0
    while not transfer:done() do
      assert.is_true(readable(5))
      engine:step()
      steps = steps + 1
    end
    assert.equal("slow", transfer:body())
    repeat -- on a slow machine a timer of libcurl's may still be due
      engine:step()
      steps = steps + 1
    until not readable(0.05) or steps >= 20
    assert.is_true(steps < 20)
    assert.is_nil(engine:timeout())
  end)

  it("can be made readable, until the next step, for a loop to look again", function()
    engine:nudge()
    assert.is_true(readable(0))
    assert.is_true(readable(0))
    assert.equal(0, engine:step())
    assert.is_false(readable(0))
    local transfer = submit("/slow")
    engine:step()
    engine:nudge()
    assert.is_true(readable(0))
    while not transfer:done() do
      assert.is_true(readable(5))
      engine:step()
    end
    assert.equal("slow", transfer:body())
    assert.is_false(readable(0.05))
  end)

  it("keeps time for a foreign loop", function()
    local silent = raw_server.start([[ read_request() sleep(1) ]])
    local transfer = engine:submit({ url = silent.url, timeout = 0.1 })
    local started, steps = core.now(), 0
    while not transfer:done() do
      readable(5)
      engine:step()
      steps = steps + 1
    end
    silent:stop()
    assert.equal("timeout", transfer:failure().kind)
    assert.is_true(core.now() - started < 0.9)
    assert.is_true(steps < 20)
  end)

  it("is not kept busy by an idle connection that the server has closed", function()
    local closing = raw_server.start([[
      read_request() send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" sleep(0.05)
    ]])
    local function get()
      local transfer = engine:submit({ url = closing.url })
      engine:perform(transfer)
      assert.is_nil(transfer:failure())
      return transfer
    end
    get()
    local wakeups, deadline = 0, core.now() + 0.2
    while core.now() < deadline do
      if readable(deadline - core.now()) then
        wakeups = wakeups + 1
        engine:step()
      end
    end
    assert.is_true(wakeups <= 2)
    assert.is_false(get():reused())
    closing:stop()
  end)

  it("opens a connection anew after an answer that closes it", function()
    for _ = 1, 3 do
      local transfer = submit("/short")
      engine:perform(transfer)
      assert.equal("bye", transfer:body())
      assert.is_false(transfer:reused())
    end
  end)

  it("keeps to the limit of connections to one host", function()
    local narrow = core.engine({ max_host_connections = 1 })
    local transfers = {}
    for i = 1, 5 do
      transfers[i] = assert(narrow:submit({ url = server.url .. "/" }))
    end
    local fresh = 0
    for _, transfer in ipairs(transfers) do
      narrow:perform(transfer)
      fresh = fresh + (transfer:reused() and 0 or 1)
    end
    narrow:close()
    assert.equal(1, fresh)
  end)

  it("cancels a transfer in flight", function()
    local transfer = submit("/slow")
    engine:wait(0.02)
    transfer:cancel()
    assert.is_true(transfer:done())
    local failure = transfer:failure()
    assert.equal("cancelled", failure.kind)
    assert.equal("unknown", failure.outcome)
    assert.equal(0, engine:in_flight())
    assert.is_nil(engine:completed())
    transfer:cancel()
    local quick = submit("/")
    assert.is_true(engine:perform(quick))
    quick:cancel()
    assert.is_nil(quick:failure())
  end)

  it("knows that a transfer which never started has sent nothing", function()
    local transfer = submit("/")
    transfer:cancel()
    assert.equal("not_sent", transfer:failure().outcome)
  end)

  it("refuses to read what has not come", function()
    local transfer = submit("/slow")
    for _, method in ipairs({ "failure", "status", "body", "json", "headers", "timings", "release" }) do
      local ok, message = pcall(transfer[method], transfer)
      assert.is_false(ok)
      assert.matches("still in flight", message)
    end
    assert.equal("frontdesk.transfer: in flight", tostring(transfer))
    assert.equal("frontdesk.engine: 1 in flight", tostring(engine))
  end)

  it("refuses another engine's transfer", function()
    local other = core.engine()
    local transfer = submit("/")
    assert.has_error(function()
      other:perform(transfer)
    end)
    other:close()
  end)

  it("fails what is in flight when it is closed, and keeps what is done", function()
    local done, pending = submit("/"), submit("/slow")
    engine:perform(done)
    engine:close()
    engine:close()
    assert.is_true(engine:closed())
    assert.equal("hello", done:body())
    assert.equal("cancelled", pending:failure().kind)
    assert.equal("the engine was closed", pending:failure().message)
    local transfer, failure = engine:submit({ url = server.url })
    assert.is_nil(transfer)
    assert.equal("cancelled", failure.kind)
    assert.equal("frontdesk.engine: closed", tostring(engine))
    for _, method in ipairs({ "wait", "step", "fd", "nudge", "timeout", "completed", "in_flight" }) do
      local ok, message = pcall(engine[method], engine)
      assert.is_false(ok)
      assert.matches("the engine is closed", message)
    end
  end)

  it("refuses options that make no sense", function()
    assert.has_error(function()
      core.engine({ max_idle_connections = -1 })
    end)
    assert.has_error(function()
      core.engine({ max_host_connections = "many" })
    end)
  end)

  -- Runs a script in a Lua of its own; returns what it printed.
  local function run(script)
    local path = server.folder .. "/script.lua"
    local file = assert(io.open(path, "wb"))
    file:write(script)
    file:close()
    local lua = rawget(_G, "jit") and "luajit" or "lua5.4"
    return process.output(("LUA_PATH=%s LUA_CPATH=%s %s %s 2>&1; echo status $?"):format(
      process.quote(package.path), process.quote(package.cpath), lua, path
    ))
  end

  it("may be left open with transfers in flight when Lua ends", function()
    assert.equal("fine\nstatus 0", run(([[
      local core = require "frontdesk.core"
      local engine = core.engine()
      done = engine:submit{ url = "%s/" }
      engine:perform(done)
      pending = engine:submit{ url = "%s/slow" }
      engine:submit{ url = "%s/slow" }
      engine:wait(0.01)
      print "fine"
    ]]):gsub("%%s", server.url)))
  end)

  it("hands a signal to Lua", function()
    local silent = raw_server.start([[ read_request() sleep(5) ]])
    local text = run(([[
      local core = require "frontdesk.core"
      local engine = core.engine()
      local transfer = engine:submit{ url = "%s/" }
      os.execute "(sleep 0.2; kill -INT $PPID) &"
      local started = core.now()
      print(pcall(function()
        while not engine:perform(transfer) do print "interrupted" end
      end))
      print(core.now() - started < 3)
    ]]):format(silent.url))
    silent:stop()
    assert.matches("interrupted!", text, 1, true)
    assert.matches("true\nstatus 0$", text)
  end)

  if rawget(_G, "jit") then -- who can fork without a module
    it("gives up in a forked child, and goes on in the parent", function()
      local text = run(([[
        local ffi = require "ffi"
        ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
        local core = require "frontdesk.core"
        local engine = core.engine()
        local function get()
          local transfer = engine:submit{ url = "%s/" }
          engine:perform(transfer)
          return transfer
        end
        get()
        local pending = engine:submit{ url = "%s/slow" }
        engine:wait(0.02)
        local pid = ffi.C.fork()
        if pid == 0 then
          print(engine:perform(pending), pending:failure().kind, pending:failure().outcome)
          local transfer, failure = engine:submit{ url = "%s/" }
          print(transfer, failure.kind, failure.message:match "forked")
          print(engine:step(), engine:in_flight())
          engine:close()
          io.stdout:flush()
          ffi.C._exit(0)
        end
        ffi.C.waitpid(pid, nil, 0)
        engine:perform(pending)
        print(pending:body(), pending:failure(), get():reused())
      ]]):gsub("%%s", server.url))
      assert.equal(
        "true\tcancelled\tunknown\nnil\tcancelled\tforked\n0\t0\nslow\tnil\ttrue\nstatus 0",
        text
      )
    end)
  end
end)
