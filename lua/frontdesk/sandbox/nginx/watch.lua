--- Ends this nginx when the process that started it is gone, however it went.

local ffi = require "ffi"
local process = require "frontdesk.sandbox.process"

ffi.cdef [[
int getppid(void);
int kill(int pid, int signal);
]]

local INTERVAL = 0.5 -- seconds
local SIGTERM = 15

local watch = {}

--- Begins to watch, in a worker.
---@param starter table `{ pid =, start = }` of the process that this nginx belongs to
---@param prefix string the folder to remove at the end
function watch.begin(starter, prefix)
  local function look(premature)
    if premature or process.is_alive(starter.pid, starter.start) then return end
    process.remove_folder(prefix)
    ffi.C.kill(ffi.C.getppid(), SIGTERM)
  end
  assert(ngx.timer.every(INTERVAL, look))
end

return watch
