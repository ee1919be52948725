-- What wakes a loop that cannot poll the engine's descriptor.
local core = require "frontdesk.core"
local httpd = require "support.httpd"
local process = require "support.process"
local socket = require "socket"
local unix = require "socket.unix"

describe("a notifier", function()
  local server, engine, folder

  setup(function()
    server = httpd.start({
      lua = true,
      server = [[
        location / { return 200 "hello"; }
        location /slow { content_by_lua_block { ngx.sleep(0.1) ngx.print("slow") } }
      ]],
    })
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    engine = core.engine()
    folder = process.folder()
  end)

  after_each(function()
    engine:close()
    os.execute("rm -rf " .. folder)
  end)

  local function connect(notifier)
    local connection = unix.stream()
    assert(connection:connect(notifier:path()))
    connection:settimeout(5)
    return connection
  end

  local function eventually(condition)
    local deadline = core.now() + 10
    while not condition() do
      assert.is_true(core.now() < deadline, "it did not come about")
      socket.sleep(0.002)
    end
  end

  -- What `stat` says of a file, or "".
  local function stat(format, path)
    return process.output(("stat -c %s %s 2>/dev/null"):format(format, path))
  end

  local function own_pid()
    local file = assert(io.open("/proc/self/stat"))
    local pid = file:read("*a"):match("^%d+")
    file:close()
    return pid
  end

  -- The text of a file of each thread that is a notifier's.
  local function of_threads(name)
    return process.output(("for task in /proc/%s/task/*; do grep -qx frontdesk $task/comm && cat $task/%s; done 2>/dev/null")
      :format(own_pid(), name))
  end

  it("says each time that there is something to do, once it knows that the last was done", function()
    local notifier = assert(engine:notifier(folder))
    local connection = connect(notifier)
    connection:settimeout(0.05)
    assert.is_nil((connection:receive(1)))
    connection:settimeout(5)
    for _ = 1, 20 do
      local transfer = engine:submit({ url = server.url .. "/slow" })
      local told = 0
      while not transfer:done() do
        assert.equal("!", (connection:receive(1)))
        told = told + 1
        engine:step()
        notifier:acknowledge()
      end
      assert.equal("slow", transfer:body())
      assert.is_true(told < 20)
      engine:completed()
    end
    notifier:close()
  end)

  it("does not repeat itself while nobody acts", function()
    local notifier = assert(engine:notifier(folder))
    local connection = connect(notifier)
    engine:submit({ url = server.url .. "/" })
    assert.equal("!", (connection:receive(1)))
    connection:settimeout(0.05)
    assert.is_nil((connection:receive(1)))
    notifier:close()
  end)

  it("says when nothing has happened for a while, if asked to", function()
    local notifier = assert(engine:notifier(folder, 0.01))
    local connection = connect(notifier)
    for _ = 1, 3 do
      assert.equal(".", (connection:receive(1)))
    end
    notifier:close()
  end)

  it("has a folder that nobody else can enter, and removes it when its owner has connected", function()
    local notifier = assert(engine:notifier(folder))
    local place = notifier:path():match("^(.*)/socket$")
    assert.equal(folder, place:match("^(.*)/frontdesk%-%w+$"))
    assert.equal("700", stat("%a", place))
    assert.equal("socket", stat("%F", notifier:path()))
    connect(notifier)
    eventually(function()
      return stat("%a", place) == ""
    end)
    assert.equal("", process.output("ls " .. folder))
    notifier:close()
  end)

  it("removes its folder also when nobody has connected", function()
    local notifier = assert(engine:notifier(folder))
    assert.not_equal("", process.output("ls " .. folder))
    notifier:close()
    assert.equal("", process.output("ls " .. folder))
  end)

  it("turns other processes away", function()
    local notifier = assert(engine:notifier(folder, 0.01))
    local lua = rawget(_G, "jit") and "luajit" or "lua5.4"
    local script = folder .. "/stranger.lua"
    local file = assert(io.open(script, "wb"))
    file:write([[
      local connection = require "socket.unix".stream()
      assert(connection:connect(arg[1]))
      connection:settimeout(5)
      print(connection:receive(1))
    ]])
    file:close()
    for _ = 1, 3 do
      assert.equal("nil\tclosed\t", process.output(("LUA_PATH=%s LUA_CPATH=%s %s %s %s 2>&1"):format(
        process.quote(package.path), process.quote(package.cpath), lua, script, notifier:path()
      )))
    end
    assert.equal(".", (connect(notifier):receive(1)))
    notifier:close()
  end)

  it("leaves all signals to the other threads", function()
    local notifier = assert(engine:notifier(folder))
    eventually(function()
      return of_threads("comm") == "frontdesk"
    end)
    local blocked = of_threads("status"):match("SigBlk:%s*(%x+)")
    for _, signal in ipairs({ 1, 2, 3, 10, 12, 13, 14, 15, 17, 28 }) do -- HUP INT QUIT USR1 USR2 PIPE ALRM TERM CHLD WINCH
      local digit = tonumber(blocked:sub(-1 - math.floor((signal - 1) / 4)):sub(1, 1), 16)
      assert.equal(1, math.floor(digit / 2 ^ ((signal - 1) % 4)) % 2, "signal " .. signal)
    end
    notifier:close()
    assert.equal("", of_threads("comm"))
  end)

  it("ends the socket when there is nothing left to watch", function()
    local notifier = assert(engine:notifier(folder, 0.01))
    local connection = connect(notifier)
    assert.equal(".", (connection:receive(1)))
    engine:close()
    local byte, why
    repeat
      byte, why = connection:receive(1)
    until not byte
    assert.equal("closed", why)
    notifier:close()
  end)

  it("ends when the other side of the socket does", function()
    local notifier = assert(engine:notifier(folder, 0.01))
    local connection = connect(notifier)
    assert.equal(".", (connection:receive(1)))
    connection:close()
    eventually(function()
      return of_threads("comm") == ""
    end)
    notifier:acknowledge()
    notifier:close()
  end)

  it("ends in whatever state it is closed", function()
    for state = 1, 4 do
      local notifier = assert(engine:notifier(folder))
      local connection = state > 1 and connect(notifier)
      if state > 2 then
        engine:submit({ url = server.url .. "/" })
        assert.equal("!", (connection:receive(1)))
      end
      if state > 3 then
        notifier:acknowledge()
      end
      notifier:close()
      notifier:close()
      assert.equal("", of_threads("comm"))
      if connection then
        connection:close()
      end
    end
  end)

  it("ends when nobody refers to it", function()
    local notifier = assert(engine:notifier(folder))
    assert.equal("frontdesk.notifier", tostring(notifier))
    notifier = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert.equal("", of_threads("comm"))
    assert.equal("", process.output("ls " .. folder))
  end)

  it("cannot be used once it is closed", function()
    local notifier = assert(engine:notifier(folder))
    notifier:close()
    assert.equal("frontdesk.notifier: closed", tostring(notifier))
    assert.has_error(function() notifier:path() end)
    assert.has_error(function() notifier:acknowledge() end)
  end)

  it("says why it cannot be started", function()
    local notifier, failure = engine:notifier(folder .. "/missing")
    assert.is_nil(notifier)
    assert.equal(
      ("the notifier could not be started (a private socket in %s/missing): No such file or directory"):format(folder),
      failure.message
    )
    notifier, failure = engine:notifier("/" .. ("x"):rep(200))
    assert.is_nil(notifier)
    assert.matches("File name too long", failure.message, 1, true)
  end)

  it("refuses a time that is none", function()
    for _, seconds in ipairs({ 0, -1, 0 / 0, math.huge }) do
      assert.has_error(function() engine:notifier(folder, seconds) end)
    end
  end)

  if rawget(_G, "jit") then -- who can fork without a module
    it("stays the parent's when the process forks", function()
      local ffi = require "ffi"
      ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
      local notifier = assert(engine:notifier(folder, 0.01))
      local place = notifier:path():match("^(.*)/socket$")
      local pid = ffi.C.fork()
      if pid == 0 then
        notifier:close()
        ffi.C._exit(tostring(notifier) == "frontdesk.notifier: closed" and 7 or 1)
      end
      local status = ffi.new("int[1]")
      ffi.C.waitpid(pid, status, 0)
      assert.equal(7, bit.rshift(status[0], 8)) -- luacheck: globals bit
      assert.equal("700", stat("%a", place))
      assert.equal(".", (connect(notifier):receive(1)))
      notifier:close()
    end)
  end
end)
