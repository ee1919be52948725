--- The input: the header's value.
--
-- Holds: the answer is none, or seconds from 0 to a day; digits mean themselves and a date what the
-- C library makes of it; nothing is raised, and time that is told for a moment later is never longer.

local retry_after = require "frontdesk.retry_after"

local MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
local DAY = 86400
local NOW = 784111777 -- Sun, 06 Nov 1994 08:49:37 GMT

local function check(seconds)
  assert(seconds == nil or type(seconds) == "number" and seconds >= 0 and seconds <= DAY, "seconds are 0 to a day")
end

return function(text)
  local seconds, later = retry_after(text, NOW), retry_after(text, NOW + 3600)
  check(seconds)
  check(later)
  check((retry_after(text)))
  assert((seconds == nil) == (later == nil) and (not seconds or later <= seconds), "the later, the shorter")
  if not seconds then
    return
  end
  local digits = text:match "^[%s]*(%d+)[%s]*$"
  if digits then
    assert(seconds == math.min(DAY, tonumber(digits)) and later == seconds, "digits mean themselves")
    return
  end
  local day, month, year, hour, minute, second = text:match "(%d+) (%a+) (%d+) (%d+):(%d+):(%d+)"
  local number = (MONTHS:find(month, 1, true) + 2) / 3
  local at = by_c_library(tonumber(year), number // 1, tonumber(day), tonumber(hour), tonumber(minute), tonumber(second))
  assert(seconds == math.min(DAY, math.max(0, at - NOW)), "a date is what the C library makes of it")
  assert(retry_after(text, at - 1000) == 1000 and retry_after(text, at + 1) == 0, "to the second")
end
