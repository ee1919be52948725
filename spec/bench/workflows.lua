--- The bench's workflows: many calls at once to a slow service, and memory while a long list is read.

local report = require "bench.report"
local upstream = require "bench.upstream"

local workflows = {}

local CALLS, SECONDS = 200, 0.2 -- of the service that is slow
local AIM = 0.210
local FLAT = 5 -- percent by which the peak may grow between a tenth and the whole

--- 200 calls at once to a service that takes 0.2 seconds.
---@param tools table see main.lua
---@param service table the upstream
---@return boolean done
function workflows.slow(tools, service)
  local base_url = ("%s/slow/%d"):format(service.url, SECONDS * 1000)
  local rounds, failed = math.min(tools.rounds, 5), false
  local clients = { { title = "C on libcurl: the multi loop", again = {}, cpu = {} } }
  for _, lua in ipairs(tools.luas) do
    clients[#clients + 1] = { title = lua[2] .. ": frontdesk.map", abi = lua[1], first = {}, again = {}, cpu = {} }
  end
  for _ = 1, rounds do
    for _, client in ipairs(clients) do
      local said
      if client.abi then
        said, client.problem = tools.run(tools.lua_command(client.abi, "workflow_client.lua", "slow", base_url, CALLS))
      else
        said, client.problem = tools.run(tools.c_command("limit", "multi", CALLS, base_url, "get", CALLS))
      end
      local times = {}
      for time in (said or ""):gmatch "%S+" do
        times[#times + 1] = tonumber(time)
      end
      if client.abi then
        table.insert(client.first, table.remove(times, 1))
      end
      table.insert(client.again, times[1])
      table.insert(client.cpu, times[2] and times[2] * 1000)
    end
  end
  print(("\n%d calls at once to a service that takes %d ms (%d rounds)"):format(CALLS, SECONDS * 1000, rounds))
  local rows = {}
  for i, client in ipairs(clients) do
    if client.problem then
      rows[i], failed = { client.title, "failed: " .. client.problem }, true
    else
      local again = report.spread(client.again)
      rows[i] = {
        client.title, client.abi and report.with_spread(report.spread(client.first), "%.3f") or "",
        report.with_spread(again, "%.3f"), ("%.1f"):format(report.spread(client.cpu).median),
      }
      if client.abi then
        tools.verdict { ("%d calls at once, %d ms each"):format(CALLS, SECONDS * 1000), client.title,
          report.with_spread(again, "%.3f s"), ("under %.3f s"):format(AIM), again.median < AIM }
      end
    end
  end
  report.table({ "", "s, new connections", "s, kept connections", "CPU ms" }, rows)
  return not failed
end

--- Memory while a long list is read.
---@param tools table see main.lua
---@param service table the upstream
---@return boolean done
function workflows.pages(tools, service)
  local items = math.floor((tonumber(os.getenv "PAGES") or (tonumber(os.getenv "ITEMS") or 100000) / 50)) * 50
  local rows, failed = {}, false
  for _, lua in ipairs(tools.luas) do
    local said, problem = tools.run(tools.lua_command(lua[1], "workflow_client.lua", "pages",
      ("%s/pages/%d"):format(service.url, items), items))
    local title = lua[2] .. ": contacts:each"
    if not said then
      rows[#rows + 1], failed = { title, "failed: " .. problem }, true
    else
      local peaks, heaps, seconds = {}, {}, nil
      for percent, peak, heap, at in said:gmatch "(%d+) (%d+) (%d+) (%S+)\n" do
        peaks[percent], heaps[percent], seconds = tonumber(peak), tonumber(heap), tonumber(at)
      end
      local row = { title }
      for _, percent in ipairs { "0", "10", "50", "100" } do
        row[#row + 1] = ("%d / %d"):format(peaks[percent], heaps[percent])
      end
      local growth = (peaks["100"] / peaks["10"] - 1) * 100
      row[#row + 1], row[#row + 2] = ("%+.1f"):format(growth), ("%.0f"):format(items / seconds)
      rows[#rows + 1] = row
      tools.verdict { ("memory while %d contacts are read"):format(items), title,
        ("%+.1f %% from 10 to 100 %%"):format(growth), ("flat, under %d %%"):format(FLAT), growth < FLAT }
    end
  end
  print(("\nmemory while %d contacts are read, 50 a page: KB at most so far / KB of Lua's heap"):format(items))
  report.table({ "", "at 0 %", "10 %", "50 %", "100 %", "growth %", "contacts a second" }, rows)
  return not failed
end

--- Runs those of the two that are wanted.
---@param tools table see main.lua
---@return boolean done
function workflows.run(tools)
  local service = upstream.start()
  tools.pin(service)
  local ok, done = pcall(function()
    local done = true
    for _, name in ipairs { "slow", "pages" } do
      if tools.wanted[name] then
        done = workflows[name](tools, service) and done
      end
    end
    return done
  end)
  service:stop()
  return assert(ok, done) and done
end

return workflows
