--- The bench: runs every client on every job, in turn and in rounds, and compares.
--
--   main.lua FOLDER PROGRAMS     a private folder for the server, the folder of the C programs
--
-- ROUNDS (7), COUNT (requests of a client in a round, 3000) and FLIGHT (100) come
-- from the environment. Each measurement is a process of its own that measures
-- its own loop after a warm-up; in a round all clients have their turn one after
-- the other, so what disturbs the machine disturbs all of them. INSTRUCTIONS=1
-- adds a column, which takes some twenty minutes and needs valgrind: the instructions
-- of the client's own code for one request, without the kernel's; they hardly vary.
-- JOBS names the jobs to do, where not all are wanted.

local machine = require "bench.machine"
local peers = require "bench.peers"
local process = require "frontdesk.sandbox.process"
local rates = require "bench.rates"
local results = require "bench.results"
local server = require "bench.server"
local work = require "bench.work"

local ROUNDS = tonumber(os.getenv "ROUNDS") or 7
local COUNT = tonumber(os.getenv "COUNT") or 3000
local INSTRUCTIONS = os.getenv "INSTRUCTIONS" == "1"

-- Jobs that measure other things than the rate of one process, and what has them.
local OTHERS = {
  { "bench.footprint", "require idle" },
  { "bench.workflows", "slow pages" },
  { "bench.gateway", "nginx wait memory" },
}

-- The names of the jobs to do; JOBS must name known ones.
local function wanted_jobs()
  local known, names = {}, {}
  for _, job in ipairs(rates.JOBS) do
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

local function write_headers(name, more)
  assert(process.write_file(machine.folder .. "/" .. name, ("User-Agent: %s\nAccept: application/json\nAuthorization: %s\n%s")
    :format(work.user_agent, work.authorization, more)))
end

local running = server.start(machine.folder, require("cjson").encode(work.contact), machine.pin_server)
write_headers("headers", "")
write_headers("headers_of_posts", "Content-Type: application/json\n")

print(("frontdesk bench: %d rounds, medians (least-greatest)"):format(ROUNDS))
print(("  %s; %s"):format(running.version, machine.pinning))
local load = tonumber((process.read_file "/proc/loadavg" or ""):match "^%S+") or 0
if load > 0.5 then
  print(("  the machine is busy (load %.1f): rates will vary, go by CPU"):format(load))
end

local failed, clients = false, nil
for _, job in ipairs(rates.JOBS) do
  if wanted[job[1]] then
    clients = clients or peers.find()
    local count = math.max(1, math.floor(COUNT * job.share + 0.5))
    local list = rates.run(running, job, clients[job[1]] or {}, { rounds = ROUNDS, count = count, instructions = INSTRUCTIONS })
    failed = not results.print(job, list, ROUNDS, count, INSTRUCTIONS) or failed
  end
end

-- What the other jobs work with.
local tools = {
  wanted = wanted, rounds = ROUNDS, luas = peers.LUAS, verdict = results.verdict, server = running, clean_command = machine.clean_command,
  run = machine.run, lua_command = machine.lua_command, server_pin = machine.pin_server, pin = machine.pin_workers,
  c_command = machine.c_command,
}
for _, other in ipairs(OTHERS) do
  if is_any_wanted(other[2]) then
    failed = not require(other[1]).run(tools) or failed
  end
end

results.print_summary()
os.exit(failed and 1 or 0)
