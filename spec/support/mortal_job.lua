-- A small job that ends itself with SIGKILL after so many instructions of Lua: run by
-- spec/workflow/job_kill_spec.lua as a process of its own.
--
--     lua mortal_job.lua FOLDER MODE ITEMS LIMIT
--
-- Its service is a file, FOLDER/effects, which gets the key of an item that is done. MODE is
-- "plain", "settled" (the file is asked for items whose outcome is not known) or "idempotent".
-- LIMIT counts hundreds of instructions; 0 is none. The size of the journal that the disk
-- has is the last line of FOLDER/synced, and what came out goes to FOLDER/result.

local folder, mode, items, limit = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])

local clock = require "frontdesk.clock"
local files = require "support.files"
local frontdesk = require "frontdesk"
require "frontdesk.job"

local function append(name, text)
  files.write(folder .. "/" .. name, text, "ab")
end

-- The end can come in any task, which each have a hook of their own.
local spent = 0
local function count()
  spent = spent + 1
  if spent == limit then
    os.execute "kill -9 $PPID"
  end
end

local create = coroutine.create
function coroutine.create(fn) -- luacheck: ignore
  local task = create(fn)
  debug.sethook(task, count, "", 100)
  return task
end
debug.sethook(count, "", 100)

local job = assert(frontdesk.job("mortal", { journal = folder .. "/journal" }))

local sync = job.journal.sync
function job.journal:sync()
  local size = self.file:size()
  local ok, err = sync(self)
  append("synced", ("%d\n"):format(size)) -- a line more: a kill while the file is written must not lose the last
  return ok, err
end

local list = {}
for i = 1, items do
  list[i] = { id = "item-" .. i }
end

local options = { key = "id", concurrency = 4, progress = false, idempotent = mode == "idempotent" }
if mode == "settled" then
  function options.settle(_, key)
    return files.text(folder .. "/effects"):find(key .. "\n", 1, true) ~= nil
  end
end

local summary = assert(job:each(list, options, function(_, key)
  clock.sleep(0) -- others run while this one is on its way
  append("effects", key .. "\n")
  clock.sleep(0) -- and while its answer is
  return true
end))

debug.sethook()
files.write(folder .. "/result", ("%d %d %d %d %s\n"):format(spent, summary.done, summary.skipped, summary.settled, table.concat(summary.unknown, " ")))
