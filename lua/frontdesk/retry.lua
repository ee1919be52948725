--- Whether a failed request may be sent again, and when.
--
-- The rule never doubles a write. What was not sent, and what the service says it did
-- not do (429), may be repeated by every operation; what may have been done only where
-- the operation's `retry` class allows it.

local clock = require "frontdesk.clock"

local retry = {}

retry.TRIES = 2 -- more, when nobody says otherwise

local FIRST_PAUSE = 0.5   -- seconds; doubled from try to try
local LONGEST_PAUSE = 8   -- seconds
local LONGEST_ASKED = 60  -- seconds that a service may ask for and still be waited for

-- Statuses after which the service may do better, though it may have acted.
local PASSING_STATUS = { [408] = true, [500] = true, [502] = true, [503] = true, [504] = true }

--- Whether repeating cannot do the work twice, and may help.
---@param class "safe"|"idempotent"|"never" the operation's retry class
---@param failure table kind, outcome, status of the failed try
---@return boolean
function retry.may_help(class, failure)
  local kind = failure.kind
  if kind == "rate_limited" then
    return true
  end
  if kind == "network" or kind == "timeout" then
    if failure.outcome == "not_sent" then
      return true
    end
  elseif not PASSING_STATUS[failure.status] or kind ~= "unavailable" and kind ~= "timeout" then
    return false
  end
  return class ~= "never"
end

--- Seconds to wait before the next try: anything up to a limit that doubles ("full jitter"),
-- or what the service asks for.
---@param tries integer how many failed so far
---@param failure table
---@return number|nil seconds nil when the service asks for more than anybody would wait
function retry.pause(tries, failure)
  local asked = failure.retry_after
  if asked then
    return asked <= LONGEST_ASKED and asked or nil
  end
  return clock.random() * math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ^ (tries - 1))
end

--- Seconds after which to try again, or nil when that is no use or not allowed.
---@param class "safe"|"idempotent"|"never" the operation's retry class
---@param failure table kind, outcome, status, retry_after
---@param failures integer tries that failed so far
---@param tries integer how many more than one are allowed
---@param left number seconds until the deadline
---@return number|nil
function retry.plan(class, failure, failures, tries, left)
  if failures > tries or not retry.may_help(class, failure) then
    return nil
  end
  local pause = retry.pause(failures, failure)
  return pause and pause < left and pause or nil
end

return retry
