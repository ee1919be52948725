--- Parallel work: tasks that give way to each other while they wait for answers.
--
--     frontdesk.run(function()
--       local values, errors = frontdesk.map(contacts, save, { concurrency = 50 })
--     end)
--
-- The same functions work in a plain script, where `run` brings a loop (and `map`, `all`
-- and `race` bring one of their own), in nginx, and in the event loops of frontdesk.use.

local cancellation = require "frontdesk.cancellation"
local errors = require "frontdesk.errors"
local hosts = require "frontdesk.host"
local sources = require "frontdesk.source"

local tasks = {}

local function pack(...)
  return { n = select("#", ...), ... }
end
local unpack = table.unpack or unpack

local CONCURRENCY = 50 -- tasks at once, when nobody says otherwise

---@class frontdesk.task
local Task = { __name = "frontdesk.task" }
Task.__index = Task

function Task:__tostring()
  return "frontdesk.task: " .. (self.results and "done" or "running")
end

--- Whether the task has ended.
---@return boolean
function Task:done()
  return self.results ~= nil
end

--- Waits for the task's end.
---@return any ... what its function returned; nil and the error when it raised one
function Task:wait()
  if not self.results then
    local ticket = hosts.ticket()
    local waiters = self.waiters
    waiters[#waiters + 1] = ticket
    cancellation.wait(ticket)
    if not self.results then
      return nil, errors.new { kind = "cancelled", message = "the task that waited was cancelled" }
    end
  end
  return unpack(self.results, 1, self.results.n)
end

--- Ends what the task waits for; its calls fail with the kind "cancelled" from now on.
function Task:cancel()
  if self.results then
    return
  end
  self.cancelled = true
  if self.state then
    cancellation.cancel(self.state)
  end
end

-- Runs in the task's own coroutine.
local function perform(task, fn, arguments)
  task.state = cancellation.current()
  task.state.cancelled = task.state.cancelled or task.cancelled == true
  local results = pack(pcall(fn, unpack(arguments, 1, arguments.n)))
  if results[1] then
    results = pack(unpack(results, 2, results.n))
  elseif cancellation.is_interrupt(results[2]) then
    error(results[2], 0) -- Ctrl-C is not the task's to keep
  else
    results = { n = 2, nil, results[2] }
  end
  task.results = results
  for _, ticket in ipairs(task.waiters) do
    ticket:wake()
  end
end

local function start(spawn, fn, ...)
  local task, arguments = setmetatable({ waiters = {} }, Task), pack(...)
  spawn(function() perform(task, fn, arguments) end)
  return task
end

--- Runs a function in which tasks can be spawned, and waits for all of them.
---@param fn function
---@return any ... what the function returned; an error that it raises is raised here
function tasks.run(fn)
  local results
  hosts.run(function() results = pack(fn()) end)
  return unpack(results or {}, 1, results and results.n or 0)
end

--- Starts a task.
---@param fn function
---@param ... any its arguments
---@return frontdesk.task
function tasks.spawn(fn, ...)
  local spawn = hosts.spawner()
  if not spawn then
    error("frontdesk.spawn needs a loop around it: call it inside frontdesk.run(function() ... end)", 2)
  end
  return start(spawn, fn, ...)
end

local function iterator_of(source, level)
  local next_item = sources.iterator(source)
  if not next_item then
    error("the source must be a list or an iterator (got a " .. type(source) .. ")", level + 1)
  end
  return next_item
end

local function concurrency_of(options, level)
  local concurrency = options and options.concurrency or CONCURRENCY
  if type(concurrency) ~= "number" or concurrency < 1 or concurrency % 1 ~= 0 then
    error("concurrency must be a whole number of 1 or more", level + 1)
  end
  return concurrency
end

-- Works on one item after the other, until there are none left. `at.item` is the index of the one
-- whose function is running; false while the source or `report` is.
local function work_on_items(job, at, state)
  local next_item, fn, report = job.next_item, job.fn, job.report
  while not job.finished do
    local item, problem = next_item()
    if item == nil then
      job.finished = true
      return
    end
    local index = job.count + 1
    job.count = index -- which goes on while this item is worked on
    if item == false then
      report(index, nil, problem)
    elseif state and state.cancelled then
      return
    else
      at.item = index
      local value, err = fn(item, index)
      at.item = false
      report(index, value, err)
    end
  end
end

-- What a task does for a job: all items that it gets to in one pcall, since LuaJIT compiles nothing
-- that returns through one, and goes on after an item that raised.
local function take_part(job)
  local at, state = { item = false }, cancellation.current()
  local ok, problem = pcall(work_on_items, job, at, state)
  while not ok do
    if cancellation.is_interrupt(problem) then
      error(problem, 0) -- Ctrl-C is not an item's to keep
    end
    local item = at.item
    if not item then -- the source or `report` failed: nobody can go on
      job.finished = true
      if job.raised == nil then
        job.raised = problem
      end
      return
    end
    at.item = false
    ok, problem = pcall(job.report, item, nil, problem)
    if ok then
      ok, problem = pcall(work_on_items, job, at, state)
    end
  end
end

-- Works through a source with so many tasks; each takes the next item when it is done with
-- its last, so the source is read no faster than the work goes. `report` gets each result.
local function work(source, fn, concurrency, report)
  local job = { next_item = iterator_of(source, 3), fn = fn, report = report, count = 0, finished = false }
  hosts.run(function()
    local spawn, workers = hosts.spawner(), {}
    if not spawn then
      take_part(job)
    else
      for i = 1, concurrency do
        workers[i] = start(spawn, take_part, job)
        if job.finished then
          break
        end
      end
      local state = cancellation.current()
      for _, task in ipairs(workers) do
        while not task:done() do
          task:wait()
          if state and state.cancelled then
            for _, other in ipairs(workers) do
              other:cancel()
            end
            return
          end
        end
      end
    end
    if job.raised ~= nil then
      error(job.raised, 0)
    end
  end)
end

--- Calls a function for each item of a source, many at once.
---@param source table|function a list, or an iterator such as frontdesk.csv.rows gives
---@param fn fun(item: any, index: integer): any, any  gives a value, or nil and an error; may raise
---@param options? { concurrency: integer, on_result: fun(index: integer, value: any, err: any) }
---  concurrency is 50 when not given; with on_result each result is given to it as it comes, and none is kept.
---  What the source or on_result raises is raised here, when the items under way have ended
---@return table values by index, with n, the number of items
---@return table errors by index, for those that failed
function tasks.map(source, fn, options)
  local values, failures = { n = 0 }, {}
  local on_result = options and options.on_result
  work(source, fn, concurrency_of(options, 2), function(index, value, err)
    if index > values.n then
      values.n = index
    end
    if on_result then
      return on_result(index, value, err)
    end
    values[index] = value
    if value == nil then
      failures[index] = err
    end
  end)
  return values, failures
end

--- Calls all functions at once and waits for all of them.
---@param functions function[]
---@return table values by index, with n
---@return table errors by index, for those that failed
function tasks.all(functions)
  return tasks.map(functions, function(fn) return fn() end, { concurrency = math.max(1, #functions) })
end

--- Calls all functions at once and takes the first success; the others are cancelled.
---@param functions function[]
---@return any value of the first that gave one, or nil
---@return any err of the last that failed, when none gave a value
function tasks.race(functions)
  local value, last_error
  tasks.run(function()
    local spawn = hosts.spawner()
    if not spawn then
      error("frontdesk.race needs tasks, which cannot be had here", 0)
    end
    local ticket, left, over = hosts.ticket(), #functions, #functions == 0
    local runners = {}
    for i, fn in ipairs(functions) do
      runners[i] = start(spawn, function()
        local ok, result, err = pcall(fn)
        left = left - 1
        if over then
          return
        end
        if ok and result ~= nil then
          value, over = result, true
        else
          last_error = ok and err or not ok and result
          over = left == 0
        end
        if over and ticket.waiting then
          ticket:wake()
        end
      end)
    end
    if not over then
      ticket.waiting = true
      cancellation.wait(ticket)
    end
    for _, task in ipairs(runners) do
      task:cancel()
    end
  end)
  if value ~= nil then
    return value
  end
  return nil, last_error
end

return tasks
