--- Free loopback ports.

local process = require "frontdesk.sandbox.process"

local ports = {}

-- Below the range from which Linux takes the ports of outgoing connections.
local FIRST, LAST = 20000, 32000

local function ports_in_use()
  local used = {}
  for _, path in ipairs({ "/proc/net/tcp", "/proc/net/tcp6" }) do
    for port in (process.read_file(path) or ""):gmatch("%d+: %x+:(%x+)") do used[tonumber(port, 16)] = true end
  end
  return used
end

--- Ports that nothing uses at the moment. Chosen at random, so that two sandboxes starting at once hardly meet.
---@param count integer
---@return integer[]
function ports.free(count)
  local used, list = ports_in_use(), {}
  while #list < count do
    local port = FIRST + tonumber(process.random_hex(3), 16) % (LAST - FIRST)
    if not used[port] then
      used[port] = true
      list[#list + 1] = port
    end
  end
  return list
end

return ports
