--- Ends this nginx when the process that started it is gone, however it went, and a worker whose
-- master is gone: nobody else would.

local ffi = require "ffi"
local process = require "frontdesk.sandbox.process"

ffi.cdef [[
int getpid(void);
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
  local master = ffi.C.getppid()
  local function look(premature)
    if premature then return end
    -- An orphan's parent is init, or whoever else adopts it, and must not be told to end.
    local is_orphan = master == 1 or ffi.C.getppid() ~= master
    if not process.is_alive(starter.pid, starter.start) then
      process.remove_folder(prefix)
    elseif not is_orphan then
      return
    end
    ffi.C.kill(is_orphan and ffi.C.getpid() or master, SIGTERM)
  end
  assert(ngx.timer.every(INTERVAL, look))
end

return watch
