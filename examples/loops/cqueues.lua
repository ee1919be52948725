-- Fetches twenty contacts at once, as tasks of a cqueues controller.
-- Run: make, then lua5.4 lua/frontdesk/sandbox/main.lua run examples/loops/cqueues.lua
local cqueues = require "cqueues"
local frontdesk = require "frontdesk"

frontdesk.use "cqueues"
local omicall = frontdesk.omicall()
local controller = cqueues.new()
local started, slowest, fetched = frontdesk.now(), 0, 0

for number = 1, 20 do
  controller:wrap(function()
    local page, err, response = omicall.contacts:search { keyword = ("09000000%02d"):format(number) }
    if not page then error(tostring(err)) end
    slowest, fetched = math.max(slowest, response.timings.total), fetched + 1
  end)
end

assert(controller:loop())
print(("%d fetched in %.3f s; the slowest took %.3f s"):format(fetched, frontdesk.now() - started, slowest))
