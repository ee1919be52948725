-- The process around a client: forks, a server that hangs up while it is written to, no descriptors left,
-- an end with requests under way. Each script runs in a Lua of its own; a crash is a failure with a signal.

local httpd = require "support.httpd"
local pace = require "support.pace"
local raw_server = require "support.raw_server"
local script = require "support.script"

local CLIENT = [[
  local frontdesk = require "frontdesk"
  local function client(options)
    options = options or {}
    options.base_url, options.token, options.retry = "$url", "t0k-process", 0
    options.ca_file = "$ca" ~= "" and "$ca" or nil
    return frontdesk.omicall(options)
  end
  -- on which of the server's connections the call went
  local function connection(omicall)
    local number, err = omicall:request { method = "GET", path = "/", value = "payload" }
    return number or error(tostring(err), 0)
  end
]]

local FORK = [[
  local ffi = require "ffi"
  ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
  -- Runs it in a forked child, and waits for that one's end; its status is told when it is not 0.
  local function in_child(fn)
    io.stdout:flush()
    local id = ffi.C.fork()
    if id == 0 then
      local ok, message = pcall(fn)
      if not ok then print("child: " .. tostring(message)) end
      io.stdout:flush()
      ffi.C._exit(0)
    end
    local status = ffi.new "int[1]"
    ffi.C.waitpid(id, status, 0)
    if status[0] ~= 0 then print("the child ended with " .. status[0]) end
  end
]]

local ANSWER = [[ location / { default_type application/json;
  return 200 '{"status_code":9999,"payload":"$connection"}'; } ]]

if rawget(_G, "jit") then -- who can fork without a module
  describe("a process that forks", function()
    for _, tls in ipairs { false, true } do
      local over = tls and " (https)" or " (http)"
      it("shares no connection: the child's calls go over its own, the parent's over the old one" .. over, function()
        local server = httpd.start { server = ANSWER, tls = tls }
        assert.same({ "the parent's is kept", "the child has another", "and keeps it", "a new client too", "the parent's is kept" },
          script.run(CLIENT .. FORK .. [[
            local omicall = client()
            local first = connection(omicall)
            print(connection(omicall) == first and "the parent's is kept")
            in_child(function()
              local own_first = connection(omicall)
              print(own_first ~= first and "the child has another" or own_first)
              print(connection(omicall) == own_first and "and keeps it")
              local new = connection(client())
              print(new ~= first and "a new client too")
              collectgarbage()
              collectgarbage()
            end)
            print(connection(omicall) == first and "the parent's is kept")
          ]], { url = server.url, ca = server.ca_file or "" }))
        server:stop()
      end)
    end

    it("leaves the parent's requests under way alone, and fails them in the child", function()
      local server = raw_server.start(([[
        read_request()
        sleep(%g)
        send 'HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{"status_code":9999,"payload":"1"}'
      ]]):format(0.3 * pace))
      assert.same({ "child: cancelled unknown 1", "parent: 1" }, script.run(CLIENT .. FORK .. [[
        local omicall = client()
        local forked = false
        frontdesk.run(function()
          local task = frontdesk.spawn(function()
            local value, err = omicall:request { method = "GET", path = "/", value = "payload" }
            print((forked and "child: " or "parent: ") .. (value or err.kind .. " " .. err.outcome .. " " .. err.attempts))
            io.stdout:flush()
            if forked then ffi.C._exit(0) end
          end)
          frontdesk.sleep(0.1 * $pace)
          in_child(function() forked = true; task:wait() end)
          task:wait()
        end)
      ]], { url = server.url, ca = "", pace = tostring(pace) }))
      server:stop()
    end)

    it("lets the child sleep as long as it says, without work", function()
      assert.same({ "slept", "slept" }, script.run(FORK .. [[
        local frontdesk = require "frontdesk"
        local function nap()
          local began, used = frontdesk.now(), os.clock()
          frontdesk.sleep(0.25)
          local slept, worked = frontdesk.now() - began, os.clock() - used
          print(slept >= 0.25 and slept < 5 and worked < 0.1 and "slept" or slept .. " " .. worked)
        end
        nap()
        in_child(nap)
      ]]))
    end)

    it("may end its child by closing its Lua", function()
      local server = httpd.start { server = ANSWER }
      assert.same({ "the parent's is kept" }, script.run(CLIENT .. FORK .. [[
        local omicall = client()
        local first = connection(omicall)
        in_child(function()
          omicall = nil
          package.loaded["frontdesk.transport.engine"] = nil
          os.exit(0, true)
        end)
        print(connection(omicall) == first and "the parent's is kept")
      ]], { url = server.url, ca = "" }))
      server:stop()
    end)
  end)
end

describe("a program that is started meanwhile", function()
  it("gets no connection, no file and no clock of ours", function()
    local server = httpd.start { server = ANSWER }
    assert.same({ "before", "after" }, script.run(CLIENT .. [[
      local core = require "frontdesk.core"
      -- Any but the two ends of the pipe that each curl_multi has to wake itself by.
      local function show(when)
        print(when)
        io.stdout:flush()
        os.execute [=[
          ls -l /proc/self/fd | grep -E 'eventpoll|timerfd|eventfd|journal'
          for inode in $(ls -l /proc/self/fd | sed -n 's/.*socket:.\([0-9]*\).*/\1/p'); do
            grep -E "[0-9A-F]:.* ${inode} " /proc/net/tcp || grep " ${inode} /" /proc/net/unix
          done]=]
      end
      show "before"
      local omicall = client()
      connection(omicall)
      local path = os.tmpname()
      local journal, engine, timer = core.journal(path .. ".journal"), core.engine(), core.timer()
      local notifier = engine:notifier "/tmp"
      engine:submit { url = "$url/" }
      engine:step()
      show "after"
      notifier:close() engine:close() timer:close() journal:close()
      os.remove(path) os.remove(path .. ".journal")
    ]], { url = server.url, ca = "" }))
    server:stop()
  end)
end)

describe("a server that hangs up while it is written to", function()
  local SEND = CLIENT .. [[
    local function ignored() return own.status "SigIgn" .. " " .. own.status "SigCgt" .. " " .. own.status "SigBlk" end
    local before = ignored()
    local omicall = client()
    local body = { text = ("x"):rep(12e6) }
    local kinds = {}
    for _ = 1, 4 do
      local _, err = omicall:request { method = "POST", path = "/", body = body, value = "payload" }
      kinds[#kinds + 1] = err and err.kind .. " " .. tostring(err.outcome) or "answered"
    end
    print(table.concat(kinds, ", "))
    print(ignored() == before and "signals are as they were" or ignored())
    io.stdout:flush()
    os.execute "kill -PIPE $PPID"
  ]]
  -- That the signal still ends a process for which it was not changed.
  local ENDED = "ended by signal 13"

  it("raises no SIGPIPE, and is told as a network error whose outcome is unknown", function()
    local server = raw_server.start [[
      receive(100000)
      if number % 2 == 0 then finish() sleep(0.1) end
      reset()
    ]]
    local lines = script.run(SEND, { url = server.url, ca = "" })
    server:stop()
    assert.same({ "network unknown, network unknown, network unknown, network unknown", "signals are as they were", ENDED }, lines)
  end)

  it("raises none below TLS either", function()
    local server = httpd.start { tls = true, server = [[
      client_max_body_size 1k; lingering_close off;
      location / { return 200; }
    ]] }
    local lines = script.run(SEND, { url = server.url, ca = server.ca_file })
    server:stop()
    assert.equal("signals are as they were", lines[2], lines[1])
    assert.equal(ENDED, lines[3])
    assert.equal(3, #lines)
  end)
end)

describe("a process without a descriptor left", function()
  it("gets errors that say so, and goes on when there are some again", function()
    local server = httpd.start { server = ANSWER }
    assert.same({
      "engine: the engine could not be opened: too many open files, or not enough memory",
      "timer: no timer can be made: too many open files, or not enough memory",
      "journal: too many files are open",
      "profile: true",
      "notifier: network",
      "call of a new client: network not_sent: too many open files",
      "call of a client that needs a connection: network not_sent: too many open files",
      "call over the kept connection: kept",
      "files as before: true",
      "afterwards: answered, answered",
    }, script.run(CLIENT .. [[
      local core = require "frontdesk.core"
      require "frontdesk.host.plain"
      local engines = require "frontdesk.transport.engine"
      local kept, fresh, idle = client(), client { transport = engines.new() }, core.engine()
      local connected = connection(kept)
      local unconnected = client { transport = engines.new() }
        local early = core.engine()
      local path = os.tmpname()
      local before = own.open_files()
      local hogs = {}
      repeat
        local hog = io.open "/dev/null"
        hogs[#hogs + 1] = hog
      until not hog
      assert(#hogs > 1900, #hogs)
      local function words(name, value, message, more)
        print(name .. ": " .. tostring(message))
        assert(not value)
      end
      words("engine", core.engine())
      words("timer", core.timer())
      words("journal", core.journal(path))
      local text, message = core.read_private(path)
      print("profile: " .. tostring(not text and message:find "too many files are open" ~= nil))
      local notifier, failure = early:notifier "/tmp"
      print("notifier: " .. failure.kind)
      local function kinds(name, omicall)
        local value, err = omicall:request { method = "GET", path = "/", value = "payload" }
        print(name .. ": " .. (value and (value == connected and "kept" or "answered") or err.kind .. " " .. err.outcome
          .. (err.message:find "too many open files" and ": too many open files" or ": " .. err.message)))
      end
      kinds("call of a new client", fresh)
      -- one for the engine, none for the connection
      hogs[#hogs]:close() hogs[#hogs] = nil
      kinds("call of a client that needs a connection", unconnected)
      kinds("call over the kept connection", kept)
      while #hogs > 0 do table.remove(hogs):close() end
      own.collect_all()
      print("files as before: " .. tostring(own.open_files() <= before + 1)) -- the engine that there was room for
      print("afterwards: " .. (connection(fresh) and "answered") .. ", " .. (connection(unconnected) and "answered"))
      os.remove(path)
    ]], { url = server.url, ca = "" }, "ulimit -n 2000"))
    server:stop()
  end)
end)

describe("the end of Lua", function()
  it("may come with calls, tasks, iterators and a notifier at work", function()
    local server = raw_server.start [[ read_request() sleep(5) ]]
    for _, how in ipairs { "os.exit(0, true)", "os.exit(0)", "error 'the end'" } do
      local lines = script.run(CLIENT .. [[
        local core = require "frontdesk.core"
        engine = core.engine() -- a global, so that it lives until the end
        transfers = {}
        for i = 1, 5 do transfers[i] = engine:submit { url = "$url/" .. i } end
        notifier = engine:notifier "/tmp"
        journal, timer = core.journal(os.tmpname()), core.timer()
        engine:wait(0.05)
        omicall = client()
        frontdesk.run(function()
          for _ = 1, 3 do
            frontdesk.spawn(function() omicall.contacts:search {} end)
          end
          frontdesk.spawn(function()
            for _ in omicall.contacts:each {} do end
          end)
          frontdesk.sleep(0.05)
          print "fine"
          io.stdout:flush()
          $how
        end)
      ]], { url = server.url, ca = "", how = how })
      assert.equal("fine", lines[1])
      assert.equal(how:find "error" and "ended with status 1" or nil, how:find "error" and lines[#lines] or lines[2])
    end
    server:stop()
  end)
end)
