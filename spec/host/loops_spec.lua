-- The event loops themselves: each script runs in a Lua of its own, against the sandbox's nginx.
local pace = require "support.pace"
local process = require "frontdesk.sandbox.process"
local sandbox = require "frontdesk.sandbox"
local interpreter = require "support.interpreter"

-- What each loop calls starting a task, and running until nothing is left.
local LOOPS = {
  cqueues = [[
    local controller = require("cqueues").new()
    local function start(fn) controller:wrap(fn) end
    local function run() assert(controller:loop()) end
  ]],
  luv = [[
    local uv = require "luv"
    local function start(fn) coroutine.wrap(fn)() end
    local function run() uv.run() end
  ]],
  copas = [[
    local copas = require "copas"
    local left = 0
    local function start(fn)
      left = left + 1
      copas.addthread(function()
        local ok, message = pcall(fn)
        left = left - 1
        if not ok then error(message, 0) end
      end)
    end
    local function run()
      while left > 0 do copas.step() end
      while copas.step(0.02) do end -- what is still watched
    end
  ]],
}

local PRELUDE = [[
  local adapter = require "frontdesk.host.%s"
  local watch, watched = adapter.watch, 0
  function adapter.watch(fd, on_ready)
    watched = watched + 1
    watch(fd, function()
      local goes_on = on_ready()
      if not goes_on then watched = watched - 1 end
      return goes_on
    end)
  end
  local core = require "frontdesk.core"
  local frontdesk = require "frontdesk"
  local pace = require "support.pace"
  frontdesk.use "%s"
  local omicall = frontdesk.omicall()
  local function find()
    local page, err = omicall.contacts:search { keyword = "0900000012" }
    if not page then error(err, 0) end
    return page.total_items
  end
]]

local is_jit = rawget(_G, "jit") ~= nil

describe("in an event loop", function()
  local server, folder

  lazy_setup(function()
    server = assert(sandbox.start { services = { "omicall" } })
    folder = assert(process.private_folder())
  end)

  lazy_teardown(function()
    server:stop()
    process.remove_folder(folder)
  end)

  before_each(function()
    assert(server:reset())
  end)

  -- Runs a script. Gives what it printed, errors and all, and its exit status.
  local function run(path)
    local command = { "env" }
    for name, value in pairs(server:environment()) do
      command[#command + 1] = name .. "=" .. process.quote(value)
    end
    command[#command + 1] = ("timeout %d "):format(20 * pace) .. process.quote(interpreter()) .. " " .. path
    local output = folder .. "/output"
    local status = process.run(table.concat(command, " ") .. " >" .. output .. " 2>&1 </dev/null")
    return process.read_file(output), status
  end

  local function run_text(text)
    local path = folder .. "/script.lua"
    assert(process.write_file(path, text))
    return run(path)
  end

  local function slow(times)
    assert(server:fault { service = "omicall", operation = "contacts.search", kind = "latency", seconds = 0.2 * pace, times = times })
  end

  local function calls(operation)
    local count = 0
    for _, request in ipairs(assert(server:requests())) do
      count = count + (request.operation == operation and 1 or 0)
    end
    return count
  end

  -- Waits until the server is done with what a script has given up.
  local function settle(count)
    for _ = 1, 100 do
      if calls "contacts.search" >= count then
        return
      end
      process.run "sleep 0.02"
    end
    error("the server has seen " .. calls "contacts.search" .. " of " .. count .. " calls")
  end

  for _, name in ipairs(is_jit and { "luv", "copas", "cqueues" } or { "luv", "cqueues" }) do
    local function run_in_loop(text)
      return run_text(LOOPS[name] .. PRELUDE:format(name, name) .. text)
    end

    describe(name, function()
      it("fetches twenty contacts in the time of the slowest, after one login", function()
        slow(20)
        local text, status = run("examples/loops/" .. name .. ".lua")
        assert.equal(0, status, text)
        local total, slowest = text:match "^20 fetched in (%S+) s; the slowest took (%S+) s\n$"
        assert.is_truthy(total, text)
        assert.is_true(tonumber(slowest) >= 0.2 * pace)
        assert.is_true(total - slowest < 0.3 * pace, text)
        assert.equal(1, calls "auth.token")
        assert.equal(20, calls "contacts.search")
      end)

      it("does not hold up the other tasks, and ends when nothing is left to watch", function()
        slow(1)
        local text, status = run_in_loop [[
          local ticks, done, started = 0, false, core.now()
          start(function() find() done = true end)
          start(function()
            while not done do
              frontdesk.sleep(0.01)
              ticks = ticks + 1
            end
          end)
          run()
          print(done, ticks >= 8, ticks <= (core.now() - started) / 0.01, watched)
        ]]
        assert.equal("true\ttrue\ttrue\t0\n", text)
        assert.equal(0, status)
      end)

      it("keeps an error of one task from the others' calls", function()
        local text = run_in_loop [[
          start(function()
            find()
            local _, message = pcall(function()
              find()
              error("caught", 0)
            end)
            print(message, find())
          end)
          start(function() print("other", find(), find()) end)
          run()
          print("watched", watched)
        ]]
        local lines = {}
        for line in text:gmatch "[^\n]+" do
          lines[#lines + 1] = line
        end
        table.sort(lines)
        assert.same({ "caught\t1", "other\t1\t1", "watched\t0" }, lines)
      end)

      it("blocks outside of tasks, while what the tasks wait for goes on", function()
        slow(3)
        local text = run_in_loop [[
          local list = {}
          for i = 1, 2 do
            start(function() list[i] = find() end)
          end
          local started = core.now()
          print(find(), core.now() - started >= 0.19 * pace)
          run()
          print(list[1], list[2], core.now() - started < 0.6 * pace, watched)
        ]]
        assert.equal("1\ttrue\n1\t1\ttrue\t0\n", text)
      end)

      it("drives several engines at once", function()
        slow(4)
        local text = run_in_loop [[
          local transport = require "frontdesk.transport.engine"
          local started, found = core.now(), 0
          for _ = 1, 4 do
            local own = frontdesk.omicall { transport = transport.new() }
            start(function()
              local page = assert(own.contacts:search { keyword = "0900000012" })
              found = found + page.total_items
            end)
          end
          run()
          print(found, core.now() - started < 0.6 * pace, watched)
        ]]
        assert.equal("4\ttrue\t0\n", text)
        assert.equal(1, calls "auth.token")
      end)

      it("ends a call at its deadline, and a sleep at its time", function()
        slow(1)
        local text = run_in_loop [[
          local started = core.now()
          start(function()
            local _, err = omicall.contacts:search({ keyword = "0900000012" }, { timeout = 0.1 * pace })
            print(err.kind)
          end)
          start(function()
            frontdesk.sleep(0.05 * pace)
            local slept = core.now() - started
            print("slept", slept >= 0.05 * pace, slept < 0.1 * pace)
          end)
          run()
          print(core.now() - started < 0.19 * pace, watched)
        ]]
        assert.equal("slept\ttrue\ttrue\ntimeout\ntrue\t0\n", text)
        settle(1)
      end)

      it("has the tasks of frontdesk too", function()
        slow(20)
        local text = run_in_loop [[
          start(function()
            local started = core.now()
            local values = frontdesk.map({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, find)
            print(values.n, values[10], core.now() - started < 0.6 * pace)
            local task = frontdesk.spawn(find)
            frontdesk.sleep(0.02)
            task:cancel()
            print(task:wait())
            print(core.now() - started < 0.6 * pace)
          end)
          run()
          print(watched)
        ]]
        assert.matches("^10\t1\ttrue\nnil\tomicall.contacts.search: cancelled: [^\n]*\ntrue\n0\n$", text)
        settle(11)
      end)

      it("tells all who wait for a login that it failed, and logs in once", function()
        local text = run_in_loop [[
          local stranger, failed = frontdesk.omicall { api_key = "not-the-right-key" }, 0
          for _ = 1, 10 do
            start(function()
              local _, err = stranger.contacts:search {}
              failed = failed + (err.kind == "auth" and 1 or 0)
            end)
          end
          run()
          print(failed, watched)
        ]]
        assert.equal("10\t0\n", text)
        assert.equal(1, calls "auth.token")
      end)
    end)
  end

  it("that LuaSocket's select makes, the documents' adapter does", function()
    slow(20)
    local started = require("frontdesk.core").now()
    local text, status = run_text(process.read_file("docs/event-loops.md"):match "```lua\n(local socket.-)```")
    assert.equal(0, status, text)
    local lines = {}
    for number, found in text:gmatch "(%d+)\t(%d+)\n" do
      lines[tonumber(number)] = tonumber(found)
    end
    assert.equal(20, #lines, text)
    assert.equal(1, lines[12])
    assert.is_true(require("frontdesk.core").now() - started < 2 * pace)
    assert.equal(1, calls "auth.token")
  end)

  if not is_jit then
    it("that was given up after an error, the next one of cqueues takes over", function()
      slow(2)
      local text = run_text(PRELUDE:format("cqueues", "cqueues") .. [[
        local cqueues = require "cqueues"
        local first, second = cqueues.new(), cqueues.new()
        first:wrap(function() find() end)
        first:wrap(function() cqueues.sleep(0.01) error("broken", 0) end)
        print(first:loop())
        first = nil
        for _ = 1, 3 do collectgarbage() end -- finalizers hold on to what they are called for
        second:wrap(function() print(find()) end)
        print(second:loop())
      ]])
      assert.matches("^false\tbroken[^\n]*\n1\ntrue\n$", text)
    end)

    it("that was given up in the midst of a log-in leaves the log-in to the next one", function()
      assert(server:fault { service = "omicall", operation = "auth.token", kind = "latency", seconds = 1 * pace })
      local text = run_text(PRELUDE:format("cqueues", "cqueues") .. [[
        local cqueues = require "cqueues"
        local first, second = cqueues.new(), cqueues.new()
        first:wrap(function() find() end)
        first:wrap(function() cqueues.sleep(0.1 * pace) error("broken", 0) end)
        print(first:loop())
        first = nil
        for _ = 1, 3 do collectgarbage() end
        second:wrap(function() print(find()) end)
        print(second:loop())
      ]])
      assert.matches("^false\tbroken[^\n]*\n1\ntrue\n$", text)
    end)

    it("that a coroutine within a task of cqueues makes calls in, it waits for them itself", function()
      local text = run_text(PRELUDE:format("cqueues", "cqueues") .. [[
        local controller = require("cqueues").new()
        controller:wrap(function()
          for count in coroutine.wrap(function() coroutine.yield(find()) end) do print(count) end
        end)
        print(controller:loop())
      ]])
      assert.equal("1\ntrue\n", text)
    end)

    it("of luv, an error that no task catches ends the process, and says where it was", function()
      local text, status = run_text(LOOPS.luv .. PRELUDE:format("luv", "luv") .. [[
        start(function() find() error "broken" end)
        run()
        print "not reached"
      ]])
      assert.is_true(status ~= 0)
      assert.matches("script.lua:%d+: broken\nstack traceback:\n[^\n]+\n[^\n]*script.lua:%d+", text)
    end)
  end
end)
