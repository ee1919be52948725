--- What frontdesk takes before it does anything: the time until it is loaded, and the memory of idle clients.

local machine = require "bench.machine"
local process = require "frontdesk.sandbox.process"
local report = require "bench.report"

local footprint = {}

local ROUNDS = 15 -- of whole processes, for each of the bench's rounds
local CLIENTS = 1000
local AIMS = { require = 3, idle = 8192 } -- milliseconds, bytes

local CLIENT = 'require("frontdesk").omicall { base_url = "http://127.0.0.1", token = "token" }'

-- What a process does; from the second on, what it takes more than the first is shown.
local STEPS = {
  { "the Lua alone", "" },
  { "libcurl alone", 'assert(package.loadlib("libcurl.so.4", "*"))' },
  { 'require "frontdesk"', 'require "frontdesk"' },
  { "and a service's client", CLIENT },
  { "and one of its methods", "local method = " .. CLIENT .. ".contacts.get" },
}

-- Milliseconds of wall and CPU of each step, round by round; nil and a problem when one fails.
local function time_steps(tools, abi, steps)
  local words = { machine.root .. "/build/bench/spawn", ROUNDS * tools.rounds }
  for _, step in ipairs(steps) do
    for _, word in ipairs { "--", abi, "-e", step[2] } do
      words[#words + 1] = word
    end
  end
  local said, problem = tools.run(tools.clean_command(abi, table.unpack(words)))
  if not said then
    return nil, problem
  end
  local walls, cpus = {}, {}
  for i in ipairs(steps) do
    walls[i], cpus[i] = {}, {}
  end
  for line in said:gmatch "[^\n]+" do
    local i = 0
    for wall, cpu in line:gmatch "(%d+) (%d+)" do
      i = i + 1
      table.insert(walls[i], wall / 1000)
      table.insert(cpus[i], cpu / 1000)
    end
  end
  return walls, cpus
end

-- Round by round, what one takes more than another.
local function more(over, under)
  local list = {}
  for i = 1, #over do
    list[i] = over[i] - under[i]
  end
  return report.spread(list)
end

-- The modules that a script has loaded whose names begin so.
local function loaded(tools, abi, script, prefix)
  local text = assert(tools.run(tools.clean_command(abi, abi, "-e", script .. ([[

    local names = {}
    for name in pairs(package.loaded) do
      if name:sub(1, %d) == %q then names[#names + 1] = name end
    end
    table.sort(names)
    print(table.concat(names, ", "))
  ]]):format(#prefix, prefix))))
  return text:match "[^\n]*"
end

--- From the start of a process to its end.
---@param tools table see main.lua
---@return boolean done
function footprint.require(tools)
  local rows, lines, done = {}, {}, true
  for _, lua in ipairs(tools.luas) do
    local abi, title = lua[1], lua[2]
    local steps = {}
    for _, step in ipairs(STEPS) do
      if process.run(tools.clean_command(abi, abi, "-e", step[2]) .. " 2>/dev/null") == 0 or step[1]:find "require" then
        steps[#steps + 1] = step
      end
    end
    local walls, cpus = time_steps(tools, abi, steps)
    if not walls then
      rows[#rows + 1], done = { title, "failed: " .. cpus }, false
    else
      for i, step in ipairs(steps) do
        local wall, cpu = report.spread(walls[i]), report.spread(cpus[i])
        if i > 1 then
          wall, cpu = more(walls[i], walls[1]), more(cpus[i], cpus[1])
        end
        rows[#rows + 1] = { title .. ": " .. step[1], (i > 1 and "+ " or "") .. report.with_spread(wall, "%.2f"), report.with_spread(cpu, "%.2f") }
        if step[1]:find "require" then
          tools.verdict { step[1] .. ", cold", title, report.with_spread(wall, "%.2f ms"),
            ("under %d ms"):format(AIMS.require), wall.median < AIMS.require }
        end
      end
      local early = loaded(tools, abi, 'require "frontdesk"', "frontdesk.services.")
      local late = loaded(tools, abi, CLIENT, "frontdesk.services.")
      lines[#lines + 1] = ("  %s: services loaded after require: %s; after the first client: %s"):format(title,
        early == "" and "none" or early, late)
      tools.verdict { "services loaded before they are used", title, early == "" and "none" or early, "none", early == "" }
    end
  end
  print(("\nwhole processes, from start to end (%d rounds)"):format(ROUNDS * tools.rounds))
  report.table({ "", "ms", "CPU ms" }, rows)
  print(table.concat(lines, "\n"))
  return done
end

--- The memory of clients that wait to be used.
---@param tools table see main.lua
---@return boolean done
function footprint.idle(tools)
  local rows, done = {}, true
  for _, lua in ipairs(tools.luas) do
    for _, step in ipairs { { "new", "made" }, { "used", "that made one call each" } } do
      local title = ("%s: %d clients %s"):format(lua[2], CLIENTS, step[2])
      local said, problem = tools.run(tools.lua_command(lua[1], "idle_client.lua", step[1], tools.server.plain, CLIENTS))
      local heap, resident, threads = (said or ""):match "(%d+) (%-?%d+) (%d+)"
      if not heap then
        rows[#rows + 1], done = { title, "failed: " .. (problem or "no figures") }, false
      else
        rows[#rows + 1] = { title, heap, resident, threads }
        tools.verdict { "memory of an idle client", title, heap .. " bytes of Lua",
          ("under %d"):format(AIMS.idle), tonumber(heap) < AIMS.idle }
        tools.verdict { "threads after a call", title, threads, "1", threads == "1" }
      end
    end
  end
  print "\nidle clients of a service, after full collections: bytes of each"
  report.table({ "", "Lua", "the process", "threads" }, rows)
  return done
end

--- Runs those that are wanted.
---@param tools table
---@return boolean done
function footprint.run(tools)
  local done = true
  for _, name in ipairs { "require", "idle" } do
    if tools.wanted[name] then
      done = footprint[name](tools) and done
    end
  end
  return done
end

return footprint
