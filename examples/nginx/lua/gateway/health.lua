-- GET /health: asks each service for something harmless, all at once: 200 when all answer, else 503. A line for each.
local frontdesk = require "frontdesk"
local services = require "gateway.services"

local health = {}

local QUICKLY = { timeout = 2, retry = 0 } -- a monitor does not wait long, and wants to know of each failure
local ORGANIZATION = os.getenv "HEARME_ORGANIZATION" or "any" -- hearme tells permissions by organization

-- Imbee has nothing that only reads; to register the same user again changes nothing.
local CHECKS = {
  { "hearme", function() return services.hearme.users:permissions(ORGANIZATION, QUICKLY) end },
  { "omicall", function() return services.omicall.attributes:list(nil, QUICKLY) end },
  { "etelecom", function() return services.etelecom.misc:current_account(nil, QUICKLY) end },
  { "pos", function() return services.pos.me:info(nil, QUICKLY) end },
  { "imbee", function() return services.imbee.users:create({ uniqueIdSha = "gateway-health" }, QUICKLY) end },
}

local function ask(check)
  local began = frontdesk.now()
  local value, err = check[2]()
  return { name = check[1], err = not value and err, milliseconds = (frontdesk.now() - began) * 1000 }
end

function health.handle()
  local results, bugs = frontdesk.map(CHECKS, ask)
  local lines, status = {}, 200
  for i in ipairs(CHECKS) do
    local result = results[i] or error(bugs[i], 0)
    local err = result.err
    lines[i] = ("%-8s  %-4s %5.0f ms%s"):format(
      result.name, err and "down" or "up", result.milliseconds, err and "  " .. err.kind or "")
    if err then
      status = 503
      ngx.log(ngx.WARN, tostring(err)) -- the answer may be seen by anybody, and says no more than the kind
    end
  end
  ngx.status = status
  ngx.say(table.concat(lines, "\n"))
end

return health
