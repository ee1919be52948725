--- Processes, files and shell commands, with plain Lua and /proc. Used by the process that starts the sandbox and inside nginx.

local process = {}

---@param path string
---@return string? text
---@return string? message
function process.read_file(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text = file:read("*a")
  file:close()
  return text
end

---@param path string
---@param text string
---@return boolean? done
---@return string? message
function process.write_file(path, text)
  local file, message = io.open(path, "wb")
  if not file then return nil, message end
  local done
  done, message = file:write(text)
  if not file:close() then done = nil end
  return done and true, message
end

---@param path string
---@return boolean
function process.exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

--- A word for the shell.
---@param text string
---@return string
function process.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs a shell command and gives its standard output.
---@param command string
---@return string
function process.output(command)
  local pipe = io.popen(command)
  if not pipe then return "" end
  local text = pipe:read("*a")
  pipe:close()
  return text
end

--- Runs a shell command.
---@param command string
---@return integer status the exit status, or 128 and the number of the signal that ended it
function process.run(command)
  local result, how, code = os.execute(command)
  if type(result) == "number" then
    -- LuaJIT and Lua 5.1 give what wait() gave.
    local signal = result % 128
    return signal > 0 and 128 + signal or math.floor(result / 256) % 256
  end
  return how == "signal" and 128 + code or code
end

-- State and start time (in ticks since the boot), which tells a process from a later one with the same id.
local function status_of(pid)
  local text = process.read_file("/proc/" .. pid .. "/stat")
  local id, rest = (text or ""):match("^(%d+) .*%) (.+)$")
  if not id then return nil end
  local fields = {}
  for field in rest:gmatch("%S+") do fields[#fields + 1] = field end
  return { pid = tonumber(id), state = fields[1], start = fields[20] }
end

--- This process.
---@return table? `{ pid =, start = }`
function process.self()
  local status = status_of("self")
  return status and { pid = status.pid, start = status.start }
end

--- True as long as that process runs (a zombie does not).
---@param pid integer
---@param start? string as in `process.self()`; without it any process with that id counts
---@return boolean
function process.is_alive(pid, start)
  local status = status_of(("%d"):format(pid))
  return status ~= nil and status.state ~= "Z" and status.state ~= "X" and (not start or status.start == start)
end

--- The start time of a process.
---@param pid integer
---@return string?
function process.start_of(pid)
  local status = status_of(("%d"):format(pid))
  return status and status.start
end

---@param seconds number
function process.sleep(seconds)
  process.run(("sleep %.3f"):format(seconds))
end

---@param name string TERM, KILL
---@param pid integer
function process.signal(name, pid)
  process.run(("kill -%s %d 2>/dev/null"):format(name, pid))
end

--- A new folder that only this user can enter.
---@return string? path
---@return string? message
function process.private_folder()
  local path = process.output("umask 077; mktemp -d \"${TMPDIR:-/tmp}/frontdesk-sandbox.XXXXXXXX\" 2>/dev/null"):match("[^\n]+")
  if not path then return nil, "the sandbox could not make a folder for itself in ${TMPDIR:-/tmp}" end
  return path
end

--- Removes a folder that `private_folder` made, and nothing else.
---@param path string
function process.remove_folder(path)
  assert(path:find("/frontdesk%-sandbox%.%w+$"), "not a folder of the sandbox")
  process.run("rm -rf -- " .. process.quote(path))
end

--- Random bytes in hexadecimal, for keys.
---@param bytes integer
---@return string
function process.random_hex(bytes)
  local file = assert(io.open("/dev/urandom", "rb"))
  local text = file:read(bytes)
  file:close()
  return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

return process
