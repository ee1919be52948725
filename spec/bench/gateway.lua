--- The bench's nginx: one worker that makes one small call for each request that it gets, in several ways.
--
-- The worker has a processor of its own; wrk and the service share the other.

local http = require "socket.http"
local httpd = require "support.httpd"
local process = require "frontdesk.sandbox.process"
local report = require "bench.report"
local upstream = require "bench.upstream"
local work = require "bench.work"

local gateway = {}

local CONNECTIONS, WAIT = 100, 0.05 -- WAIT: seconds that the slow service takes
local SECONDS = math.max(1, math.floor(tonumber(os.getenv "WRK_SECONDS") or 2)) -- wrk knows whole ones
local CALLS = tonumber(os.getenv "CALLS") or 50000
local AIMS = { resty = 1.5, ideal = 0.97, p99 = 5, growth = 5 }

-- In the order of their turns; the cosocket's is what the others are compared with.
local HANDLERS = {
  { "cosocket", "a raw cosocket", fast = [[handlers.cosocket ""]], slow = [[handlers.cosocket "/slow/50"]] },
  { "frontdesk", "frontdesk", fast = [[handlers.frontdesk "fast"]], slow = [[handlers.frontdesk "slow"]] },
  { "shared", "frontdesk, limits in a lua_shared_dict", fast = [[handlers.frontdesk "shared"]] },
  { "resty", "lua-resty-http", fast = [[handlers.resty_http ""]], slow = [[handlers.resty_http "/slow/50"]] },
  { "proxy", "proxy_pass, nothing read", proxy = true },
}

local HTTP = [[
  lua_shared_dict shared 1m;
  upstream service { server 127.0.0.1:@port@; keepalive 200; }
  init_by_lua_block {
    package.path = package.path .. "@resty@"
    handlers = require "handlers"
    handlers.set_up { host = "127.0.0.1", port = @port@, path = "@path@", id = "@id@", token = "@token@" }
  }
]]

local LOCATION = "location = /%s/%s { content_by_lua_block { %s } }\n"
local PROXY = [[
location = /proxy/@speed@ {
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Authorization "Bearer @token@";
  proxy_pass http://service@prefix@@path@;
}
]]

-- What wrk tells: requests, seconds, errors, and the latency's p50 and p99 in milliseconds.
local DONE = [[
function done(summary, latency)
  local e = summary.errors
  print(("wrk %d %.6f %d %.3f %.3f"):format(summary.requests, summary.duration / 1e6,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
]]
local PROBE = DONE .. "function delay() return 5 end\n" -- 200 a second, which takes nothing from the rest

local values = { path = work.paths.get, id = work.id, token = work.token }

local function fill(text)
  return (text:gsub("@(%l+)@", values))
end

local function locations()
  local list = {
    'location = /trivial { return 200 "hello"; }\n',
    LOCATION:format("worker", "heap", "handlers.heap()"),
  }
  for _, handler in ipairs(HANDLERS) do
    for speed, prefix in pairs { fast = "", slow = "/slow/50" } do
      if handler.proxy then
        values.speed, values.prefix = speed, prefix
        list[#list + 1] = fill(PROXY)
      elseif handler[speed] then
        list[#list + 1] = LOCATION:format(handler[1], speed, handler[speed])
      end
    end
  end
  return table.concat(list)
end

local function start(service)
  values.port, values.resty = tostring(service.port), ""
  for folder in (os.getenv "LUA_RESTY_HTTP" or ""):gmatch "[^:]+" do
    local path = assert(process.output("cd " .. process.quote(folder) .. " && pwd -P"):match "[^\n]+", "LUA_RESTY_HTTP: there is no " .. folder)
    values.resty = ("%s;%s/lib/?.lua"):format(values.resty, path)
  end
  local front = httpd.start {
    lua = true, frontdesk = true, http = fill(HTTP), server = locations(),
    files = {
      ["handlers.lua"] = assert(process.read_file "spec/bench/handlers.lua"),
      ["done.lua"] = DONE, ["probe.lua"] = PROBE,
    },
  }
  front.worker = front:workers()[1]
  return front
end

-- wrk's command.
local function wrk(tools, front, url, seconds, connections, script)
  return ("%swrk -t1 -c%d -d%ds --timeout 10s -s %s/%s.lua %s"):format(tools.server_pin, connections, seconds,
    front.folder, script or "done", url)
end

local function read_wrk(text)
  local requests, seconds, errors, p50, p99 = text:match "wrk (%d+) (%S+) (%d+) (%S+) (%S+)"
  if not requests then
    return nil, "wrk: " .. (text:match "[^\n]+" or "ended without a word")
  elseif tonumber(errors) > 0 then
    return nil, errors .. " requests of " .. requests .. " failed"
  end
  return { requests = tonumber(requests), rate = requests / seconds, p50 = tonumber(p50), p99 = tonumber(p99) }
end

local ticks = tonumber(process.output "getconf CLK_TCK") or 100

-- CPU seconds of a process, with all its threads.
local function cpu_of(pid)
  local fields = {}
  for field in assert(process.read_file(("/proc/%d/stat"):format(pid))):match "%) (.+)$":gmatch "%S+" do
    fields[#fields + 1] = field
  end
  return (fields[12] + fields[13]) / ticks
end

local function resident(pid)
  return tonumber(process.read_file(("/proc/%d/status"):format(pid)):match "VmRSS:%s*(%d+)")
end

-- Those handlers that can be had and do what is asked; each has answered rightly once.
local function ready(front, speed)
  local list, absent = {}, {}
  for _, handler in ipairs(HANDLERS) do
    if handler[1] == "resty" and not os.getenv "LUA_RESTY_HTTP" then
      absent[1] = "lua-resty-http (LUA_RESTY_HTTP names its checkout)"
    elseif handler.proxy or handler[speed] then
      local url = ("%s/%s/%s"):format(front.url, handler[1], speed)
      local body, status = http.request(url)
      local entry = { name = handler[1], title = handler[2], url = url, rates = {}, cpus = {}, p50 = {}, p99 = {} }
      if status ~= 200 or not body:find "Lê Thị Quế" then
        entry.problem = ("status %s; %s"):format(status, front:log():match "error: ([^\n]*)" or "another answer than expected")
      end
      list[#list + 1] = entry
    end
  end
  for _, name in ipairs(absent) do
    print("  left out, not to be had: " .. name)
  end
  return list
end

local function median(list)
  return report.spread(list).median
end

local function find(list, name)
  for _, entry in ipairs(list) do
    if entry.name == name and not entry.problem and entry.rates[1] then
      return entry
    end
  end
end

local function any_failed(list)
  for _, entry in ipairs(list) do
    if entry.problem then
      return true
    end
  end
  return false
end

--- A service that answers at once: what the worker can do.
function gateway.nginx(tools, front)
  local rounds = math.min(tools.rounds, 5)
  print(("\nnginx, one worker, wrk -c%d: one small call a request (%d rounds of %d s)"):format(CONNECTIONS, rounds, SECONDS))
  local list = ready(front, "fast")
  for round = 0, rounds do -- the first warms up
    for _, entry in ipairs(list) do
      if not entry.problem then
        local cpu = cpu_of(front.worker)
        local result, problem = read_wrk(process.output(wrk(tools, front, entry.url, SECONDS, CONNECTIONS) .. " 2>&1"))
        entry.problem = problem
        if result and round > 0 then
          table.insert(entry.rates, result.rate)
          table.insert(entry.cpus, (cpu_of(front.worker) - cpu) / result.requests * 1e6)
        end
      end
    end
  end
  local rows, base = {}, find(list, "cosocket")
  for i, entry in ipairs(list) do
    if entry.problem or not base then
      rows[i] = { entry.title, "failed: " .. (entry.problem or "there is nothing to compare with") }
    else
      rows[i] = {
        entry.title, report.with_spread(report.spread(entry.rates), "%.0f"),
        report.with_spread(report.ratio(entry.rates, base.rates), "%.2f"),
        ("%.1f"):format(median(entry.cpus)), report.with_spread(report.ratio(entry.cpus, base.cpus), "%.2f"),
      }
    end
  end
  report.table({ "", "a second", "rate / cosocket", "worker CPU us", "CPU / cosocket" }, rows)
  local ours, resty = find(list, "frontdesk"), find(list, "resty")
  if ours and resty then
    local ratio = report.ratio(ours.rates, resty.rates)
    tools.verdict { "nginx: a call a request", "frontdesk / lua-resty-http", report.with_spread(ratio, "%.2f"),
      ("%.2f"):format(AIMS.resty), ratio.median >= AIMS.resty }
  end
  return not any_failed(list)
end

--- A service that takes 50 ms: whether the worker is ever held up.
function gateway.wait(tools, front, service)
  local rounds = math.min(tools.rounds, 3)
  local ideal = CONNECTIONS / WAIT
  print(("\nnginx, one worker, wrk -c%d: a service of %.0f ms, ideally %.0f a second; and a trivial location meanwhile (%d rounds of 3 s)")
    :format(CONNECTIONS, WAIT * 1000, ideal, rounds))
  local list = ready(front, "slow")
  table.insert(list, 1, { name = "direct", title = "wrk at the service itself", rates = {}, p50 = {}, p99 = {},
    url = service.url .. "/slow/50" .. work.paths.get })
  for round = 0, rounds do
    for _, entry in ipairs(list) do
      if not entry.problem then
        local said = front.folder .. "/probed"
        local text = process.output(("%s >%s 2>&1 & probe=$!; %s 2>&1; wait $probe"):format(
          wrk(tools, front, front.url .. "/trivial", 3, 1, "probe"), said, wrk(tools, front, entry.url, 3, CONNECTIONS)))
        local result, problem = read_wrk(text)
        local probe, trouble = read_wrk(process.read_file(said))
        entry.problem = problem or trouble
        if not entry.problem and round > 0 then
          table.insert(entry.rates, result.rate)
          table.insert(entry.p50, probe.p50)
          table.insert(entry.p99, probe.p99)
        end
      end
    end
  end
  local rows = {}
  for i, entry in ipairs(list) do
    if entry.problem then
      rows[i] = { entry.title, "failed: " .. entry.problem }
    else
      rows[i] = {
        entry.title, report.with_spread(report.spread(entry.rates), "%.0f"), ("%.3f"):format(median(entry.rates) / ideal),
        list[1].problem and "" or ("%.3f"):format(median(entry.rates) / median(list[1].rates)),
        ("%.3f"):format(median(entry.p50)), report.with_spread(report.spread(entry.p99), "%.3f"),
      }
    end
  end
  report.table({ "", "a second", "/ ideal", "/ service itself", "trivial p50 ms", "p99 ms" }, rows)
  local ours = find(list, "frontdesk")
  if ours then
    local part, p99 = median(ours.rates) / ideal, median(ours.p99)
    tools.verdict { "nginx: a service of 50 ms", "frontdesk / ideal", ("%.3f"):format(part), ("%.2f"):format(AIMS.ideal), part >= AIMS.ideal }
    tools.verdict { "nginx: a trivial location meanwhile", "p99", ("%.3f ms"):format(p99), ("under %d ms"):format(AIMS.p99), p99 < AIMS.p99 }
  end
  return not any_failed(list)
end

--- The worker's memory before and after many calls; a cosocket's shows what nginx itself does.
-- All connections have been in use at once before the first look: what that takes is kept, and is no growth.
function gateway.memory(tools, front, _, handler)
  local made, rows = 0, {}
  local function call(speed)
    local url = ("%s/%s/%s"):format(front.url, handler, speed)
    local result = assert(read_wrk(process.output(wrk(tools, front, url, 1, CONNECTIONS) .. " 2>&1")))
    made = made + result.requests
  end
  local function call_until(count)
    while made < count do
      call "fast"
    end
  end
  local function look(title)
    local heap = http.request(front.url .. "/worker/heap")
    rows[#rows + 1] = { title, ("%d"):format(made), ("%d"):format(resident(front.worker)), heap }
    return resident(front.worker)
  end
  look "fresh"
  call "slow" -- a second's worth of either
  call "fast"
  made = 0
  local before = look "warm"
  call_until(CALLS / 2)
  look "half of the calls"
  call_until(CALLS)
  local growth = (look "all of the calls" / before - 1) * 100
  print(("\nnginx: the worker's memory over %d calls: %s"):format(made, handler))
  report.table({ "", "calls", "VmRSS KB", "Lua heap KB" }, rows)
  tools.verdict { ("nginx: the worker's memory, %d calls"):format(made), handler .. ": growth", ("%+.1f %%"):format(growth),
    ("under %d %%"):format(AIMS.growth), growth < AIMS.growth }
  return true
end

--- Runs those that are wanted.
---@param tools table see main.lua
---@return boolean done
function gateway.run(tools)
  local service = upstream.start()
  tools.pin(service)
  local front
  local ok, done = pcall(function()
    local done = true
    for _, job in ipairs { { "nginx" }, { "wait" }, { "memory", "cosocket" }, { "memory", "frontdesk" } } do
      local name, handler = job[1], job[2]
      if tools.wanted[name] then
        front = start(service) -- a fresh worker for each
        tools.pin(front, "client")
        done = gateway[name](tools, front, service, handler) and done
        local log = front:log()
        local line = log:match "[^\n]*%[error%][^\n]*" or log:match "[^\n]*%[alert%][^\n]*"
        if line then
          print("  the worker's log: " .. line)
          done = false
        end
        front:stop()
      end
    end
    return done
  end)
  if front then
    front:stop()
  end
  service:stop()
  return assert(ok, done) and done
end

return gateway
