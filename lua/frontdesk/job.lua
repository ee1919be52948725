--- Work that survives: each item is done once, however often the script is killed and run.
--
--     local job = assert(frontdesk.job("import-2026-11", { journal = "import.journal" }))
--     local rows = assert(frontdesk.csv.rows "contacts.csv")
--     local summary = assert(job:each(rows, { key = "refId" }, function(row)
--       return omicall.contacts:add { refId = row.refId, fullName = row.fullName }
--     end))
--     print(summary)
--
-- docs/jobs.md says what is promised, and why no more can be.

local clock = require "frontdesk.clock"
local journals = require "frontdesk.journal"
local metrics = require "frontdesk.metrics"
local nearest = require "frontdesk.nearest"
local progress = require "frontdesk.progress"
local runs = require "frontdesk.job.run"
local sources = require "frontdesk.source"
local summaries = require "frontdesk.job.summary"

---@class frontdesk.job
---@field name string
---@field summary frontdesk.job.summary|nil of the last run, or the one under way
local Job = { __name = "frontdesk.job" }
Job.__index = Job

function Job:__tostring()
  return "frontdesk.job: " .. self.name .. ", journal " .. self.journal.path
end

local OPTIONS = { journal = { "string" }, sync = { "string" } }
local EACH_OPTIONS = {
  key = { "string", "function" },
  concurrency = { "number" },
  settle = { "function" },
  idempotent = { "boolean" },
  on_error = { "function" },
  total = { "number" },
  progress = { "boolean", "table" },
}

local function check_options(where, options, known, level)
  if type(options) ~= "table" then
    error(where .. " takes a table of options (got a " .. type(options) .. ")", level + 1)
  end
  for name, value in pairs(options) do
    local kinds = known[name]
    if not kinds then
      error(where .. ': "' .. tostring(name) .. '" is not an option' .. nearest(name, known), level + 1)
    elseif type(value) ~= kinds[1] and type(value) ~= kinds[2] then
      error(("%s: the option %s must be a %s (got a %s)"):format(where, name, table.concat(kinds, " or a "), type(value)),
        level + 1)
    end
  end
end

---@class frontdesk.job.options
---@field journal string path of the file that remembers what was done; each job has its own
---@field sync? "batch"|"each" "each" brings every record to the disk before the work goes on

-- What `frontdesk.job(...)` does.
local function open(_, name, options)
  if type(name) ~= "string" or name == "" or #name > 200 then
    error("frontdesk.job takes a name of at most 200 bytes and a table of options", 2)
  end
  check_options("frontdesk.job", options, OPTIONS, 2)
  if not options.journal then
    error("frontdesk.job: the option journal is missing: the path of the file that remembers what was done", 2)
  elseif options.sync ~= nil and options.sync ~= "batch" and options.sync ~= "each" then
    error('frontdesk.job: the option sync must be "batch" or "each"', 2)
  end
  local journal, err = journals.open(options.journal, name, options.sync)
  if not journal then
    return nil, err
  end
  return setmetatable({ name = name, journal = journal }, Job)
end

local function make_progress(self, source, options)
  local given = options.progress
  if type(given) == "table" then
    return given
  end
  local out = nil
  if given == false then
    out = false
  end
  return progress.new { label = self.name, total = options.total or sources.count(source), out = out }
end

local function sorted_keys(set)
  local keys = {}
  for key in pairs(set) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

---@class frontdesk.job.each_options
---@field key string|fun(row: any): string the field that tells items apart, or what gives it
---@field concurrency? integer items at once: 50 when not given; 1 keeps the order of the source
---@field idempotent? boolean doing an item twice is as good as once: nothing is ever unknown, and items may be repeated
---@field settle? fun(row: any, key: string): boolean|nil asked of an item whose outcome is not known: true when it was done,
---  false when it was not, nil when it cannot be told
---@field on_error? fun(err: any, row: any, key: string|nil, line: integer|nil) told of each item that failed
---@field total? integer items in all, for the progress bar; known for a list
---@field progress? boolean|frontdesk.progress false for silence

--- Does each item of a source that was not done yet. The function gives a value, or nil and
-- an error; what failed is tried again by the next run, and in the same run when it may pass.
-- An error that it raises, or Ctrl-C, ends the run: what was done is recorded, then it is raised again.
---@param source table|function a list, or an iterator such as frontdesk.csv.rows gives
---@param options frontdesk.job.each_options
---@param fn fun(row: any, key: string, line: integer|nil): any, any
---@return frontdesk.job.summary|nil summary nil when the run ended before its source did
---@return frontdesk.error|nil err why: no credential is valid, the service is out of order, the journal cannot be written
---@return frontdesk.job.summary|nil summary of what was done till then
function Job:each(source, options, fn)
  check_options("job:each", options, EACH_OPTIONS, 2)
  if not options.key then
    error("job:each: the option key is missing: the name of the field that tells items apart, or a function", 2)
  elseif type(fn) ~= "function" then
    error("job:each takes a source, options and a function (got a " .. type(fn) .. ")", 2)
  elseif self.running then
    error("job:each: this job is running already", 2)
  end
  local next_item = sources.iterator(source)
  if not next_item then
    error("job:each: the source must be a list or an iterator (got a " .. type(source) .. ")", 2)
  end
  local summary = summaries.new(self.name)
  local bar = make_progress(self, source, options)
  local began, before = clock.now(), metrics.read()
  local run = runs.new(self.journal, options, fn, summary, bar)
  self.summary, self.running = summary, true
  run:perform(next_item)
  self.running = false

  local synced, err = self.journal:sync()
  if not synced then
    run:stop(err)
  end
  local after = metrics.read()
  summary.seconds = clock.now() - began
  summary.unknown = options.idempotent and {} or sorted_keys(self.journal.open)
  summary.retried = summary.retried + after.retries - before.retries
  summary.waited = summary.waited + after.seconds_limited - before.seconds_limited
  -- Who pressed Ctrl-C gets no summary from the script.
  bar:finish(run.raised and tostring(summary) or nil)
  if run.raised then
    error(run.raised[1], 0)
  elseif summary.stopped then
    return nil, summary.stopped, summary
  end
  return summary
end

--- Whether an item's success is recorded.
---@param key string
---@return boolean
function Job:is_done(key)
  return self.journal.done[key] == true
end

--- The keys of the items of which nobody can say whether they were done, in order.
---@return string[]
function Job:unknown()
  return sorted_keys(self.journal.open)
end

--- Closes the journal, and lets another run in. The end of the script does it too.
---@return boolean|nil true
---@return frontdesk.error|nil err
function Job:close()
  return self.journal:close()
end

--- Opens a job, and locks it: a second run at the same time is refused.
---@overload fun(name: string, options: frontdesk.job.options): frontdesk.job|nil, frontdesk.error|nil
-- The name says what is done, and to what: "import-2026-11". The error's kind is "conflict" when the
-- job runs elsewhere; its `line` names a line of the journal that is damaged or another job's.
return setmetatable({}, { __name = "frontdesk.jobs", __call = open })
