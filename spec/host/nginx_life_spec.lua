-- Workers that come and go, and services that do not answer.
local core = require "frontdesk.core"
local gateways = require "support.gateway"
local httpd = require "support.httpd"
local process = require "support.process"
local raw_server = require "support.raw_server"

local SERVER = [[
  location /echo { content_by_lua_block { require("app").answer "/echo" } }
  location /hold { content_by_lua_block { require("app").answer "/hold" } }
  location /nap { content_by_lua_block { require("app").answer "/nap" } }
  location /hold_then_echo {
    content_by_lua_block {
      local app = require "app"
      app.call "/hold"
      ngx.sleep(0.1)
      app.answer "/echo"
    }
  }
  location /worker { content_by_lua_block { ngx.print(ngx.worker.pid()) } }
]]

-- Folders of notifiers that are there; the gateway's TMPDIR is a folder of its own.
local function folders(gateway)
  return process.output("ls " .. gateway.front.folder .. "/tmp")
end

local function is_alive(pid)
  return process.output(("cat /proc/%d/comm 2>/dev/null"):format(pid)) == "nginx"
end

local function count_threads(pid)
  return tonumber(process.output(("ls /proc/%d/task | wc -l"):format(pid)))
end

local function count_files(pid)
  return tonumber(process.output(("ls /proc/%d/fd | wc -l"):format(pid)))
end

describe("nginx with calls under way", function()
  local gateway

  local function start(options)
    options.server = options.server or SERVER
    gateway = gateways.start(options)
  end

  after_each(function()
    gateway:stop()
  end)

  local function hold(count, path)
    local list = {}
    for i = 1, count do
      list[i] = gateway:ask(path or "/hold")
    end
    gateway:eventually("requests that wait", function()
      return gateway:upstream_count("waiting") == count
    end)
    return list
  end

  local function assert_all(pattern, texts)
    for _, text in ipairs(texts) do
      assert.matches(pattern, text)
    end
  end

  it("reloads under load without a request that fails", function()
    start({ workers = 2 })
    local before = gateway.front:workers()
    local answers = {}
    for round = 1, 30 do
      local list = {}
      for i = 1, 20 do
        list[i] = gateway:ask("/nap")
      end
      if round % 10 == 5 then
        gateway.front:signal("HUP")
      end
      for _, text in ipairs(gateway:gather(list)) do
        answers[#answers + 1] = text
      end
    end
    assert.equal(600, #answers)
    assert_all("^value HTTP/1.1", answers)
    gateway:eventually("the end of the first workers", function()
      return not is_alive(before[1]) and not is_alive(before[2])
    end)
    gateway:eventually("two workers alone", function()
      return #gateway.front:workers() == 2
    end)
    assert.matches("^value", (gateway:get("/echo")))
    assert.equal("", folders(gateway))
    assert.equal("", gateway:complaints())
  end)

  it("finishes, when it is told to reload, what is under way", function()
    start({})
    local old = gateway.front:workers()[1]
    local list = hold(10)
    gateway.front:signal("HUP")
    gateway:eventually("an answer of another worker", function()
      return gateway:get("/worker") ~= tostring(old)
    end)
    assert.matches("^value", (gateway:get("/echo")))
    assert.is_true(is_alive(old))
    gateway:set("open=1")
    assert_all("^value released", gateway:gather(list))
    gateway:eventually("the end of the old worker", function()
      return not is_alive(old)
    end)
  end)

  it("goes on when a worker is killed", function()
    start({})
    for _ = 1, 2 do
      local list = hold(3)
      local pid = gateway.front:workers()[1]
      gateway:eventually("a notifier", function()
        return count_threads(pid) == 2
      end)
      gateway.front:signal("KILL", pid)
      assert_all("^failed: ", gateway:gather(list))
      gateway:set("open=1")
      gateway:eventually("another worker", function()
        local new = gateway.front:workers()[1]
        return new and new ~= pid
      end)
      assert_all("^value released", gateway:gather({ gateway:ask("/hold") }))
      gateway:set("open=")
    end
    assert.equal("", folders(gateway))
  end)

  it("answers what is under way when it is told to quit, and ends", function()
    start({ workers = 2 })
    local list = hold(10)
    local pids = gateway.front:workers()
    gateway.front:signal("QUIT")
    gateway:eventually("a door that is closed", function()
      return not httpd.accepts(gateway.front.port)
    end)
    gateway:set("open=1")
    assert_all("^value released", gateway:gather(list))
    gateway:eventually("the end of the workers", function()
      return not is_alive(pids[1]) and not is_alive(pids[2])
    end, 5)
    assert.equal("", folders(gateway))
    assert.equal("", gateway:complaints())
  end)

  it("makes calls even while it quits", function()
    start({})
    local list = hold(1, "/hold_then_echo")
    gateway.front:signal("QUIT")
    gateway:eventually("a door that is closed", function()
      return not httpd.accepts(gateway.front.port)
    end)
    gateway:set("open=1")
    assert_all("^value HTTP/1.1", gateway:gather(list))
  end)

  it("is not kept from its end by what waits for more to do", function()
    start({})
    gateway:get("/nap")
    local pid = gateway.front:workers()[1]
    gateway:eventually("a notifier", function()
      return count_threads(pid) == 2
    end)
    local started = core.now()
    gateway.front:signal("QUIT")
    gateway:eventually("the end of the worker", function()
      return not is_alive(pid)
    end, 5)
    assert.is_true(core.now() - started < 2)
  end)

  it("sends its notifier away when there is nothing to do, and gets another one", function()
    start({})
    local pid = gateway.front:workers()[1]
    local files
    for _ = 1, 2 do
      assert.matches("^value", (gateway:get("/nap")))
      gateway:eventually("a notifier", function()
        return count_threads(pid) == 2
      end)
      gateway:eventually("a worker without a notifier", function()
        return count_threads(pid) == 1
      end)
      files = files or count_files(pid)
    end
    assert.equal(files, count_files(pid))
    assert.equal("", gateway:complaints())
  end)

  it("works with lua_code_cache off", function()
    start({ http = "lua_code_cache off;", server = SERVER })
    local list = {}
    for i = 1, 20 do
      list[i] = gateway:ask("/nap")
    end
    assert_all("^value HTTP/1.1", gateway:gather(list))
    local pid = gateway.front:workers()[1]
    gateway:eventually("a worker without notifiers", function()
      return count_threads(pid) == 1
    end)
    assert.equal("", folders(gateway))
    assert.not_matches("[error]", gateway.front:log(), 1, true)
  end)

  if process.output("id -u") == "0" then
    it("works when its workers are another user's", function()
      start({ user = "nobody " .. process.output("id -gn nobody"), http = "lua_shared_dict frontdesk 1m;", app = { api_key = "open sesame" } })
      local list = hold(5)
      local pid = gateway.front:workers()[1]
      assert.equal("nobody", process.output("stat -c %U /proc/" .. pid))
      gateway:set("open=1")
      assert_all("^value released", gateway:gather(list))
      assert.equal("", gateway:complaints())
    end)
  end
end)

describe("a call in nginx", function()
  local gateway, reset, silent

  setup(function()
    reset = raw_server.start([[ read_request() reset() ]])
    silent = raw_server.start([[ read_request() sleep(60) ]])
    gateway = gateways.start({
      server = ([[
        location /down { content_by_lua_block { local app = require "app" app.answer("/x", nil, app.new { token = "t", base_url = "http://127.0.0.1:1" }) } }
        location /reset { content_by_lua_block { local app = require "app" app.answer("/x", nil, app.new { token = "t", base_url = "RESET" }) } }
        location /cut { content_by_lua_block { require("app").answer "/cut" } }
        location /silent {
          content_by_lua_block { local app = require "app" app.answer("/x", { timeout = 0.3 }, app.new { token = "t", base_url = "SILENT" }) }
        }
        location /again { content_by_lua_block { local app = require "app" app.answer("/x", nil, app.new { token = "t", retry = 1, base_url = "http://127.0.0.1:1" }) } }
        location /echo { content_by_lua_block { require("app").answer "/echo" } }
      ]]):gsub("RESET", reset.url):gsub("SILENT", silent.url),
    })
  end)

  teardown(function()
    gateway:stop()
    reset:stop()
    silent:stop()
  end)

  after_each(function()
    assert.matches("^value HTTP/1.1", (gateway:get("/echo")))
    assert.equal("", gateway:complaints())
  end)

  it("says that its service is down", function()
    assert.matches("^network: .*could not connect to 127.0.0.1:1: connection refused", (gateway:get("/down")))
  end)

  it("tries again without a blocked worker", function()
    local list = { gateway:ask("/again"), gateway:ask("/echo") }
    local texts = gateway:gather(list)
    assert.matches("^network: ", texts[1])
    assert.matches("^value", texts[2])
  end)

  it("says that its service has reset the connection", function()
    assert.matches("^network: ", (gateway:get("/reset")))
  end)

  it("says that its service has closed the connection", function()
    assert.matches("^network: ", (gateway:get("/cut")))
  end)

  it("says that its service is too slow", function()
    assert.matches("^timeout: ", (gateway:get("/silent")))
  end)
end)

-- What a worker lacks when it has no notifier, or nothing to start one with.
local LACKS = {
  ["a folder for its notifier"] = { main = "env TMPDIR=/nonexistent;" },
  ["timers"] = {
    http = [[
      lua_max_running_timers 1;
      init_worker_by_lua_block {
        ngx.timer.at(0, function()
          while not ngx.worker.exiting() do
            ngx.sleep(0.05)
          end
        end)
      }
    ]],
  },
  ["room for timers to come"] = {
    http = [[
      lua_max_pending_timers 1;
      init_worker_by_lua_block { ngx.timer.at(3600, function() end) }
    ]],
  },
}

for lack, options in pairs(LACKS) do
  describe("a worker of nginx without " .. lack, function()
    it("makes its calls all the same, and complains in the log", function()
      options.server = SERVER
      options.app = { api_key = "open sesame" }
      local gateway = gateways.start(options)
      local list = {}
      for i = 1, 10 do
        list[i] = gateway:ask("/hold")
      end
      gateway:eventually("requests that wait", function()
        return gateway:upstream_count("waiting") == 10
      end)
      assert.equal(1, gateway:upstream_count("logins"))
      gateway:set("open=1")
      for _, text in ipairs(gateway:gather(list)) do
        assert.matches("^value released", text)
      end
      if lack == "timers" then -- nginx has its own words for that
        assert.matches("1 lua_max_running_timers are not enough", gateway.front:log(), 1, true)
      else
        assert.matches("frontdesk drives its transfers by polling, which is slow: ", gateway.front:log(), 1, true)
      end
      gateway:stop()
    end)
  end)
end
