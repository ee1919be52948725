--- Reads the header Retry-After (RFC 9110, section 10.2.3): seconds, or a date.

local LONGEST = 86400 -- seconds; a server that says more is not believed

local MONTHS = {
  Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6,
  Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12,
}

-- Seconds since 1970 of a UTC date, without the time zone of the machine.
local function seconds_of(year, month, day, hour, minute, second)
  local y, m = year, month - 3
  if m < 0 then
    y, m = y - 1, m + 12
  end
  local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
    + math.floor((153 * m + 2) / 5) + day - 719469
  return ((days * 24 + hour) * 60 + minute) * 60 + second
end

local function bounded(seconds)
  if seconds ~= seconds or seconds < 0 then
    return nil
  end
  return math.min(seconds, LONGEST)
end

--- Seconds to wait, or nil when the header is absent or makes no sense.
---@param text string|nil value of the header
---@param now? number seconds since 1970; the machine's clock when not given
---@return number|nil seconds between 0 and 86,400
return function(text, now)
  if not text then
    return nil
  end
  local digits = text:match "^%s*(%d+)%s*$"
  if digits then
    return bounded(tonumber(digits))
  end
  local day, month, year, hour, minute, second =
    text:match "^%s*%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT%s*$"
  if not day or not MONTHS[month] then
    return nil
  end
  local at = seconds_of(tonumber(year), MONTHS[month], tonumber(day), tonumber(hour), tonumber(minute), tonumber(second))
  return bounded(math.max(0, at - (now or os.time())))
end
