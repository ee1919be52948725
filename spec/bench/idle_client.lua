--- Many clients in one process, kept and left alone.
--
--   lua idle_client.lua new|used BASE_URL COUNT
--
-- Prints the bytes of Lua's heap and of the process for each of COUNT clients, which have
-- made one call each or none, and the number of the process's threads at the end. What
-- the first client of a service brings with it is there before, and not counted.

local frontdesk = require "frontdesk"
local work = require "bench.work"

local way, base_url, count = arg[1], arg[2], tonumber(arg[3])

local function status(name)
  local file = assert(io.open "/proc/self/status")
  local text = file:read "*a"
  file:close()
  return tonumber(text:match("\n" .. name .. ":%s*(%d+)"))
end

local function heap()
  for _ = 1, 4 do -- what a collection finalizes, another frees
    collectgarbage()
  end
  return collectgarbage "count" * 1024
end

local function new_client()
  local omicall = frontdesk.omicall { base_url = base_url, token = work.token }
  if way == "used" then
    assert(assert(omicall.contacts:get(work.next_id())).public_id == work.id)
  end
  return omicall
end

local first = new_client()
assert(first.contacts:get(work.id)) -- so that the engine is there, and a thread if there were any
local clients = {}
for i = 1, count do
  clients[i] = false
end
local before, resident = heap(), status "VmRSS"
for i = 1, count do
  clients[i] = new_client()
end
local after = heap()
print(("%.0f %.0f %d"):format((after - before) / count, (status "VmRSS" - resident) * 1024 / count, status "Threads"))
assert(#clients == count and first)
