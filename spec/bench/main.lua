--- The bench: runs every client on every job, in turn and in rounds, and compares.
--
--   main.lua FOLDER LIMIT     a private folder for the server, the C program
--
-- ROUNDS (7), COUNT (requests of a client in a round, 3000) and FLIGHT (100) come
-- from the environment. Each measurement is a process of its own that measures
-- its own loop after a warm-up; in a round all clients have their turn one after
-- the other, so what disturbs the machine disturbs all of them. INSTRUCTIONS=1
-- adds a column, which takes minutes and needs valgrind: the instructions of the
-- client's own code for one request, without the kernel's; they hardly vary.
-- JOBS names the jobs to do, where not all are wanted.

local process = require "frontdesk.sandbox.process"
local report = require "bench.report"
local server = require "bench.server"
local work = require "bench.work"

local folder, limit = arg[1], arg[2]
local root = process.output("pwd -P"):match "[^\n]+"
local ROUNDS = tonumber(os.getenv "ROUNDS") or 7
local COUNT = tonumber(os.getenv "COUNT") or 3000
local FLIGHT = tonumber(os.getenv "FLIGHT") or 100
local INSTRUCTIONS = os.getenv "INSTRUCTIONS" == "1"

-- The rate is compared with a peer's or, where none is named, with the limit's.
local AIMS = {
  get = { 0.90 },
  page = { 1.6, over = "libcurl" },
  post = { 0.95 },
  many = { 0.95 },
  decode = { 2.0, over = "cjson" },
  encode = { 2.0, over = "cjson" },
}

local JOBS = {
  { "get", "sequential small GETs, decoded", share = 1 },
  { "page", ("a search page of %d bytes, decoded"):format(#work.files.page), share = 1 / 6 },
  { "post", "POSTs of a contact of 16 fields, encoded", share = 1 },
  { "many", ("small GETs, %d in flight, decoded"):format(FLIGHT), share = 2 },
  { "decode", "JSON alone: decoding the page", share = 1 / 5 },
  { "encode", "JSON alone: encoding the contact", share = 10 },
}

-- Those that measure other things than the rate of one process, and what has them.
local OTHERS = {
  { "bench.workflows", "slow pages" },
  { "bench.gateway", "nginx wait memory" },
}

-- role: what a client is in the comparison; frontdesk's rows are measured against the aims.
local PEERS = {
  { "frontdesk", "frontdesk, the whole client", role = "frontdesk", jobs = "get page post" },
  { "lua_curlv3", "Lua-cURLv3 + lua-cjson", role = "libcurl", jobs = "get page post" },
  { "lua_curl", "lua-curl + lua-cjson", role = "libcurl", jobs = "get page post" },
  { "engine_cjson", "frontdesk's engine + lua-cjson, bare", role = "libcurl", jobs = "get page post" },
  { "lua_http", "lua-http + lua-cjson", jobs = "get page post" },
  { "luasocket", "luasocket + lua-cjson", jobs = "get page post" },
  { "engine", "frontdesk's engine", role = "frontdesk", jobs = "many" },
  { "frontdesk", "frontdesk.map, the whole client", role = "frontdesk", jobs = "many", aim = 0.93 },
  { "frontdesk", "frontdesk.json", role = "frontdesk", jobs = "decode encode" },
  { "frontdesk_checked", "frontdesk, with the field checks", jobs = "encode" },
  { "cjson", "lua-cjson", role = "cjson", jobs = "decode encode" },
}
local LUAS = { { "lua5.4", "Lua 5.4" }, { "luajit", "LuaJIT" } }

-- One processor for the clients and one for the server, where there are two.
local function pins()
  if process.run "command -v taskset >/dev/null 2>&1" ~= 0 then
    return {}, "not pinned: there is no taskset"
  end
  local allowed = {}
  local text = (process.read_file "/proc/self/status" or ""):match "Cpus_allowed_list:%s*(%S+)" or "0"
  for first, last in text:gsub("(%d+)(%-?%d*)", function(a, b) return a .. (b == "" and "-" .. a or b) end)
    :gmatch "(%d+)%-(%d+)" do
    for cpu = tonumber(first), tonumber(last) do
      allowed[#allowed + 1] = cpu
    end
  end
  if #allowed < 2 then
    return {}, "not pinned: there is one processor"
  end
  local mine, its = allowed[1], allowed[2]
  return { client = mine, server = its }, ("clients pinned to processor %d, nginx to %d"):format(mine, its)
end

local processors, pinning = pins()

local function pin_of(who)
  return processors[who] and ("taskset -c %d "):format(processors[who]) or ""
end

local pin_client, pin_server = pin_of "client", pin_of "server"

-- Pins the workers of a server of spec/support; it is a "client" where it is what is measured.
local function pin_workers(httpd, who)
  for _, pid in ipairs(httpd:workers()) do
    process.run(pin_server ~= "" and ("taskset -cp %d %d >/dev/null"):format(processors[who or "server"], pid) or "true")
  end
end

-- Runs a command; gives what it printed, or nil and its complaint.
local function run(command)
  local said = folder .. "/said"
  local pipe = assert(io.popen(pin_client .. command .. " 2>" .. process.quote(said)))
  local text = pipe:read "*a"
  if pipe:close() then
    return text
  end
  return nil, ((process.read_file(said) or ""):match "[^\n]+" or "ended without a word")
end

-- Clients see a clean environment: no proxy, profile or Lua path of the person at the keyboard.
local function lua_command(abi, script, ...)
  local words = {
    "env", "-i", "PATH=" .. (os.getenv "PATH" or ""), "HOME=" .. folder, "LC_ALL=C",
    "LUA_CURLV3=" .. (os.getenv "LUA_CURLV3" or ""),
    ("LUA_PATH=%s/lua/?.lua;%s/lua/?/init.lua;%s/spec/?.lua;;"):format(root, root, root),
    ("LUA_CPATH=%s/build/%s/?.so;;"):format(root, abi),
    abi, root .. "/spec/bench/" .. script, ...,
  }
  for i, word in ipairs(words) do
    words[i] = process.quote(tostring(word))
  end
  return table.concat(words, " ")
end

local base_url

-- The C program's command: its way, how often, where, and a file to send or how many at a time.
local function c_command(way, count, url, answer, more)
  local words = { limit, way, count, url, work.authorization, folder .. "/" .. answer, more }
  for i, word in ipairs(words) do
    words[i] = process.quote(tostring(word))
  end
  return table.concat(words, " ")
end

local SENT = { page = "query", post = "contact" }

local function limit_command(job, count)
  if job == "many" then
    return c_command("multi", count, base_url .. work.paths.get, "get", FLIGHT)
  end
  return c_command("easy", count, base_url .. work.paths[job], job, SENT[job] and folder .. "/" .. SENT[job])
end

-- Why a peer is not to be had, in a few words.
local function reason(problem)
  return problem:match "module '[^']+' not found" or problem:gsub("^[%w_]+: ", "")
end

-- The clients that can be had, and which of them do a job.
local function find_clients()
  local clients, absent = {}, {}
  local version = assert(run(process.quote(limit) .. " version")):match "^%S+ %S+"
  print("  C on " .. version)
  for _, lua in ipairs(LUAS) do
    local abi, title = lua[1], lua[2]
    print("  " .. title .. ": " .. (process.output(abi .. " -v 2>&1"):match "[^\n]+" or "?"):gsub(" *%-?%- *Copyright.*", "")
      :gsub(" +Copyright.*", ""))
    for _, peer in ipairs(PEERS) do
      local said, problem = run(lua_command(abi, "client.lua", peer[1], "versions"))
      if said then
        local known = said:match "[^\n]+"
        for job in peer.jobs:gmatch "%S+" do
          clients[job] = clients[job] or {}
          table.insert(clients[job], { abi = abi, lua = title, name = peer[1],
            title = title .. ": " .. peer[2], role = peer.role, aim = peer.aim })
        end
        print(("    %s: %s"):format(peer[2], known))
      else
        absent[#absent + 1] = ("%s: %s (%s)"):format(title, peer[2], reason(problem))
      end
    end
  end
  for _, line in ipairs(absent) do
    print("  left out, not to be had: " .. line)
  end
  return clients
end

-- One turn of a client: appends the rate and the CPU time of a request.
local function measure(client, job, count)
  local command = client.limit and limit_command(job, count) or lua_command(client.abi, "client.lua", client.name, job, count, base_url, FLIGHT)
  local said, problem = run(command)
  if not said then
    client.problem = problem
    return
  end
  local wall, cpu = said:match "^(%S+) (%S+)"
  table.insert(client.rates, count / tonumber(wall))
  table.insert(client.cpus, tonumber(cpu) / count * 1e6)
end

-- The turns that a process takes of which COUNT are measured.
local function turns(count)
  return count + math.floor(count / 10) + 1
end

-- Instructions of one turn: those of a long run less those of a short one.
local function count_instructions(client, job, share)
  local short = share < 1 and 20 or 300
  local totals = {}
  for i, count in ipairs { short, short * 3 } do
    local words = client.limit and limit_command(job, count)
      or lua_command(client.abi, "client.lua", client.name, job, count, base_url, FLIGHT)
    local said = process.output("valgrind --tool=callgrind --callgrind-out-file=/dev/null --trace-children=yes " .. words .. " 2>&1")
    for collected in said:gmatch "Collected : (%d+)" do
      totals[i] = tonumber(collected)
    end
  end
  return totals[1] and totals[2] and (totals[2] - totals[1]) / (turns(short * 3) - turns(short))
end

local function run_job(job, clients)
  local name, count = job[1], math.max(1, math.floor(COUNT * job.share))
  local list = {}
  if name ~= "decode" and name ~= "encode" then
    list[1] = { limit = true, role = "limit", title = name == "many" and "C on libcurl: the multi loop" or "C on libcurl: the easy loop" }
  end
  for _, client in ipairs(clients) do
    list[#list + 1] = client
  end
  for _, client in ipairs(list) do
    client.rates, client.cpus = {}, {}
  end
  for _ = 1, ROUNDS do
    for _, client in ipairs(list) do
      if not client.problem then
        measure(client, name, count)
      end
    end
  end
  for _, client in ipairs(INSTRUCTIONS and list or {}) do
    client.instructions = not client.problem and count_instructions(client, name, job.share) or nil
  end
  return list, count
end

-- What a client is compared with: the limit, or lua-cjson on the same Lua.
local function reference(list, client)
  for _, other in ipairs(list) do
    if other.limit or (other.role == "cjson" and other.lua == client.lua) then
      return other
    end
  end
end

-- The best client of a role on the same Lua.
local function best(list, client, role)
  local found
  for _, other in ipairs(list) do
    if other.role == role and other.lua == client.lua and not other.problem
      and (not found or report.spread(other.rates).median > report.spread(found.rates).median) then
      found = other
    end
  end
  return found
end

local summary = {}

-- A line of the summary: how far a job is from its aim, which is news and no test.
local function verdict(job, list, client)
  local aim = AIMS[job[1]]
  local other = aim.over and best(list, client, aim.over) or not aim.over and list[1]
  if not other or other.problem then
    return
  end
  local ratio, least = report.ratio(client.rates, other.rates), client.aim or aim[1]
  summary[#summary + 1] = {
    job[2], client.aim and client.title or client.lua, report.with_spread(ratio, "%.2f"),
    ("%.2f"):format(report.ratio(client.cpus, other.cpus).median),
    (other.title:gsub("^[^:]+: ", "")),
    ("aim %.2f: %s"):format(least, ratio.median >= least and "reached" or "not reached"),
  }
end

local function print_job(job, list, count)
  print(("\n%s (%d rounds of %d)"):format(job[2], ROUNDS, count))
  local rows, under = {}, nil
  for _, client in ipairs(list) do
    local base = reference(list, client)
    under = under or (base.limit and "limit" or "lua-cjson")
    if client.problem then
      rows[#rows + 1] = { client.title, "failed: " .. client.problem }
    elseif base.problem then
      rows[#rows + 1] = { client.title, "nothing to compare with" }
    else
      local rate = report.spread(client.rates)
      rows[#rows + 1] = {
        client.title,
        report.with_spread(rate, "%.0f"),
        report.with_spread(report.ratio(client.rates, base.rates), "%.2f"),
        ("%.1f"):format(report.spread(client.cpus).median),
        report.with_spread(report.ratio(client.cpus, base.cpus), "%.2f"),
        client.instructions and ("%.0f"):format(client.instructions),
        client.instructions and base.instructions and ("%.2f"):format(client.instructions / base.instructions),
      }
      if client.role == "frontdesk" then
        verdict(job, list, client)
      end
    end
  end
  local heads = { "", "a second", "rate / " .. under, "CPU us", "CPU / " .. under }
  if INSTRUCTIONS then
    heads[6], heads[7] = "instructions", "/ " .. under
  end
  report.table(heads, rows)
end

local nginx_version
base_url, nginx_version = server.start(folder, require("cjson").encode(work.contact), pin_server)

print(("frontdesk bench: %d rounds, medians (least-greatest)"):format(ROUNDS))
print(("  %s; %s"):format(nginx_version, pinning))
local load = tonumber((process.read_file "/proc/loadavg" or ""):match "^%S+") or 0
if load > 0.5 then
  print(("  the machine is busy (load %.1f): rates will vary, go by CPU"):format(load))
end

-- The names of the jobs to do; JOBS must name known ones.
local function wanted_jobs()
  local known, names = {}, {}
  for _, job in ipairs(JOBS) do
    known[job[1]] = true
    names[#names + 1] = job[1]
  end
  for _, other in ipairs(OTHERS) do
    for name in other[2]:gmatch "%S+" do
      known[name] = true
      names[#names + 1] = name
    end
  end
  local asked = os.getenv "JOBS"
  if not asked or asked == "" then
    return known
  end
  local wanted = {}
  for name in asked:gmatch "[^%s,]+" do
    if not known[name] then
      error(("JOBS: there is no job %s, but %s"):format(name, table.concat(names, ", ")), 0)
    end
    wanted[name] = true
  end
  return wanted
end

local wanted = wanted_jobs()

local function is_any_wanted(names)
  for name in names:gmatch "%S+" do
    if wanted[name] then
      return true
    end
  end
  return false
end

local failed = false
if is_any_wanted "get page post many decode encode" then
  local clients = find_clients()
  for _, job in ipairs(JOBS) do
    if wanted[job[1]] then
      local list, count = run_job(job, clients[job[1]] or {})
      print_job(job, list, count)
      for _, client in ipairs(list) do
        failed = failed or client.problem ~= nil
      end
    end
  end
end

local verdicts = {}

-- What the other jobs work with.
local tools = {
  wanted = wanted, rounds = ROUNDS, luas = LUAS, run = run, lua_command = lua_command, server_pin = pin_server, pin = pin_workers,
  limit_command = function(way, count, url, flight) return c_command(way, count, url, "get", flight) end,
  verdict = function(line)
    line[4], line[5] = ("aim %s: %s"):format(line[4], line[5] and "reached" or "not reached"), nil
    verdicts[#verdicts + 1] = line
  end,
}
for _, other in ipairs(OTHERS) do
  if is_any_wanted(other[2]) then
    failed = not require(other[1]).run(tools) or failed
  end
end

if #summary > 0 then
  print "\nfrontdesk in short"
  report.table({ "", "", "rate", "CPU", "times that of", "" }, summary, { [5] = true, [6] = true })
end
if #verdicts > 0 then
  print "\nfrontdesk at work"
  report.table({ "", "", "measured", "" }, verdicts, { [2] = true, [4] = true })
end
os.exit(failed and 1 or 0)
