-- coverage.lua: counts which lines of lua/frontdesk run. Lua 5.4 loads it before anything else
-- (LUA_INIT_5_4), in the processes that specs start as well. At the end each process leaves a file
-- with lines "FILE LINE" in the folder FRONTDESK_COVERAGE; coverage_report.lua adds them up.
local folder = os.getenv "FRONTDESK_COVERAGE"
local getinfo, sethook = debug.getinfo, debug.sethook

local files = {} -- name -> line -> true
local lines_of = setmetatable({}, { __mode = "k" }) -- function -> its file's lines, or false

local function lines_for(fn)
  local name = getinfo(fn, "S").source:match "^@.*(lua/frontdesk/.*)$"
  local lines = name and (files[name] or {}) or false
  if name then
    files[name] = lines
  end
  lines_of[fn] = lines
  return lines
end

local function count(_, line)
  local fn = getinfo(2, "f").func
  local lines = lines_of[fn]
  if lines == nil then
    lines = lines_for(fn)
  end
  if lines then
    lines[line] = true
  end
end

-- A hook belongs to one coroutine.
local create = coroutine.create
function coroutine.create(fn) -- luacheck: ignore
  local thread = create(fn)
  sethook(thread, count, "l")
  return thread
end

function coroutine.wrap(fn) -- luacheck: ignore
  local thread = coroutine.create(fn)
  local function pass(good, ...)
    if good then
      return ...
    end
    coroutine.close(thread)
    error((...), 0)
  end
  return function(...)
    return pass(coroutine.resume(thread, ...))
  end
end

-- Specs that set hooks of their own take them away again; ours comes back then.
function debug.sethook(...) -- luacheck: ignore
  sethook(...)
  local thread, hook = ...
  if type(thread) ~= "thread" then
    thread, hook = coroutine.running(), thread
  end
  if not hook then
    sethook(thread, count, "l")
  end
end

local left = false
local function leave()
  if left then
    return
  end
  left = true
  sethook()
  local name = os.tmpname()
  os.remove(name)
  local out = io.open(folder .. "/" .. name:match "[^/]+$", "w")
  for file, lines in pairs(files) do
    for line in pairs(lines) do
      out:write(file, " ", line, "\n")
    end
  end
  out:close()
end

local exit = os.exit
function os.exit(...) -- luacheck: ignore
  leave()
  exit(...)
end

-- For those who come to their end; the registry goes last.
debug.getregistry()["frontdesk.coverage"] = setmetatable({}, { __gc = leave })
sethook(count, "l")
