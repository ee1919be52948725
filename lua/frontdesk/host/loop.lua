--- Hosts made of an event loop whose tasks are coroutines.
--
-- What has to be waited for is a descriptor that becomes readable; a loop that can watch
-- one needs an adapter of three functions (docs/event-loops.md):
--   watch(fd, on_ready)  calls on_ready() whenever fd is readable, until it returns false
--   ticket()             { wait(), wake() }: wait gives up the current task, wake lets it go on
--   spawn(fn)            runs fn() as a task of the loop
-- and may have a fourth, where there are several loops or coroutines that are no tasks:
--   loop()               the loop whose task is running; nil outside of tasks

local alarms = require "frontdesk.host.alarms"
local cancellation = require "frontdesk.cancellation"
local memory = require "frontdesk.tokens.memory"
local plain = require "frontdesk.host.plain"
local scheduler = require "frontdesk.host.scheduler"
local waiting = require "frontdesk.host.waiting"

local loop = {}

-- The adapter's ticket is woken once at most, and only while its task waits.
local Ticket = {}
Ticket.__index = Ticket

--- Waits for `wake`, which may have been called before.
---@param seconds number|nil at most
---@return boolean woken
function Ticket:wait(seconds)
  local is_over, alarm = false, nil
  if seconds then
    alarm = self.alarms:add(math.max(seconds, 0), function()
      is_over = true
      self:go_on()
    end)
  end
  if not self.woken and not is_over then
    self.is_waiting = true
    self.inner:wait()
  end
  if alarm then
    self.alarms:remove(alarm)
  end
  return self.woken
end

function Ticket:go_on()
  if self.is_waiting then
    self.is_waiting = false
    self.inner:wake()
  end
end

function Ticket:wake()
  self.woken = true
  self:go_on()
end

local function is_cancelled()
  local state = cancellation.current()
  return state ~= nil and state.cancelled
end

-- A table by things that may go away.
local function by_what_lives()
  return setmetatable({}, { __mode = "k" })
end

--- Makes a host from an adapter.
---@param adapter table
---@return table host
function loop.host(adapter)
  local host = {}
  local watchers = by_what_lives() -- the set of loops that watch an engine, by engine
  local clocks = by_what_lives()   -- the alarms of a loop

  -- The loop whose task is running. Outside of its tasks (before it runs, say) there is
  -- nobody to give way to, but for the tasks of a `frontdesk.run`: both are plain waiting.
  local function current_loop()
    if scheduler.here() then
      return nil
    elseif adapter.loop then
      return adapter.loop()
    end
    local running, is_main = coroutine.running()
    return running and not is_main and adapter or nil
  end

  local function new_ticket(here)
    local clock = clocks[here] or alarms.new(adapter.watch)
    clocks[here] = clock
    return setmetatable({ inner = adapter.ticket(), alarms = clock, woken = false, is_waiting = false }, Ticket)
  end

  -- Tasks are woken here only, where none is under way, and so never by one another.
  local function work(engine)
    engine:step()
    local ok, message = pcall(waiting.tell, engine)
    if not ok then
      engine:nudge() -- for those who are still to be woken
      error(message, 0)
    end
  end

  local function watch(engine, here)
    local loops = watchers[engine] or by_what_lives()
    watchers[engine] = loops
    if loops[here] then
      return
    end
    local fd = engine:fd()
    loops[here] = true
    adapter.watch(fd, function()
      work(engine)
      if engine:in_flight() > 0 then
        return true
      end
      loops[here] = nil
      if next(loops) then
        engine:nudge() -- the other loops have nothing left to watch either
      end
      return false
    end)
  end

  -- What somebody else than the watchers has ended, no event tells them.
  local function tell_watchers(engine)
    if next(watchers[engine] or {}) then
      engine:nudge()
    end
  end

  function host.wait(engine, transfer)
    local here = current_loop()
    if not here then
      plain.wait(engine, transfer)
      tell_watchers(engine)
    elseif not transfer:done() then
      local ticket = new_ticket(here)
      transfer:awaited_by(ticket)
      engine:nudge() -- for the loop to send it
      watch(engine, here) -- in some loops this looks at once
      if not transfer:done() then
        cancellation.wait(ticket, nil, transfer)
      end
      if is_cancelled() then
        tell_watchers(engine)
      end
    end
  end

  function host.sleep(seconds)
    local here = current_loop()
    if not here then
      return plain.sleep(seconds)
    end
    cancellation.wait(new_ticket(here), seconds)
    return not is_cancelled() or nil
  end

  function host.spawner()
    if not current_loop() then
      return plain.spawner()
    end
    return function(fn)
      adapter.spawn(function()
        cancellation.enter()
        fn()
      end)
    end
  end

  host.run = plain.run

  --- nil outside of tasks.
  function host.ticket()
    local here = current_loop()
    return here and new_ticket(here) or plain.ticket()
  end

  local store = memory.new(host.ticket)

  function host.tokens(_, identity)
    return store, identity
  end

  return host
end

return loop
