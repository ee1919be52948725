--- One workflow in one process, timed by itself.
--
--   lua workflow_client.lua slow BASE_URL COUNT    so many calls at once, on new connections and then on those
--   lua workflow_client.lua pages BASE_URL ITEMS   all contacts of a list, one by one
--
-- slow prints the seconds of both, and the CPU seconds of the second. pages prints a line at 0, 10, 50 and
-- 100 %: the most kilobytes that the process ever had (VmHWM), those of Lua's heap, and the seconds.

local frontdesk = require "frontdesk"
local work = require "bench.work"
local now = require("socket").gettime

local job, base_url, count = arg[1], arg[2], tonumber(arg[3])
local omicall = frontdesk.omicall { base_url = base_url, token = work.token, max_in_flight = 1000 }

local function slow()
  local ids = {}
  for i = 1, count do
    ids[i] = work.id
  end
  local function all()
    local start, cpu_start = now(), os.clock()
    local values, errors = frontdesk.map(ids, function(id) return omicall.contacts:get(id) end, { concurrency = count })
    local seconds, cpu = now() - start, os.clock() - cpu_start
    for i = 1, count do
      assert(values[i] and values[i].public_id == work.id, errors[i])
    end
    return seconds, cpu
  end
  local first = all()
  collectgarbage()
  print(("%.6f %.6f %.6f"):format(first, all()))
end

local function peak()
  local file = assert(io.open "/proc/self/status")
  local text = file:read "*a"
  file:close()
  return tonumber(text:match "VmHWM:%s*(%d+)")
end

local function pages()
  local start, seen, sum = now(), 0, 0
  local function say(percent)
    local most = peak() -- before the collection, which needs memory itself
    collectgarbage()
    collectgarbage()
    print(("%d %d %.0f %.3f"):format(percent, most, collectgarbage "count", now() - start))
  end
  local marks = { [math.floor(count / 10)] = 10, [math.floor(count / 2)] = 50 }
  say(0)
  frontdesk.run(function()
    for contact, err in omicall.contacts:each { size = 50, keyword = work.query.keyword } do
      assert(contact, err)
      seen, sum = seen + 1, sum + tonumber(contact.public_id:match "%d+")
      if marks[seen] then
        say(marks[seen])
      end
    end
  end)
  assert(seen == count and sum == count * (count + 1) / 2, "not every contact came once")
  say(100)
end

local ok, message = pcall(job == "slow" and slow or pages)
if not ok then
  io.stderr:write(job, ": ", tostring(message), "\n")
  os.exit(1)
end
