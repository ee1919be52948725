--- The calls of one key in this Lua state: who is in flight, and who waits, in order.
--
-- A call in flight holds a place. Who waits is an entry: { limiter, deadline, ticket }; it
-- is served by whoever changes something (a call that ends, a pause that is over), and
-- finds `place` or `failure` in it when it wakes. Only the first is ever looked at, so
-- the order is that of arrival.

local pause = require "frontdesk.limits.pause"

local Line = { __name = "frontdesk.limits.line" }
Line.__index = Line

local MARGIN = 5 -- seconds after its deadline at which a call counts as gone without a word
local LOOK = 1   -- second between looks for such calls

local line = {}

-- Lines by store and key. One goes with the last limiter that has it.
local lines = setmetatable({}, { __mode = "k" })

--- The line of a key.
---@param store table
---@param key string
---@return table
function line.of(store, key)
  local of_store = lines[store]
  if not of_store then
    of_store = setmetatable({}, { __mode = "v" })
    lines[store] = of_store
  end
  local self = of_store[key]
  if not self then
    self = setmetatable({
      places = {}, last_place = 0, taken = 0, looked_at = 0,
      paused_after = 0, -- the last place when the last pause began
      waiting = 0, to_wake = {}, waking = false,
      pause = pause.new(store, key),
    }, Line)
    of_store[key] = self
  end
  return self
end

--- Takes a place.
---@param self table the line
---@param deadline number
---@return integer place
function line.take(self, deadline)
  local place = self.last_place + 1
  self.last_place = place
  self.places[place] = deadline
  self.taken = self.taken + 1
  return place
end

--- Gives a place back; again, it does nothing.
---@param self table the line
---@param place integer
function line.free(self, place)
  if self.places[place] then
    self.places[place] = nil
    self.taken = self.taken - 1
  end
end

--- Frees the places of calls that ended without a word, as requests do that nginx gives up.
---@param now number
function Line:reclaim(now)
  if now - self.looked_at < LOOK then
    return
  end
  self.looked_at = now
  for place, deadline in pairs(self.places) do
    if now > deadline + MARGIN then
      line.free(self, place)
    end
  end
end

--- Puts an entry at the end.
function Line:join(entry)
  entry.inside = true
  entry.before = self.last
  if self.last then
    self.last.after = entry
  else
    self.first = entry
  end
  self.last = entry
  self.waiting = self.waiting + 1
end

--- Takes an entry out, wherever it is.
function Line:remove(entry)
  if not entry.inside then
    return
  end
  entry.inside = false
  local before, after = entry.before, entry.after
  if before then
    before.after = after
  else
    self.first = after
  end
  if after then
    after.before = before
  else
    self.last = before
  end
  entry.before, entry.after = nil, nil
  self.waiting = self.waiting - 1
end

-- Whether the entry's task is gone without a word.
local function is_gone(entry, now)
  if now > entry.deadline + MARGIN then
    return true
  end
  local ticket = entry.asleep and entry.ticket
  return ticket and ticket.is_abandoned and ticket:is_abandoned()
end

-- Wakes come last and one after the other: a host may run the woken task at once, which
-- may end its call and serve the line itself.
function Line:wake()
  if self.waking then
    return
  end
  self.waking = true
  local problem
  while self.to_wake[1] do
    local list = self.to_wake
    self.to_wake = {}
    for _, entry in ipairs(list) do
      if entry.asleep then
        entry.asleep = false
        local ok, message = pcall(entry.ticket.wake, entry.ticket)
        problem = problem or not ok and message
      end
    end
  end
  self.waking = false
  if problem then
    error(problem, 0)
  end
end

function Line:finish(entry, place, failure)
  self:remove(entry)
  entry.place, entry.failure = place, failure
  self.to_wake[#self.to_wake + 1] = entry
end

-- A pause that ends after a call's deadline need not be waited for, wherever the call stands.
function Line:fail_before(moment, now)
  local entry = self.first
  while entry do
    local after = entry.after
    if entry.deadline <= moment then
      self:finish(entry, nil, entry.limiter:too_late("pause", moment, now))
    end
    entry = after
  end
end

-- What the first waited for since somebody looked last, for the summary.
function Line:account(now)
  if self.since then
    self.blocked:waited_for(self.reason, now - self.since)
    self.since = nil
  end
end

--- Lets everybody go who may.
---@param now number
function Line:serve(now)
  self:account(now)
  while self.first do
    local entry = self.first
    if is_gone(entry, now) then
      self:remove(entry)
    else
      local limiter = entry.limiter
      local moment, reason, slot = limiter:obstacle(now, entry.slot)
      entry.slot = slot
      if not reason then
        self:finish(entry, limiter:admit(now, entry.deadline))
      elseif reason == "pause" and (self.swept ~= moment or entry.deadline <= moment) then
        self.swept = moment
        self:fail_before(moment, now)
      elseif reason == "rate" and entry.deadline <= moment then
        limiter:give_back(entry)
        self:finish(entry, nil, limiter:too_late("rate", moment, now))
      else
        self.since, self.reason, self.blocked = now, reason, limiter
        if moment < entry.wakes_at and reason ~= "place" then -- it sleeps too long; a free place is told it
          self.to_wake[#self.to_wake + 1] = entry
        end
        entry.moment = moment
        break
      end
    end
  end
  self:wake()
end

return line
