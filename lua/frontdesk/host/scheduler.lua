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

local scheduler = {}

local active -- the scheduler whose loop runs, if any

--- The scheduler that the running coroutine is a task of.
---@return table|nil
function scheduler.here()
  local running = coroutine.running()
  return active and running and active.tasks[running] and active
end

-- Ready tasks, first in, first out.
function Scheduler:push(task)
  self.last = self.last + 1
  self.ready[self.last] = task
end

function Scheduler:spawn(fn)
  local task = coroutine.create(fn)
  cancellation.enter(task)
  self.tasks[task] = true
  self.count = self.count + 1
  self:push(task)
end

local Ticket = {}
Ticket.__index = Ticket

-- Ends when woken, and after so many seconds at the latest.
function Ticket:wait(seconds)
  local entry = seconds and self.scheduler:add_sleeper(seconds, self)
  self.task = coroutine.running()
  coroutine.yield()
  if entry then
    timeline.remove(self.scheduler.sleepers, entry)
  end
  return true
end

function Ticket:wake()
  local task = self.task
  self.task = nil
  if task then
    self.scheduler:push(task)
  end
end

function Scheduler:ticket()
  return setmetatable({ scheduler = self }, Ticket)
end

-- Sleepers in the order in which they wake.
function Scheduler:add_sleeper(seconds, ticket)
  local entry = { at = core.now() + seconds, ticket = ticket }
  timeline.add(self.sleepers, entry)
  return entry
end

function Scheduler:sleep(seconds)
  cancellation.wait(self:ticket(), seconds)
  local state = cancellation.current()
  return not (state and state.cancelled) or nil
end

function Scheduler:wake_sleepers()
  local list, now = self.sleepers, core.now()
  while list[1] and list[1].at <= now do
    table.remove(list, 1).ticket:wake()
  end
end

function Scheduler:wait(engine, transfer)
  -- Sent when all tasks that are ready have run: one turn of the engine serves many.
  self.engines[engine] = true
  waiting.await(self.waiters, transfer, self:ticket())
end

function Scheduler:run_ready()
  while self.first <= self.last do
    local task = self.ready[self.first]
    self.ready[self.first] = nil
    self.first = self.first + 1
    local ok, message = coroutine.resume(task)
    if coroutine.status(task) == "dead" then
      self.tasks[task] = nil
      self.count = self.count - 1
    end
    if not ok then
      error(message, 0)
    end
  end
end

-- Waits until a transfer is done, a sleeper is due, or a signal may have come.
function Scheduler:wait_for_something()
  local seconds = LONGEST_WAIT
  if self.sleepers[1] then
    seconds = math.max(0, math.min(seconds, self.sleepers[1].at - core.now()))
  end
  local busy = {}
  for engine in pairs(self.engines) do
    if engine:in_flight() > 0 then
      busy[#busy + 1] = engine
    end
  end
  if #busy == 0 and not self.sleepers[1] then
    error("all tasks wait for each other", 0)
  end
  if #busy > 1 then
    seconds = math.min(seconds, 0.005) -- each engine in turn
  end
  for _, engine in ipairs(#busy > 0 and busy or { self.idle }) do
    engine:wait(seconds)
    waiting.wake(engine, self.waiters)
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

-- An error that no task caught, or Ctrl-C: the others are cancelled, and have a moment to say what they did.
function Scheduler:abandon(message)
  for task in pairs(self.tasks) do
    cancellation.cancel(cancellation.of(task))
  end
  pcall(self.loop, self, core.now() + GRACE)
  active = nil
  error(message, 0)
end

--- Runs a function as the first task, and all that it spawns, until all have ended.
---@param fn fun()
function scheduler.run(fn)
  local self = setmetatable({
    tasks = {}, count = 0, ready = {}, first = 1, last = 0,
    sleepers = {}, waiters = {}, engines = {}, idle = assert(core.engine()),
  }, Scheduler)
  active = self
  self:spawn(fn)
  local ok, message = pcall(self.loop, self)
  if not ok then
    self:abandon(message)
  end
  active = nil
end

return scheduler
