--- A script in a Lua of its own: a crash there is a failed spec here, which names the signal.
--
--     assert.same({ "fine" }, script.run([[ print "fine" ]]))
--     script.run([[ ... "$url" ... ]], { url = server.url })   -- $NAME stands for a value
--     script.run(source, values, "ulimit -n 64")               -- said to the shell before
--
-- The script sees `own` too, the module support.own_process. What it prints comes back as a list of
-- lines; a script that did not end by itself adds one, "ended with status 1", or "ended by signal 11".
local process = require "support.process"

local script = {}

local SECONDS = 60

---@param source string
---@param values? table<string, any>
---@param before? string
---@return string[] lines
function script.run(source, values, before)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write('local own = require "support.own_process"; ', (source:gsub("%$(%l+)", function(name)
    return tostring((values or {})[name] or error("the script has no value $" .. name))
  end)))
  file:close()
  local text = process.output(("%s; LUA_PATH=%s LUA_CPATH=%s env --default-signal=PIPE timeout -k 5 %d %s %s 2>&1; echo status $?"):format(
    before or ":", process.quote(package.path), process.quote(package.cpath), SECONDS,
    rawget(_G, "jit") and "luajit" or "lua5.4", path
  ))
  os.remove(path)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  local status = tonumber(lines[#lines]:match "status (%d+)$")
  lines[#lines] = lines[#lines]:gsub("status %d+$", "")
  if lines[#lines] == "" then
    lines[#lines] = nil
  end
  if status == 124 then
    lines[#lines + 1] = ("did not end within %d s"):format(SECONDS)
  elseif status > 128 then
    lines[#lines + 1] = ("ended by signal %d"):format(status - 128)
  elseif status ~= 0 then
    lines[#lines + 1] = ("ended with status %d"):format(status)
  end
  return lines
end

return script
