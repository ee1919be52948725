--- One run of a job: what happens to each item of the source, from its key to its record.
--
-- The order is what the guarantees rest on. "started" is on the disk before the function
-- is called, and "done" is written before anything else happens to the item. So whatever
-- the moment in which a run dies, each key is in one of three states: done, not begun, or
-- begun with an outcome that is not known. Only the middle one is worked on without asking.

local cancellation = require "frontdesk.cancellation"
local clock = require "frontdesk.clock"
local errors = require "frontdesk.errors"
local tasks = require "frontdesk.tasks"

local LONGEST_KEY = 1000 -- bytes
local ROUNDS = 3         -- more, for what failed in a way that may pass
local PAUSE = 1          -- seconds before the first of them; the pause doubles
local KEPT = 10000       -- rows that are kept for these rounds
local GIVE_UP = 100      -- failures in a row that concern the service and not the item
local PATIENCE = 120     -- seconds that an outage of a service may last
local SHORTEST_WAIT = 1  -- seconds in which it is not asked;
local LONGEST_WAIT = 300 -- no more, whatever it asks for

-- Failures that would meet every other item too,
local FATAL = { auth = true, tls = true, cancelled = true }
-- and those that do when they go on and on.
local OUTAGE = { network = true, timeout = true, unavailable = true, rate_limited = true }

---@class frontdesk.job.run
local Run = {}
Run.__index = Run

local run = {}

---@param journal frontdesk.journal
---@param options table of job:each, checked
---@param fn function
---@param summary frontdesk.job.summary
---@param progress frontdesk.progress
---@return frontdesk.job.run
function run.new(journal, options, fn, summary, progress)
  return setmetatable({
    journal = journal, options = options, fn = fn, summary = summary, progress = progress,
    seen = {},    -- keys that this run's source gave
    again = {},   -- entries that another round may help
    rounds = ROUNDS,
    streak = 0,   -- failures in a row that look like an outage
    worked = false,   -- whether an item succeeded
    held_since = nil, -- when the service began to hold back all
    waiting = 0,  -- items that are held back
    over = false, -- nothing more is begun
    raised = nil, -- { error } that a function of the caller raised
  }, Run)
end

-- Ends the run with a failure of its own; what is under way still ends as it should.
function Run:stop(err)
  self.over = true
  self.summary.stopped = self.summary.stopped or err
end

-- Ends the run with an error that is raised again at its end.
function Run:raise(message)
  self.over = true
  self.raised = self.raised or { message }
end

-- Writes a record. nil when that failed, which ends the run.
function Run:record(word, key, detail)
  local added, err = self.journal:add(word, key, detail)
  if not added then
    self:stop(err)
  end
  return added
end

local function cancelled()
  return errors.new { kind = "cancelled", message = "the job was cancelled" }
end

local function is_cancelled()
  local state = cancellation.current()
  return state ~= nil and state.cancelled
end

local function kind_of(err)
  return type(err) == "table" and type(err.kind) == "string" and err.kind or "rejected"
end

function Run:report(err, entry)
  if self.options.on_error then
    self.progress:clear()
    self.options.on_error(err, entry.row, entry.key, entry.line)
  end
end

-- The end of an entry that did not succeed; one that an earlier run left has no error.
function Run:fail(entry, err, unknown)
  if unknown then
    self.progress:step "unknown"
  else
    local kind = kind_of(err)
    self.summary.failed[kind] = (self.summary.failed[kind] or 0) + 1
    self.progress:step "failed"
  end
  if err ~= nil then
    self:report(err, entry)
  end
end

function Run:refuse(entry, message)
  self:fail(entry, errors.new { kind = "invalid_input", message = message })
end

-- The key of a row as a string; nil and what is wrong with it.
function Run:key_of(row)
  local rule = self.options.key
  local key
  if type(rule) == "function" then
    key = rule(row)
  elseif type(row) == "table" then
    key = row[rule]
  end
  if type(key) == "number" then
    key = key % 1 == 0 and ("%.0f"):format(key) or ("%.17g"):format(key)
  end
  if type(key) ~= "string" or key == "" then
    return nil, type(rule) == "function" and "the item has no key" or ("the item has no %s, which is its key"):format(rule)
  elseif #key > LONGEST_KEY then
    return nil, ("the key is %d bytes long; %d are the most"):format(#key, LONGEST_KEY)
  end
  return key
end

-- Looks at what the source gave. An entry to work on, or nil when there is nothing to do.
function Run:admit(row, err, line)
  self.summary.items = self.summary.items + 1
  if row == false then
    self:fail({ line = line }, err)
    return nil
  end
  local entry = { row = row, line = line }
  local message
  entry.key, message = self:key_of(row)
  if not entry.key then
    self:refuse(entry, message)
    return nil
  elseif self.seen[entry.key] then
    self:refuse(entry, ('the key "%s" came before in this source'):format(entry.key))
    return nil
  end
  self.seen[entry.key] = true
  if self.journal.done[entry.key] then
    self.summary.skipped = self.summary.skipped + 1
    self.progress:step "skipped"
    return nil
  end
  return entry
end

-- Keeps an entry for another round. False when there is none.
function Run:try_later(entry)
  if self.over or self.rounds == 0 or #self.again >= KEPT then
    return false
  end
  self.again[#self.again + 1] = entry
  return true
end

-- An item whose outcome is not known, of an earlier run or an earlier round. True when it
-- is to be done (again).
function Run:settle(entry)
  local settle = self.options.settle
  local done = nil
  if settle then
    done = settle(entry.row, entry.key)
  end
  if done == nil then
    if not settle or not self:try_later(entry) then
      self:fail(entry, entry.err, true)
    end
    return false
  elseif done == false then
    return true
  end
  if self:record("done", entry.key) then
    self.summary.settled = self.summary.settled + 1
    self.progress:step()
  end
  return false
end

-- Brings "started" to the disk. One sync serves all who come while it waits for its turn.
-- False when the entry cannot begin.
function Run:begin(key)
  local mark = self:record("started", key)
  if not mark then
    return false
  end
  local rested, failure = clock.sleep(0)
  if rested then
    local ok, err = true, nil
    if self.journal.synced < mark then
      ok, err = self.journal:sync()
    end
    if ok and not self.over then
      return true
    end
    failure = err
  else
    failure = failure and errors.new(failure) or cancelled()
  end
  if failure then
    self:stop(failure)
  end
  self:record("failed", key, "cancelled") -- it was not begun
  return false
end

-- Waits a while with an item that did not get through: a service that throttles says itself
-- that it will be there, and one that worked before and cannot be reached may only be starting
-- anew. True when the item is to be tried again.
function Run:wait_out(entry, err, kind)
  local held_back = kind == "rate_limited" or OUTAGE[kind] and err.outcome == "not_sent" and self.worked
  if not held_back or self.over then
    return false
  end
  local now = clock.now()
  self.held_since, entry.held_since = self.held_since or now, entry.held_since or now
  if now - math.min(self.held_since, entry.held_since) > PATIENCE then
    return false
  end
  local asked = type(err.retry_after) == "number" and err.retry_after or 0
  local pause = math.max(SHORTEST_WAIT, math.min(LONGEST_WAIT, asked)) * (1 + clock.random())
  if self.waiting == 0 then -- many that wait at once count once
    self.waiting_since = now
  end
  self.waiting = self.waiting + 1
  local rested = clock.sleep(pause)
  self.waiting = self.waiting - 1
  if self.waiting == 0 then
    self.summary.waited = self.summary.waited + clock.now() - self.waiting_since
  end
  return rested and not self.over
end

-- An entry whose function failed: again at once, in another round, or for good.
function Run:fell_through(entry, err)
  local kind = kind_of(err)
  local unknown = type(err) == "table" and err.outcome == "unknown" and not self.options.idempotent
  self:record(unknown and "unknown" or "failed", entry.key, kind)
  if self:wait_out(entry, err, kind) then
    entry.err = err
    return self:attempt(entry)
  end
  self.streak = OUTAGE[kind] and self.streak + 1 or 0
  if FATAL[kind] or self.streak >= GIVE_UP then
    self:stop(err)
  end
  local passing = unknown and self.options.settle ~= nil
    or not unknown and type(err) == "table" and (err.retryable or self.options.idempotent and OUTAGE[kind])
  entry.err = err
  if not passing or not self:try_later(entry) then
    self:fail(entry, err, unknown)
  end
end

-- What an error leaves behind that the function raised: only an error of frontdesk says
-- whether the item was done.
function Run:fell_down(entry, message)
  if errors.is(message) and message.outcome ~= "unknown" then
    self:record("failed", entry.key, message.kind)
  elseif not self.options.idempotent then
    self:record("unknown", entry.key, "raised")
  end
end

function Run:attempt(entry)
  local options = self.options
  if self.journal.open[entry.key] and not options.idempotent and not self:settle(entry) then
    return
  end
  if self.over or not options.idempotent and not self:begin(entry.key) then
    return
  end
  if entry.err then
    self.summary.retried = self.summary.retried + 1
  end
  local ok, value, err = pcall(self.fn, entry.row, entry.key, entry.line)
  if not ok then
    self:fell_down(entry, value)
    error(value, 0)
  elseif not value and err == nil and is_cancelled() then
    self:fell_down(entry)
    return self:stop(cancelled())
  elseif not value and err == nil then
    self:fell_down(entry)
    error("the function of a job must give a value, or nil and an error; it gave nothing", 0)
  elseif not value then
    return self:fell_through(entry, err)
  end
  self.streak, self.worked, self.held_since = 0, true, nil
  if self:record("done", entry.key) then
    self.summary.done = self.summary.done + 1
    self.progress:step()
  end
end

function Run:work(entry)
  if self.over then
    return
  end
  entry.round = self.rounds
  local ok, message = pcall(self.attempt, self, entry)
  if not ok then
    self:raise(message)
    if cancellation.is_interrupt(message) then
      error(message, 0) -- Ctrl-C is for the loop around all tasks
    end
  end
end

-- Works through entries, many at once.
function Run:map(source)
  local ok, message = pcall(tasks.map, source, function(entry)
    self:work(entry)
    return true
  end, { concurrency = self.options.concurrency, on_result = function() end })
  if not ok then -- Ctrl-C, or the source: whatever else was raised came of it, or before it
    self.over, self.raised = true, { message }
  end
  if is_cancelled() then
    self:stop(cancelled())
  end
end

-- What one more try may help, after a while.
function Run:repeat_failed()
  local pause = PAUSE
  while #self.again > 0 and not self.over do
    local ok, rested, failure = pcall(clock.sleep, pause)
    if not ok then
      return self:raise(rested)
    elseif not rested then
      return self:stop(failure and errors.new(failure) or cancelled())
    end
    pause = pause * 2
    self.rounds = self.rounds - 1
    local list = self.again
    self.again = {}
    self:map(list)
    for _, entry in ipairs(list) do
      if entry.round ~= self.rounds then -- the run ended before its turn came
        self.again[#self.again + 1] = entry
      end
    end
  end
end

--- Works through a source.
---@param next_item fun(): any, any, any  an item, or false; an error; its line
function Run:perform(next_item)
  self:map(function()
    while not self.over do
      local row, err, line = next_item()
      if row == nil then
        return nil
      end
      local entry = self:admit(row, err, line)
      if entry then
        return entry
      end
    end
  end)
  self:repeat_failed()
  for _, entry in ipairs(self.again) do
    local ok, message = pcall(self.fail, self, entry, entry.err, self.journal.open[entry.key])
    if not ok then
      self:raise(message)
    end
  end
end

return run
