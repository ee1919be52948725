--- What a run of a job came to.

local progress = require "frontdesk.progress"

local KEYS_SHOWN = 5

---@class frontdesk.job.summary
---@field name string of the job
---@field items integer that the source gave
---@field done integer that this run did
---@field skipped integer that an earlier run had done
---@field settled integer that turned out to be done already, though their answer was lost
---@field failed table<string, integer> by kind of error; these are tried again by the next run
---@field unknown string[] keys of which nobody can say whether they were done, in order
---@field retried integer requests and items that were tried again
---@field seconds number that it took
---@field waited number seconds in which calls waited for rate limits, or for a service out of order
---@field stopped frontdesk.error|nil why the run ended before its source did
local Summary = { __name = "frontdesk.job.summary" }
Summary.__index = Summary

local summary = {}

---@param name string
---@return frontdesk.job.summary
function summary.new(name)
  return setmetatable({
    name = name, items = 0, done = 0, skipped = 0, settled = 0, failed = {}, unknown = {},
    retried = 0, seconds = 0, waited = 0,
  }, Summary)
end

--- How many failed in all.
---@return integer
function Summary:failures()
  local total = 0
  for _, count in pairs(self.failed) do
    total = total + count
  end
  return total
end

local function kinds(failed)
  local names = {}
  for kind in pairs(failed) do
    names[#names + 1] = kind
  end
  table.sort(names, function(a, b)
    return failed[a] > failed[b] or (failed[a] == failed[b] and a < b)
  end)
  for i, kind in ipairs(names) do
    names[i] = kind .. " " .. progress.count(failed[kind])
  end
  return table.concat(names, ", ")
end

local function first_keys(keys)
  local shown = {}
  for i = 1, math.min(#keys, KEYS_SHOWN) do
    shown[i] = keys[i]:gsub("%c", "?")
  end
  return table.concat(shown, ", ") .. (#keys > KEYS_SHOWN and ", ..." or "")
end

--- A block of lines for people; what did not happen is left out.
function Summary:__tostring()
  local rows = { { "done", progress.count(self.done) } }
  local function add(name, count, note)
    if count > 0 then
      rows[#rows + 1] = { name, progress.count(count), note }
    end
  end
  add("skipped", self.skipped, "done by an earlier run")
  add("settled", self.settled, "were done, though the answer was lost")
  add("failed", self:failures(), kinds(self.failed))
  add("unknown", #self.unknown, first_keys(self.unknown))
  add("retried", self.retried)
  if self.waited >= 0.05 then
    rows[#rows + 1] = { "waited", progress.time(self.waited), "for rate limits and outages" }
  end
  local width = 0
  for _, row in ipairs(rows) do
    width = math.max(width, #row[2])
  end
  local lines = { ("%s: %s item%s in %s"):format(self.name, progress.count(self.items),
    self.items == 1 and "" or "s", progress.time(self.seconds)) }
  for _, row in ipairs(rows) do
    local line = ("  %-8s %" .. width .. "s"):format(row[1], row[2])
    lines[#lines + 1] = row[3] and line .. "  " .. row[3] or line
  end
  if self.stopped then
    lines[#lines + 1] = "  stopped: " .. tostring(self.stopped)
  end
  return table.concat(lines, "\n")
end

return summary
