--- Tasks in a plain script: coroutines that give way to each other while they wait, and
-- one loop that waits for all of them.

local cancellation = require "frontdesk.cancellation"
local core = require "frontdesk.core"
local timeline = require "frontdesk.host.timeline"
local waiting = require "frontdesk.host.waiting"

local Scheduler = { __name = "frontdesk.scheduler" }
Scheduler.__index = Scheduler

local LONGEST_WAIT = 1 -- second; a signal that comes just before a wait is seen after it
local GRACE = 5        -- seconds that cancelled tasks have to end

local running, resume, yield = coroutine.running, coroutine.resume, coroutine.yield

local scheduler = {}

local active -- the scheduler whose loop runs, if any

-- What a task waits with. The one that `here` gives serves it for all calls and pauses, of which
-- it has one at a time; what others may wake whenever they like is a new one each time.
local Ticket = {}
Ticket.__index = Ticket

--- The ticket of the running task; nil outside of tasks.
---@return table|nil
function scheduler.here()
  local thread = active and running()
  return thread and active.tasks[thread]
end

-- Ends when woken, and after so many seconds at the latest.
function Ticket:wait(seconds)
  local entry = seconds and self.scheduler:add_sleeper(seconds, self)
  self.is_waiting = true
  yield()
  if entry then
    timeline.remove(self.scheduler.sleepers, entry)
  end
  return true
end

-- Ready tasks go on in the order in which they were woken.
function Ticket:wake()
  if self.is_waiting then
    self.is_waiting = false
    local tasks = self.scheduler
    local last = tasks.last + 1
    tasks.last = last
    tasks.ready[last] = self.thread
  end
end

--- Waits for a transfer, which is sent when all tasks that are ready have run: one turn of
-- the engine serves many.
function Ticket:await(engine, transfer)
  self.scheduler.engines[engine] = true
  transfer:awaited_by(self)
  cancellation.wait_as(self.state, self, nil, transfer)
end

--- A new ticket for the same task.
function Ticket:another()
  return setmetatable({ scheduler = self.scheduler, thread = self.thread, is_waiting = false }, Ticket)
end

function Ticket:sleep(seconds)
  cancellation.wait_as(self.state, self, seconds)
  return not self.state.cancelled or nil
end

function Scheduler:spawn(fn)
  local thread
  thread = coroutine.create(function()
    fn()
    self:forget(thread)
  end)
  local ticket = setmetatable({
    scheduler = self, thread = thread, is_waiting = true, state = cancellation.enter(thread),
  }, Ticket)
  self.tasks[thread] = ticket
  self.count = self.count + 1
  ticket:wake()
end

-- Of a task that has ended.
function Scheduler:forget(thread)
  self.tasks[thread] = nil
  self.count = self.count - 1
end

-- Sleepers in the order in which they wake.
function Scheduler:add_sleeper(seconds, ticket)
  local entry = { at = core.now() + seconds, ticket = ticket }
  timeline.add(self.sleepers, entry)
  return entry
end

function Scheduler:wake_sleepers()
  local list = self.sleepers
  local now = list[1] and core.now()
  while list[1] and list[1].at <= now do
    table.remove(list, 1).ticket:wake()
  end
end

function Scheduler:run_ready()
  local ready = self.ready
  while self.first <= self.last do
    local first = self.first
    local thread = ready[first]
    ready[first] = nil
    self.first = first + 1
    local ok, message = resume(thread)
    if not ok then
      self:forget(thread)
      error(message, 0)
    end
  end
  self.first, self.last = 1, 0
end

-- Waits until a transfer is done, a sleeper is due, or a signal may have come.
function Scheduler:wait_for_something()
  local seconds, sleeper = LONGEST_WAIT, self.sleepers[1]
  if sleeper then
    seconds = math.max(0, math.min(seconds, sleeper.at - core.now()))
  end
  local busy, count = self.busy, 0
  for engine in pairs(self.engines) do
    if engine:in_flight() > 0 then
      count = count + 1
      busy[count] = engine
    end
  end
  if count == 0 then
    if not sleeper then
      error("all tasks wait for each other", 0)
    end
    self.idle:wait(seconds)
  elseif count > 1 then
    seconds = math.min(seconds, 0.005) -- each engine in turn
  end
  for i = 1, count do
    busy[i]:wait(seconds)
    waiting.tell(busy[i])
  end
end

function Scheduler:loop(until_time)
  while true do
    self:run_ready()
    if self.count == 0 or (until_time and core.now() > until_time) then
      return
    end
    self:wait_for_something()
    self:wake_sleepers()
  end
end

-- After an error that no task caught, or Ctrl-C: the others are cancelled, and have a moment to say what they did.
function Scheduler:abandon()
  for _, ticket in pairs(self.tasks) do
    cancellation.cancel(ticket.state)
  end
  pcall(self.loop, self, core.now() + GRACE)
end

--- Runs a function as the first task, and all that it spawns, until all have ended.
---@param fn fun()
function scheduler.run(fn)
  local self = setmetatable({
    tasks = {}, count = 0, ready = {}, first = 1, last = 0,
    sleepers = {}, engines = {}, busy = {}, idle = assert(core.engine()),
  }, Scheduler)
  local outer = active -- when a task runs this in a coroutine of its own
  active = self
  self:spawn(fn)
  local ok, message = pcall(self.loop, self)
  if not ok then
    self:abandon()
  end
  active = outer
  if not ok then
    error(message, 0)
  end
end

return scheduler
