-- Fetches twenty contacts at once, in threads of copas.
-- Run: make, then luajit lua/frontdesk/sandbox/main.lua run examples/loops/copas.lua
local copas = require "copas"
local frontdesk = require "frontdesk"

frontdesk.use "copas"
local omicall = frontdesk.omicall()
local started, slowest, left = frontdesk.now(), 0, 20

for number = 1, 20 do
  copas.addthread(function()
    local page, err, response = omicall.contacts:search { keyword = ("09000000%02d"):format(number) }
    left = left - 1
    if not page then error(tostring(err)) end
    slowest = math.max(slowest, response.timings.total)
  end)
end

while left > 0 do
  copas.step() -- copas.loop() is for servers: in older versions it does not end
end
print(("20 fetched in %.3f s; the slowest took %.3f s"):format(frontdesk.now() - started, slowest))
