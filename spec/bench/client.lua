--- One client does one job and says how long it took.
--
--   lua client.lua PEER versions
--   lua client.lua PEER JOB COUNT BASE_URL [FLIGHT]
--
-- Prints seconds and CPU seconds (user and system) of COUNT turns; what comes
-- before, a warm-up and the check that the answers are right, is not counted.
-- Ends with status 1 and a sentence when the peer is not to be had or fails.

local name, job, count, base_url, flight = arg[1], arg[2], tonumber(arg[3]), arg[4], tonumber(arg[5])

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
local context = { base_url = base_url, flight = flight, work = work }

-- The answer is checked by lua-cjson, which is also what all peers decode with;
-- so nothing of frontdesk judges frontdesk.
local decode = require("cjson").decode

local ok, message = pcall(function()
  if job == "post" then
    -- Once, the server looks into the contact that this client sends.
    local checked = peer.post { base_url = base_url .. "/check", work = work }
    assert(checked() == true, "the contact did not arrive")
  end
  local turn = assert(peer[job], "cannot do " .. job)(context)
  if work.files[job] then
    work.check(job, turn(), decode)
  elseif context.check then
    context.check(turn, decode)
  end
  local warm_up = math.floor(count / 10) + 1
  local run = context.many and turn or function(times)
    for _ = 1, times do
      turn()
    end
  end
  run(warm_up)
  collectgarbage()
  local start, cpu_start = now(), clock()
  run(count)
  local cpu, wall = clock() - cpu_start, now() - start
  print(("%.6f %.6f"):format(wall, cpu))
  if work.files[job] then
    work.check(job, turn(), decode)
  end
end)
if not ok then
  fail(message)
end
