--- Adds rows of any number through an operation that takes a list of them, so many a request.
--
-- The source is read only as fast as the rows go out. A row that breaks a rule is found before
-- it is sent. A request that the service refused is halved, again and again, until its bad rows
-- stand alone; one that may have been done is reported and never sent again.

local errors = require "frontdesk.errors"
local sources = require "frontdesk.source"

local bulk = {}

--- What such a method takes beside the options of a call.
bulk.OPTIONS = { chunk = "number", concurrency = "number", on_error = "function", convert = "function" }

-- A refusal of these kinds may be the fault of a single row.
local OF_ROWS = { invalid_input = true, conflict = true, not_found = true, rejected = true }

-- After these, if the service did not act, nothing else would get through either.
local FINAL = { auth = true, forbidden = true, tls = true, cancelled = true, invalid_input = true }

local LOST_IN_A_ROW = 3 -- requests without an answer about their rows, before all is given up

---@class frontdesk.bulk.problem
---@field index integer place of the row in the source, from 1
---@field row any the row as the source gave it; nil where the source could not give it
---@field err frontdesk.error

---@class frontdesk.bulk.summary
---@field rows integer rows read from the source
---@field added integer rows that the service took
---@field failed frontdesk.bulk.problem[] rows that were not added, by index
---@field unknown frontdesk.bulk.problem[] rows that may have been added, by index
---@field stopped frontdesk.error|nil why it ended before the source did
local Summary = { __name = "frontdesk.bulk.summary" }
Summary.__index = Summary

function Summary:__tostring()
  local text = ("%d rows: %d added, %d failed, %d of unknown outcome"):format(
    self.rows, self.added, #self.failed, #self.unknown)
  return self.stopped and text .. "; stopped: " .. tostring(self.stopped) or text
end

local function by_index(left, right)
  return left.index < right.index
end

local Run = {}
Run.__index = Run

-- Every row that was read is settled once: added, failed or unknown.
function Run:report(list, entry, err)
  if self.closed or entry.settled then
    return
  end
  entry.settled = true
  local problem = { index = entry.index, row = entry.row, err = err }
  list[#list + 1] = problem
  if self.on_error then
    self.on_error(problem)
  end
end

function Run:report_all(list, entries, first, last, err)
  for i = first, last do
    self:report(list, entries[i], err)
  end
end

-- A row of the source as the operation takes it; nil and an error when it cannot.
function Run:prepare(row, index)
  local fields = row
  if self.convert then
    local reason
    fields, reason = self.convert(row)
    if fields == nil or fields == false then
      if errors.is(reason) then
        return nil, reason
      end
      return nil, self.seam.fail { kind = "invalid_input", field = ("%s[%d]"):format(self.field, index),
        message = ("%s[%d]: %s"):format(self.field, index, tostring(reason or "could not be converted")) }
    end
  end
  local ok, err = self.seam.check(fields, index)
  if not ok then
    return nil, err
  end
  return fields
end

-- The next rows that can be sent; nil when there are none, or nothing more is to be sent.
function Run:chunk()
  local entries = {}
  while #entries < self.size and not self.summary.stopped do
    local row, problem = self.next_row()
    if row == nil then
      break
    end
    local index = self.summary.rows + 1
    self.summary.rows = index
    local entry, err = { index = index, row = row or nil }, problem
    if row then
      entry.fields, err = self:prepare(row, index)
    end
    if entry.fields then
      entries[#entries + 1] = entry
    else
      self:report(self.summary.failed, entry, err or self.seam.fail { kind = "invalid_input",
        message = ("the source could not give row %d and did not say why"):format(index) })
    end
  end
  return #entries > 0 and entries or nil
end

-- Counts an answer, or its absence; too many without one end the run.
function Run:count(answered, err)
  self.lost = answered and 0 or self.lost + 1
  local hopeless = err and err.outcome ~= "unknown" and FINAL[err.kind]
  if hopeless or self.lost >= LOST_IN_A_ROW then
    self.summary.stopped = self.summary.stopped or err
  end
end

-- Sends the entries from first to last, and in halves when the service refuses them.
function Run:send(entries, first, last)
  local summary = self.summary
  if summary.stopped then
    return self:report_all(summary.failed, entries, first, last, summary.stopped)
  end
  local rows = {}
  for i = first, last do
    rows[#rows + 1] = entries[i].fields
  end
  local value, err = self.seam.call { [self.field] = rows }
  if self.closed then
    return
  elseif value ~= nil then
    self:count(true)
    summary.added = summary.added + #rows
    for i = first, last do
      entries[i].settled = true
    end
  elseif err.outcome == "unknown" then
    self:count(false, err)
    self:report_all(summary.unknown, entries, first, last, err)
  elseif err.outcome ~= "rejected" or not OF_ROWS[err.kind] then
    self:count(false, err)
    self:report_all(summary.failed, entries, first, last, err)
  else
    self:count(true)
    if first == last then
      return self:report(summary.failed, entries[first], err)
    end
    local middle = math.floor((first + last) / 2)
    self:send(entries, first, middle)
    self:send(entries, middle + 1, last)
  end
end

local CANCELLED = { kind = "cancelled", outcome = "unknown",
  message = "the task was cancelled while these rows were on their way" }

-- Sends chunks side by side. What raises in a task is raised here.
function Run:work(map, concurrency)
  local raised
  local open = {} -- chunks on their way
  local function next_chunk()
    local entries = raised == nil and self:chunk() or nil
    if entries then
      open[entries] = true
    end
    return entries
  end
  map(next_chunk, function(entries)
    self:send(entries, 1, #entries)
    open[entries] = nil
    return true
  end, {
    concurrency = concurrency,
    on_result = function(_, value, err)
      if value == nil and raised == nil then
        raised = err
      end
    end,
  })
  if raised ~= nil then
    error(raised, 0)
  end
  -- Left over only when the task that waits for them was cancelled.
  for entries in pairs(open) do
    local err = self.seam.fail(CANCELLED)
    self.summary.stopped = self.summary.stopped or err
    self:report_all(self.summary.unknown, entries, 1, #entries, err)
  end
  self.closed = true
end

--- Adds all rows of a source.
---@param rule { field: string, chunk: integer } of the operation
---@param seam { call: function, check: function, fail: function, map: function }  call(fields) -> value or nil, err;
--- check(row, index) -> true or nil, err; fail(fields) -> err; map as frontdesk.map
---@param source table|function a list, or an iterator of rows, or of `false, err` for a row that cannot be read
---@param options { chunk: integer?, concurrency: integer?, on_error: function?, convert: function? }
---@return frontdesk.bulk.summary|nil
---@return string|nil message what is wrong with the arguments
function bulk.add(rule, seam, source, options)
  local next_row = sources.iterator(source)
  if not next_row then
    return nil, "takes a list of rows or an iterator over them (got a " .. type(source) .. ")"
  end
  for _, name in ipairs { "chunk", "concurrency" } do
    local number = options[name]
    if number and not (number >= 1 and number < math.huge and number % 1 == 0) then
      return nil, "takes " .. name .. " as a whole number of 1 or more"
    end
  end
  local run = setmetatable({
    seam = seam, field = rule.field, size = options.chunk or rule.chunk, next_row = next_row, lost = 0,
    on_error = options.on_error, convert = options.convert,
    summary = setmetatable({ rows = 0, added = 0, failed = {}, unknown = {} }, Summary),
  }, Run)
  local concurrency = options.concurrency or 1
  if concurrency > 1 then
    run:work(seam.map, concurrency)
  else
    for entries in function() return run:chunk() end do
      run:send(entries, 1, #entries)
    end
  end
  table.sort(run.summary.failed, by_index)
  table.sort(run.summary.unknown, by_index)
  return run.summary
end

--- Adds all rows of a source through an operation of a client.
---@param client table the inside of a client
---@param operation table from Client:operation
---@param rule table the operation's bulk rule
---@param source table|function
---@param options table|nil of the call and of `bulk.add`, checked by name and type
---@return frontdesk.bulk.summary|nil
---@return string|nil message
function bulk.open(client, operation, rule, source, options)
  options = options or {}
  local call_options = {}
  for name, value in pairs(options) do
    if not bulk.OPTIONS[name] then
      call_options[name] = value
    end
  end
  local alone = rule.field .. "[1]" -- what the check of one row calls it
  local seam = {
    map = function(...) return require("frontdesk.tasks").map(...) end,
    call = function(fields) return client:call(operation, fields, call_options) end,
    fail = function(fields)
      local _, err = client:fail(operation, nil, fields)
      return err
    end,
    check = function(row, index)
      local input = { [rule.field] = { row } }
      local ok, message, field = operation.shape:check(input)
      if ok then
        return true
      end
      local function renamed(text)
        if text and text:sub(1, #alone) == alone then
          return ("%s[%d]%s"):format(rule.field, index, text:sub(#alone + 1))
        end
        return text
      end
      return client:fail(operation, input, { kind = "invalid_input", field = renamed(field), message = renamed(message) })
    end,
  }
  return bulk.add(rule, seam, source, options)
end

return bulk
