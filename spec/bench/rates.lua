--- The jobs that are measured as a rate: each client's turns, one after the other, round by round.

local machine = require "bench.machine"
local process = require "frontdesk.sandbox.process"
local report = require "bench.report"
local wire = require "bench.wire"
local work = require "bench.work"

local rates = {}

local FLIGHT = tonumber(os.getenv "FLIGHT") or 100
local COUNTINGS = 3
local GETS = 5 / 3 -- 5,000 where COUNT is 3,000

-- share: of COUNT; listener: of the server's; way: of the C programs.
rates.JOBS = {
  { "get", "sequential small GETs, decoded", share = 1, listener = "plain", way = "easy" },
  { "page", ("a search page of %d bytes, decoded"):format(#work.files.page), share = 1 / 6, listener = "plain", way = "easy" },
  { "post", "POSTs of a contact of 16 fields, encoded", share = 1, listener = "plain", way = "easy" },
  { "many", ("small GETs, %d in flight, decoded"):format(FLIGHT), share = GETS, listener = "plain", way = "multi" },
  { "tls", ("small GETs, %d in flight, HTTP/2 over TLS"):format(FLIGHT), share = GETS, listener = "tls", way = "multi" },
  { "decode", "JSON alone: decoding the page", share = 1 / 5 },
  { "answer", "JSON alone: decoding the answer to a small GET", share = 20 },
  { "encode", "JSON alone: encoding the contact", share = 10 },
}

-- What runs a client's turns at a listener.
local function command(server, client, job, count, listener, ca_file)
  local base_url = server[listener or job.listener]
  ca_file = job.listener == "tls" and (ca_file or server.ca_file) or nil
  if client.program then
    return machine.c_command(client.program, client.way, count, base_url, job[1], job.way == "multi" and FLIGHT or nil, ca_file)
  end
  return machine.lua_command(client.abi, "client.lua", client.name, job[1], count, base_url or "", FLIGHT, ca_file)
end

-- Whether a client looks at the server's certificate: with another authority nothing may come of it.
local function check_trust(server, client, job)
  if not client.problem and machine.run(command(server, client, job, 1, nil, server.stranger_file)) then
    client.problem = "takes a certificate of somebody else"
  end
end

-- One turn of a client: appends the rate, the CPU time of a request and the number of connections.
local function measure(server, client, job, count)
  local before = server:counts()
  local said, problem = machine.run(command(server, client, job, count))
  if not said then
    client.problem = problem
    return
  end
  local after = server:counts()
  local wall, cpu, made = said:match "^(%S+) (%S+) (%d+)"
  local arrived = after.requests - before.requests
  if job.listener and arrived ~= tonumber(made) then
    client.problem = ("made %d requests, of which the server saw %d"):format(made, arrived)
    return
  end
  table.insert(client.rates, count / tonumber(wall))
  table.insert(client.cpus, tonumber(cpu) / count * 1e6)
  table.insert(client.connections, after.connections - before.connections)
end

-- The turns that a process takes of which COUNT are measured.
local function turns(count)
  return count + math.floor(count / 10) + 1
end

-- What a client executes in a run, as valgrind counts it; nil when it cannot.
local function instructions_of(server, client, job, count)
  local said = process.output("valgrind --tool=callgrind --callgrind-out-file=/dev/null --trace-children=yes "
    .. command(server, client, job, count) .. " 2>&1")
  local total
  for collected in said:gmatch "Collected : (%d+)" do
    total = tonumber(collected)
  end
  return total
end

-- Instructions of one turn: those of a long run less those of a short one. Lua seeds its
-- hashes anew in each process and LuaJIT chooses its traces, so some pairs are taken.
local function count_instructions(server, client, job)
  local short = job.share < 1 and 20 or 300
  local counted = {}
  for i = 1, COUNTINGS do
    local less, more = instructions_of(server, client, job, short), instructions_of(server, client, job, short * 3)
    counted[i] = less and more and (more - less) / (turns(short * 3) - turns(short))
  end
  return counted[COUNTINGS] and report.spread(counted)
end

--- Lets all clients do a job.
---@param server table
---@param job table one of JOBS
---@param clients table[]
---@param options { rounds: integer, count: integer, instructions: boolean }
---@return table[] list the clients with what was measured, the limit before them
function rates.run(server, job, clients, options)
  local list = {}
  if job.way then
    list[1] = { program = "limit", way = job.way, title = ("C on libcurl: the %s loop"):format(job.way) }
    list[2] = { program = "limit", way = "parsed-" .. job.way, title = "C on libcurl: with its URL kept parsed" }
    list[3] = { program = "engine", way = job.way, title = "C on frontdesk's engine" }
  end
  for _, client in ipairs(clients) do
    list[#list + 1] = client
  end
  for _, client in ipairs(list) do
    client.rates, client.cpus, client.connections = {}, {}, {}
    if job.listener then
      wire.look(server, client, list[1], job, command(server, client, job, 1, job.listener .. "_seen"))
    end
    if job.listener == "tls" then
      check_trust(server, client, job)
    end
  end
  for round = 1, options.rounds do
    for turn = 1, #list do -- another begins each round
      local client = list[(round + turn - 2) % #list + 1]
      if not client.problem then
        measure(server, client, job, options.count)
      end
    end
  end
  for _, client in ipairs(options.instructions and list or {}) do
    client.instructions = not client.problem and count_instructions(server, client, job) or nil
  end
  return list
end

return rates
