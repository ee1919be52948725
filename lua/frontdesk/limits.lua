--- Limits that calls keep to: requests a second and in flight for a credential, the pause
-- after a 429, and the circuit breaker of the host.
--
--     local limiter = limits.new { key = "omicall " .. identity, origin = "https://h:443", rate = 10 }
--     local place, failure = limiter:enter(deadline)     -- once for each try, right before it is sent
--     if not place then return nil, failure end
--     ... send, read ...
--     limiter:leave(place, failure)                      -- always; nil for a success
--     if limiter.quota:take(failure.kind) then ... try again ... end
--
-- `enter` returns at once, or waits until the call may go, first come, first served.
-- `leave` takes the fields of the error (kind, status, retry_after). A call that never
-- leaves loses its place some seconds after its deadline. Who takes a place must wait
-- for nothing that needs another one of the same key: log in before.
--
-- Limiters of one key and one store share everything but their own numbers. A store is
-- the memory of this Lua state, or a lua_shared_dict of nginx: then all workers share
-- rate, pauses, breaker and quota, and each has its part of the places.

local breakers = require "frontdesk.breaker"
local cancellation = require "frontdesk.cancellation"
local clock = require "frontdesk.clock"
local hosts = require "frontdesk.host"
local lines = require "frontdesk.limits.line"
local memory = require "frontdesk.limits.memory"
local quotas = require "frontdesk.quota"
local rates = require "frontdesk.limits.rate"
local shared = require "frontdesk.limits.shared"

local take, free = lines.take, lines.free

local limits = {}

limits.MAX_IN_FLIGHT = 256 -- when nobody says otherwise

local SHORTEST_WAIT = 0.001 -- seconds; timers are no finer
local LONGEST_WAIT = 60     -- seconds between looks, where somebody will wake us
local LOOK_AROUND = 1       -- second between looks, where those before us may be gone without a word
local FULL_LOOK = 5         -- seconds between looks for places that nobody gave back

-- Where there are no tasks, nobody comes to wake us, and the host has no ticket to give.
local ALONE = {
  wait = function(_, seconds) clock.sleep(seconds) end,
  wake = function() end,
}

---@class frontdesk.limiter
---@field quota table the retry quota of the host: quota:take(kind) before each retry
---@field breaker table
local Limiter = { __name = "frontdesk.limiter" }
Limiter.__index = Limiter

function Limiter:__tostring()
  return "frontdesk.limiter: " .. self.breaker.origin
end

-- What all limiters did since the process began.
local totals = { waited = 0, queued = 0, pauses = 0, trips = 0 }

--- The store of limits: a lua_shared_dict where there is one, else this Lua state's memory.
---@param name string|nil of the dictionary
---@return table
function limits.store(name)
  local dict, workers = hosts.shared_dict(name)
  return dict and shared.of(dict, workers) or memory.common
end

local stores = setmetatable({}, { __mode = "k" })

--- A store for what goes over one transport, apart from everything else.
---@param transport table
---@return table
function limits.store_of(transport)
  local store = stores[transport] or memory.new()
  stores[transport] = store
  return store
end

local function check(options, name, least, most)
  local value = options[name]
  if value ~= nil and not (type(value) == "number" and value >= least and value <= most) then
    error(("%s must be a number from %g to %g"):format(name, least, most), 3)
  end
end

---@class frontdesk.limits_options
---@field key string whose calls these are; part of the dictionary's keys, so it must hold no secret
---@field origin string "https://host:port"
---@field rate number|nil requests a second; no limit when not given
---@field burst integer|nil calls at once after a rest; a tenth of a second's worth when not given
---@field max_in_flight integer|false|nil 256 when not given, false for no limit
---@field shared_dict string|nil name of a lua_shared_dict of nginx
---@field store table|nil limits.store(shared_dict) when not given
---@field ticket (fun(): table|nil)|nil hosts.ticket when not given; makes { wait(self, seconds), wake(self) },
-- where wait ends when woken, and after so many seconds at the latest; nil where there are no tasks

--- The limiter of a credential.
---@param options frontdesk.limits_options
---@return frontdesk.limiter
function limits.new(options)
  check(options, "rate", 1e-4, 1e6)
  check(options, "burst", 1, 1e6)
  local most = options.max_in_flight
  if most == false then
    most = math.huge
  else
    check(options, "max_in_flight", 1, 1e6)
    most = most or limits.MAX_IN_FLIGHT
  end
  local store = options.store or limits.store(options.shared_dict)
  local line = lines.of(store, options.key)
  return setmetatable({
    store = store,
    line = line,
    pause = line.pause,
    most = math.max(1, math.floor(most / store.workers)),
    rate = options.rate and rates.new(store, options.key, options.rate, options.burst),
    breaker = breakers.new(options.origin, store),
    quota = quotas.new(options.origin, store),
    ticket = options.ticket or hosts.ticket,
    counts = { waited = 0, queued = 0, pauses = 0, trips = 0 },
    enter = Limiter.enter, leave = Limiter.leave, -- at hand: the way through a metatable is long
  }, Limiter)
end

function Limiter:count(name, amount)
  self.counts[name] = self.counts[name] + amount
  totals[name] = totals[name] + amount
end

-- The line tells what kept its first entry.
function Limiter:waited_for(reason, seconds)
  self:count(reason == "place" and "queued" or "waited", seconds)
end

--- Takes a place for a call, waiting for it where needed.
---@param deadline number on the clock of clock.now()
---@return integer|nil place
---@return table|nil failure kind ("timeout", "rate_limited", "unavailable" or "cancelled"), message, outcome ("not_sent"), retry_after
function Limiter:enter(deadline)
  local line = self.line
  -- A store in memory that holds nothing at all, which is the rule, need not be asked.
  if line.first or line.taken >= self.most or self.rate or self.store.count ~= 0 and self:is_troubled() then
    return self:enter_guarded(deadline)
  end
  return take(line, deadline)
end

-- Whether there is a pause, or the breaker is not closed.
function Limiter:is_troubled()
  return self.pause:ends() ~= nil or not self.breaker:is_closed()
end

-- Where something may have to be waited for.
function Limiter:enter_guarded(deadline)
  local line, now = self.line, clock.now()
  local failure = self.breaker:refusal(now)
  if failure then
    return nil, failure
  end
  local ends = self.pause:ends()
  if ends and ends > now and ends >= deadline then
    return nil, self:too_late("pause", ends, now)
  end
  local slot
  if not line.first then
    local moment, reason
    moment, reason, slot = self:obstacle(now)
    if not reason then
      return self:admit(now, deadline)
    elseif reason == "rate" and moment >= deadline then
      self.rate:give_back()
      return nil, self:too_late("rate", moment, now)
    end
  end
  return self:wait(deadline, now, slot)
end

--- What keeps the first call of the line.
---@param now number
---@param slot number|nil the moment that was booked for it
---@return number|nil moment at which to look again
---@return "pause"|"place"|"rate"|nil reason
---@return number|nil slot
function Limiter:obstacle(now, slot)
  local ends, line = self.pause:ends(), self.line
  if ends and ends > now then
    return ends, "pause", slot
  end
  if line.taken >= self.most then
    line:reclaim(now)
    if line.taken >= self.most then
      return now + FULL_LOOK, "place", slot
    end
  end
  if self.rate then
    slot = slot or self.rate:book(now)
    if slot > now then
      return slot, "rate", slot
    end
  end
  return nil, nil, slot
end

--- Lets a call go that nothing keeps, unless the breaker does.
---@return integer|nil place
---@return table|nil failure
function Limiter:admit(now, deadline)
  local admitted, probe = self.breaker:admit(now, deadline)
  if not admitted then
    return nil, probe
  end
  local place = take(self.line, deadline)
  if probe then
    self.probe = place
  end
  return place
end

--- Gives back the moment that was booked for an entry.
function Limiter:give_back(entry)
  if entry.slot then
    self.rate:give_back()
    entry.slot = nil
  end
end

local REASONS = {
  pause = function()
    return "the end of the pause that the service asked for with status 429"
  end,
  place = function(limiter)
    return ("one of the %d calls in flight with this credential to end (max_in_flight)"):format(limiter.most)
  end,
  rate = function(limiter)
    return ("its turn at %g requests a second (rate)"):format(limiter.rate.per_second)
  end,
}

-- What the line waits for, as the end of a sentence.
function Limiter:awaited()
  local line = self.line
  return REASONS[line.reason](line.blocked)
end

--- The failure of a call that could go after its deadline only.
---@param reason "pause"|"rate"
---@param moment number
---@param now number
---@return table failure
function Limiter:too_late(reason, moment, now)
  return {
    kind = reason == "pause" and "rate_limited" or "timeout",
    outcome = "not_sent",
    retry_after = moment - now,
    message = ("the call was not sent: it would have to wait %.1f seconds for %s, longer than its deadline allows")
      :format(moment - now, REASONS[reason](self)),
  }
end

-- Leaves the line without having gone.
function Limiter:give_up(entry, kind, began, now)
  local line = self.line
  if entry.place then -- it might have gone
    self:leave(entry.place, { kind = kind })
  end
  line:remove(entry)
  self:give_back(entry)
  local message = kind == "cancelled" and "the call was cancelled before it was sent, after %.1f seconds of waiting for %s"
    or "the deadline passed before the call was sent, after %.1f seconds of waiting for %s"
  message = message:format(now - began, self:awaited())
  line:serve(now)
  return nil, { kind = kind, outcome = "not_sent", message = message }
end

-- Sleeps until woken, or something may have changed. A ticket is good for one wake.
function Limiter:sleep(entry, now)
  local ticket = entry.ticket or self.ticket() or ALONE
  local longest = ticket.is_abandoned and LOOK_AROUND or LONGEST_WAIT
  local seconds = math.max(SHORTEST_WAIT, math.min(entry.deadline - now, entry.moment - now, longest))
  entry.ticket, entry.wakes_at, entry.asleep = ticket, now + seconds, true
  cancellation.wait(ticket, seconds)
  if not entry.asleep then
    entry.ticket = nil
  end
  entry.asleep, entry.wakes_at = false, 0
end

function Limiter:wait(deadline, now, slot)
  local line, began = self.line, now
  local entry = { limiter = self, deadline = deadline, slot = slot, moment = deadline, wakes_at = 0, asleep = false }
  line:join(entry)
  line:serve(now)
  while not (entry.place or entry.failure) do
    if not entry.inside then -- taken for gone
      line:join(entry)
    end
    self:sleep(entry, now)
    now = clock.now()
    local state = cancellation.current()
    if state and state.cancelled then
      return self:give_up(entry, "cancelled", began, now)
    elseif entry.place or entry.failure then
      break
    elseif now >= deadline then
      return self:give_up(entry, "timeout", began, now)
    end
    entry.moment = deadline
    line:serve(now)
  end
  return entry.place, entry.failure
end

-- What the end of a call says about the host and about the service's patience.
function Limiter:learn(place, result)
  local line, pause, breaker = self.line, self.pause, self.breaker
  local good, probe = breakers.verdict(result), self.probe == place
  if probe then
    self.probe = nil
  end
  if (probe or not good or not breaker:is_calm()) and breaker:settle(good, probe, clock.now()) then
    self:count("trips", 1)
  end
  if not result then
    self.quota:give()
    if pause.grown then
      pause:ease()
    end
  elseif result.kind == "rate_limited"
    and pause:refused(result.retry_after, clock.now(), place <= line.paused_after) then
    line.paused_after = line.last_place
    self:count("pauses", 1)
  end
end

--- Gives a place back, and learns from how the call ended.
---@param place integer from enter
---@param result table|nil the error's fields kind, status, retry_after; nil for a success
function Limiter:leave(place, result)
  local line = self.line
  if result or self.store.count ~= 0 then
    self:learn(place, result)
  end
  free(line, place)
  if line.first then
    line:serve(clock.now())
  end
end

--- Seconds that calls waited for the rate and for pauses; many that wait at once count once.
---@return number
function Limiter:waited()
  return self.counts.waited
end

local function copy(counts)
  return { waited = counts.waited, queued = counts.queued, pauses = counts.pauses, trips = counts.trips }
end

--- What this limiter did: seconds waited for rate and pauses, seconds queued for a place
-- in flight, pauses begun, and how often it opened the breaker.
---@return { waited: number, queued: number, pauses: integer, trips: integer }
function Limiter:counters()
  return copy(self.counts)
end

--- What all limiters of this process did.
---@return { waited: number, queued: number, pauses: integer, trips: integer }
function limits.counters()
  return copy(totals)
end

return limits
