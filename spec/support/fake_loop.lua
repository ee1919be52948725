--- An event loop made up for specs, with an adapter for frontdesk.use, and engines whose
-- transfers end when told. Nothing waits and nothing is sent.
local fake_loop = {}
fake_loop.__index = fake_loop

--- A loop: `adapter` is for loop.host, `watchers` what is being watched.
function fake_loop.new()
  local self = setmetatable({ ready = {}, watchers = {}, engines = {}, errors = {} }, fake_loop)
  self.adapter = {
    watch = function(fd, on_ready)
      self.watchers[#self.watchers + 1] = { fd = fd, on_ready = on_ready }
    end,
    ticket = function()
      local task = coroutine.running()
      return {
        wait = function() coroutine.yield() end,
        wake = function() self.ready[#self.ready + 1] = task end,
      }
    end,
    spawn = function(fn) self:spawn(fn) end,
  }
  return self
end

function fake_loop:spawn(fn)
  self.ready[#self.ready + 1] = coroutine.create(fn)
end

-- Calls those whose descriptor is readable. Whether there was one.
function fake_loop:poll()
  local called = false
  for i = #self.watchers, 1, -1 do
    local watcher = self.watchers[i]
    local engine = self.engines[watcher.fd]
    if engine and engine:is_readable() then
      called = true
      if not watcher.on_ready() then
        table.remove(self.watchers, i)
      end
    end
  end
  return called
end

--- Runs until nobody can go on. Errors of tasks are kept in `errors`.
function fake_loop:run()
  repeat
    while self.ready[1] do
      local task = table.remove(self.ready, 1)
      local ok, message = coroutine.resume(task)
      if not ok then
        self.errors[#self.errors + 1] = message
      end
    end
  until not self:poll() and not self.ready[1]
end

local Engine = {}
Engine.__index = Engine

--- An engine on this loop.
function fake_loop:engine()
  local fd = 1000 + #self.engines
  local engine = setmetatable({ number = fd, flying = 0, arrived = {}, done = {}, nudged = false, steps = 0 }, Engine)
  self.engines[fd], self.engines[#self.engines + 1] = engine, engine
  return engine
end

function Engine:is_readable()
  return self.nudged or self.arrived[1] ~= nil
end

--- A transfer in flight; `finish` is its answer coming.
function Engine:submit()
  self.flying = self.flying + 1
  local engine, transfer = self, { is_done = false }
  function transfer.done() return transfer.is_done end
  function transfer.awaited_by(_, waiter) transfer.waiter = waiter end
  function transfer.finish() table.insert(engine.arrived, transfer) end
  function transfer.cancel()
    if not transfer.is_done then
      transfer.is_done, transfer.is_cancelled = true, true
      engine.flying = engine.flying - 1
    end
  end
  return transfer
end

function Engine:step()
  self.steps, self.nudged = self.steps + 1, false
  local arrived = self.arrived
  self.arrived = {}
  for _, transfer in ipairs(arrived) do
    if not transfer.is_done then
      transfer.is_done = true
      self.flying = self.flying - 1
      table.insert(self.done, transfer)
    end
  end
  return #arrived
end

-- What drives one transfer to its end ends those of others too.
function Engine:perform(transfer)
  transfer.finish()
  self:step()
  for i, other in ipairs(self.done) do
    if other == transfer then
      table.remove(self.done, i)
    end
  end
  return true
end

function Engine:completed()
  local transfer = table.remove(self.done, 1)
  return transfer and transfer.waiter or transfer
end
function Engine:in_flight() return self.flying end
function Engine:nudge() self.nudged = true end
function Engine:fd() return self.number end

return fake_loop
