-- GET /health: asks each service for something harmless, all at once: 200 when all answer, else 503. A line for each.
-- luacheck: std max+ngx_lua
local frontdesk = require "frontdesk"
local services = require "gateway.services"

local health = {}

local QUICKLY = { timeout = 2 } -- seconds; a monitor does not wait long
local ORGANIZATION = os.getenv "HEARME_ORGANIZATION" or "any" -- hearme tells permissions by organization

-- Imbee has nothing that only reads; to register the same user again changes nothing.
local CHECKS = {
  { "hearme", function() return services.hearme.users:permissions(ORGANIZATION, QUICKLY) end },
  { "omicall", function() return services.omicall.attributes:list(nil, QUICKLY) end },
  { "etelecom", function() return services.etelecom.misc:current_account(nil, QUICKLY) end },
  { "pos", function() return services.pos.me:info(nil, QUICKLY) end },
  { "imbee", function() return services.imbee.users:create({ uniqueIdSha = "gateway-health" }, QUICKLY) end },
}

local function timed(check)
  local began = frontdesk.now()
  local value, err = check()
  return value ~= nil, err, (frontdesk.now() - began) * 1000
end

function health.handle()
  local threads, lines, status = {}, {}, 200
  for i, entry in ipairs(CHECKS) do
    threads[i] = ngx.thread.spawn(timed, entry[2])
  end
  for i, entry in ipairs(CHECKS) do
    local ran, up, err, milliseconds = ngx.thread.wait(threads[i])
    assert(ran, up)
    if not up then
      status = 503
      ngx.log(ngx.WARN, tostring(err)) -- the answer may be seen by anybody, and says no more than the kind
    end
    lines[i] = ("%-8s  %-4s %5.0f ms%s"):format(entry[1], up and "up" or "down", milliseconds, up and "" or "  " .. err.kind)
  end
  ngx.status = status
  ngx.say(table.concat(lines, "\n"))
end

return health
