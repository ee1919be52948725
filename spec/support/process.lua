--- A child process that lives no longer than the test run.
--
-- The child is watched by a shell whose standard input is a pipe from us: when
-- the pipe closes, by `stop` or because the test run is gone (however it went),
-- the shell ends the child, by its process id, and waits for it.
--
--     local child = process.start("nginx -p /tmp/x -c x.conf", "/tmp/x/log")
--     child:stop()
local process = {}

local child = {}
child.__index = child
child.__name = "process"

--- Quotes a text for the shell.
---@param text string
---@return string
function process.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- What a command prints, without the last line break.
---@param command string
---@return string
function process.output(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("\n$", ""))
end

--- Makes a folder that only we can read.
---@return string path
function process.folder()
  local path = process.output("mktemp -d /tmp/frontdesk.XXXXXX")
  assert(path:match("^/tmp/frontdesk%."), "no temporary folder")
  return path
end

--- Starts a command in the foreground of its own watcher.
---@param command string one command, as for the shell
---@param log string file for what it prints
---@return table child
function process.start(command, log)
  local script = ("exec 2>/dev/null; %s >>%s 2>&1 </dev/null & child=$!; cat >/dev/null; kill $child 2>/dev/null; wait $child")
    :format(command, process.quote(log))
  local pipe = assert(io.popen(script, "w"))
  return setmetatable({ pipe = pipe }, child)
end

--- Ends the process and waits until it is gone. Fine to call twice.
function child:stop()
  local pipe = self.pipe
  self.pipe = nil
  if pipe then
    pipe:close()
  end
end

child.__gc = child.stop

return process
