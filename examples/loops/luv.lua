-- Fetches twenty contacts at once, in coroutines that luv (libuv) lets go on.
-- Run: make, then lua5.4 lua/frontdesk/sandbox/main.lua run examples/loops/luv.lua
local frontdesk = require "frontdesk"
local uv = require "luv"

frontdesk.use "luv"
local omicall = frontdesk.omicall()
local started, slowest, fetched = frontdesk.now(), 0, 0

for number = 1, 20 do
  coroutine.wrap(function()
    local page, err, response = omicall.contacts:search { keyword = ("09000000%02d"):format(number) }
    if not page then error(tostring(err)) end
    slowest, fetched = math.max(slowest, response.timings.total), fetched + 1
  end)()
end

uv.run()
print(("%d fetched in %.3f s; the slowest took %.3f s"):format(fetched, frontdesk.now() - started, slowest))
