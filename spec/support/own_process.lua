--- What a script of support.script can do to itself.
local own = {}

--- Makes a value whose finalizer is the function, on every Lua.
---@param fn function
function own.finalized(fn)
  if rawget(_G, "newproxy") then
    local proxy = newproxy(true) -- luacheck: ignore 113
    getmetatable(proxy).__gc = fn
    return proxy
  end
  return setmetatable({}, { __gc = fn })
end

--- From here on the collector does a whole round wherever it is asked to look: at every allocation
-- that an API function or an instruction makes.
function own.collect_always()
  collectgarbage "restart"
  if rawget(_G, "jit") then
    require("jit").off() -- a trace that has to collect before its first step would be left and begun again for ever
    collectgarbage("setpause", 0)
    collectgarbage("setstepmul", 0) -- no limit to a step
    return
  end
  collectgarbage("incremental", 1, 1000, 100) -- steps of 2^100 bytes
  collectgarbage("setpause", 0)
end

--- As at the start.
function own.collect_as_usual()
  if rawget(_G, "jit") then
    require("jit").on()
    collectgarbage("setpause", 200)
    collectgarbage("setstepmul", 200)
    return
  end
  collectgarbage("incremental", 200, 100, 13)
end

--- Collects all there is, finalized values included.
function own.collect_all()
  if rawget(_G, "jit") then
    require("jit").flush() -- compiled code holds on to the values that it was compiled for
  end
  for _ = 1, 4 do
    collectgarbage()
  end
end

--- How many files this process has open.
---@return integer
function own.open_files()
  local path = os.tmpname()
  os.execute("ls /proc/$PPID/fd | wc -l >" .. path) -- popen's own pipe would be in the way
  local file = assert(io.open(path))
  local count = tonumber(file:read "*a")
  file:close()
  os.remove(path)
  return count
end

--- A line of /proc/self/status.
---@param name string
---@return string
function own.status(name)
  for line in io.lines "/proc/self/status" do
    local value = line:match("^" .. name .. ":%s*(.*)$")
    if value then
      return value
    end
  end
end

--- Prints what a call raises, without where; "allowed" when it does not.
function own.raised(fn, ...)
  local ok, message = pcall(fn, ...)
  return ok and "allowed" or (tostring(message):gsub("^[^ ]+:%d+: ", ""))
end

return own
