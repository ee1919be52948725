--- Identifiers and tokens for the simulated services: never twice the same within a process, so that a token from before a
--- reset is not valid after it. They only look random; the sandbox keeps no secrets.

local ids = {}

-- Begins somewhere else each time, so that a token from an earlier sandbox is no good in this one.
local count = os.time() % 1000000000

local function scramble(seed)
  -- Lehmer's generator; every product stays below 2^53.
  return seed * 48271 % 2147483647
end

--- Lower-case hexadecimal digits.
---@param digits integer how many, at least 8
---@return string
function ids.hex(digits)
  count = count + 1
  local text = string.format("%08x", scramble(count))
  local seed = scramble(count)
  while #text < digits do
    seed = scramble(seed)
    text = text .. string.format("%04x", seed % 65536)
  end
  return text:sub(1, digits)
end

return ids
