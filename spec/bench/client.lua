--- One client does one job and says how long it took.
--
--   lua client.lua PEER versions
--   lua client.lua PEER JOB COUNT BASE_URL FLIGHT [CA_FILE]
--
-- Prints seconds and CPU seconds (user and system) of COUNT turns, without those of
-- a warm-up and of the checks that the answers are right, and how many turns there
-- were in all. Ends with status 1 and a sentence when the peer is not to be had or fails.

local name, job, count = arg[1], arg[2], tonumber(arg[3])

-- os.clock has the CPU time of the process; for the time of day to the
-- microsecond every client borrows luasocket's.
local clock, now = os.clock, require("socket").gettime

local function fail(message)
  io.stderr:write(name, ": ", tostring(message), "\n")
  os.exit(1)
end

local found, peer = pcall(require, "bench.peers." .. name)
if not found then
  fail((tostring(peer):match "^[^\n]+"))
end
if job == "versions" then
  print(peer.version)
  os.exit(0)
end

local work = require "bench.work"
local context = { base_url = arg[4], flight = tonumber(arg[5]), ca_file = arg[6], work = work }

-- The answer is checked by lua-cjson, which is also what all peers decode with;
-- so nothing of frontdesk judges frontdesk.
local decode = require("cjson").decode

-- A peer gives a function that takes one turn and gives what it read, or one that
-- takes so many turns at once, and another that gives what it read last.
local function measure(turn, last)
  local made = 0
  local function run(times)
    made = made + times
    if last then
      return turn(times)
    end
    for _ = 1, times do
      turn()
    end
  end
  local function check()
    made = made + 1
    local value = turn(1)
    work.check(job, last and last() or value, decode)
  end
  check()
  run(math.floor(count / 10) + 1)
  collectgarbage()
  local start, cpu_start = now(), clock()
  run(count)
  local cpu, wall = clock() - cpu_start, now() - start
  check()
  print(("%.6f %.6f %d"):format(wall, cpu, made))
end

local ok, message = pcall(function()
  measure(assert(peer[job], "cannot do " .. job)(context))
end)
if not ok then
  fail(message)
end
