--- Tasks that wait for each other and for fake time, which jumps to what comes next when
-- all of them wait. Needs support.fake_clock to be installed.
--
--     local tasks = fake_tasks.new(time)            -- { eager = true }: wake runs the task at once, as luv does
--     local task = tasks:spawn(function() tasks:sleep(1) ... end)
--     tasks:run()                                    -- until nothing is left to happen
--     tasks:cancel(task)    tasks:abandon(task)      -- the latter ends it without a word, as nginx does
--     tasks.ticket                                   -- makes { wait(self, seconds), wake(self) }

local cancellation = require "frontdesk.cancellation"

local Tasks = {}
Tasks.__index = Tasks

local fake_tasks = {}

function fake_tasks.new(time, options)
  local self = setmetatable({ time = time, ready = {}, timers = {}, eager = options and options.eager, dead = {} }, Tasks)
  local Ticket = {}
  Ticket.__index = Ticket

  function Ticket.wait(ticket, seconds)
    assert(not ticket.woken, "a ticket is good for one wake")
    ticket.task = coroutine.running()
    if seconds then
      self.timers[#self.timers + 1] = { at = time.at + seconds, ticket = ticket, round = ticket.round }
    end
    coroutine.yield()
    return ticket.woken
  end

  function Ticket.go_on(ticket)
    local task = ticket.task
    ticket.task, ticket.round = nil, ticket.round + 1
    if task then
      self:go_on(task)
    end
  end

  function Ticket.wake(ticket)
    ticket.woken = true
    ticket:go_on()
  end

  if options and options.abandonable then
    function Ticket.is_abandoned(ticket)
      return ticket.task == nil or self.dead[ticket.task] == true
    end
  end

  self.ticket = function()
    return setmetatable({ round = 0, woken = false }, Ticket)
  end
  return self
end

local function resume(self, task)
  if not self.dead[task] then
    assert(coroutine.resume(task))
  end
end

function Tasks:go_on(task)
  if self.eager then
    resume(self, task)
  else
    self.ready[#self.ready + 1] = task
  end
end

function Tasks:spawn(fn)
  local task = coroutine.create(function()
    cancellation.enter()
    fn()
  end)
  self.ready[#self.ready + 1] = task
  return task
end

function Tasks:sleep(seconds)
  self.ticket():wait(seconds)
end

function Tasks:cancel(task)
  cancellation.cancel(cancellation.of(task))
end

function Tasks:abandon(task)
  self.dead[task] = true
end

function Tasks:run_ready()
  while self.ready[1] do
    resume(self, table.remove(self.ready, 1))
  end
end

-- The timer that is due first, of those that somebody still waits for.
function Tasks:next_timer()
  local live, first = {}, nil
  for _, timer in ipairs(self.timers) do
    if timer.round == timer.ticket.round then
      live[#live + 1] = timer
      if not first or timer.at < live[first].at then
        first = #live
      end
    end
  end
  self.timers = live
  return first and table.remove(live, first)
end

--- Runs everybody, until all have ended or wait for what will not come, or some time is reached.
function Tasks:run(until_time)
  while true do
    self:run_ready()
    local timer = self:next_timer()
    if not timer then
      return
    elseif until_time and timer.at > until_time then
      self.timers[#self.timers + 1] = timer
      self.time.at = until_time
      return
    end
    self.time.at = math.max(self.time.at, timer.at)
    timer.ticket:go_on()
  end
end

return fake_tasks
