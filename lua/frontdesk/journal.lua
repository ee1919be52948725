--- What a job has done, on the disk, line by line, so that its next run knows.
--
-- A line is: checksum TAB word TAB key [TAB detail]. The first line's word is the format's,
-- with its version and the job's name. Each checksum covers the one before it too, so that
-- a line that was changed, removed, added or moved is noticed. The words:
--   started  work on the key begins; without a later line its outcome is not known
--   done     it succeeded
--   failed   it did not happen; detail: the kind of the error
--   unknown  it was tried, and nobody can say whether it happened; detail: the kind
--
-- A crash can leave half a line at the end, or bytes that were never written; these are cut
-- off. Any other line that does not match its checksum is a reason to stop: what it said
-- may have been that something was done.

local clock = require "frontdesk.clock"
local core = require "frontdesk.core"
local errors = require "frontdesk.errors"

local FORMAT = "frontdesk-journal"
local VERSION = "1"
local CHUNK = 256 * 1024   -- bytes read at once
local LONGEST_LINE = 65536 -- bytes

local BATCH = 100    -- records, or
local BATCH_TIME = 1 -- seconds, after which what was added is brought to the disk

local WORDS = { started = true, done = true, failed = true, unknown = true }

---@class frontdesk.journal
---@field path string
---@field done table<string, boolean> keys that succeeded
---@field open table<string, boolean> keys that were begun and whose outcome is not known
---@field added integer records added by this process
---@field synced integer how many of them are on the disk
---@field repaired integer|nil bytes that were cut off at the end, if any
local Journal = { __name = "frontdesk.journal" }
Journal.__index = Journal

function Journal:__tostring()
  return "frontdesk.journal: " .. self.path
end

local journal = {}

local function problem(path, message, fields)
  fields = fields or {}
  local where = fields.line and ("%s, line %d"):format(path, fields.line) or path
  fields.kind = fields.kind or "invalid_input"
  fields.message = where .. ": " .. message
  return errors.new(fields)
end

-- Keys are any bytes; a line holds no control characters.
local function escape(text)
  return (text:gsub("[%c\\]", function(byte) return ("\\%02x"):format(byte:byte()) end))
end

local function unescape(text)
  return (text:gsub("\\(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function line_of(sum, text)
  sum = core.crc32(sum .. "\t" .. text)
  return sum, sum .. "\t" .. text .. "\n"
end

local function header_of(name)
  return FORMAT .. "\t" .. VERSION .. "\t" .. escape(name)
end

-- Why the first line is not this job's; nil when it is.
local function foreign(text, expected)
  if text == expected then
    return nil
  end
  local version, name = text:match("^" .. FORMAT:gsub("%-", "%%-") .. "\t(%d+)\t(.*)$")
  if not version then
    return "this is not the journal of a job; give the job a file of its own"
  elseif version ~= VERSION then
    return ("a journal of version %s, which this frontdesk does not read"):format(version)
  end
  return ('this is the journal of the job "%s"; give each job a file of its own'):format(unescape(name))
end

-- Takes in one record. False when there is no such record.
local function take(self, text)
  local word, key = text:match "^(%l+)\t([^\t]*)"
  if not WORDS[word] then
    return false
  end
  key = unescape(key)
  if word == "done" then
    self.done[key], self.open[key] = true, nil
  elseif word == "failed" then
    self.open[key] = nil
  elseif not self.done[key] then
    self.open[key] = true
  end
  return true
end

local CHANGED = "the line does not match its checksum: the journal was changed or damaged; "
  .. "put back a copy of it, or see docs/jobs.md"

-- Reads a line without its line feed. nil and why when it cannot be what was written.
local function read_line(self, line, expected)
  local sum, text = line:match "^(%x%x%x%x%x%x%x%x)\t(.*)$"
  if self.lines == 0 and not (sum and core.crc32("\t" .. text) == sum) then
    return nil, line:find(FORMAT, 1, true) and CHANGED or foreign("", expected)
  elseif not sum or core.crc32(self.sum .. "\t" .. text) ~= sum then
    return nil, CHANGED
  end
  local message
  if self.lines == 0 then
    message = foreign(text, expected)
  elseif not take(self, text) then
    message = "the line holds no record that this frontdesk knows"
  end
  if message then
    return nil, message
  end
  self.sum, self.lines = sum, self.lines + 1
  return true
end

-- Reads all whole lines. Returns where they end, and what stands behind them.
local function read_lines(self, expected)
  local offset, rest = 0, ""
  while true do
    local text, message = self.file:read(offset + #rest, CHUNK)
    if not text then
      return nil, problem(self.path, "cannot be read: " .. message)
    elseif text == "" then
      return offset, rest
    end
    text = rest .. text
    local from, stop = 1, text:find("\n", #rest + 1, true)
    while stop do
      local ok, why = read_line(self, text:sub(from, stop - 1), expected)
      if not ok then
        return nil, problem(self.path, why, { line = self.lines + 1 })
      end
      from = stop + 1
      stop = text:find("\n", from, true)
    end
    offset, rest = offset + from - 1, text:sub(from)
    if #rest > LONGEST_LINE and not rest:find "^%z*$" then
      return nil, problem(self.path, self.lines == 0 and foreign("", expected) or CHANGED, { line = self.lines + 1 })
    end
  end
end

-- Cuts off what a crash left behind the last whole line. A file that does not even begin
-- as a journal is somebody else's, and stays as it is.
local function repair(self, offset, rest, first_line)
  if rest == "" then
    return true
  end
  local blank = rest:find "^%z*$"
  if self.lines == 0 and not blank and first_line:sub(1, #rest) ~= rest then
    return nil, problem(self.path, foreign("", first_line), { line = 1 })
  end
  local done, message = self.file:truncate(offset)
  if not done then
    return nil, problem(self.path, "its torn last line cannot be cut off: " .. message)
  end
  self.repaired = #rest
  return true
end

local function load(self, name)
  local header = header_of(name)
  local sum, first_line = line_of("", header)
  local offset, rest = read_lines(self, header)
  if not offset then
    return nil, rest
  end
  local ok, err = repair(self, offset, rest, first_line)
  if ok and self.lines == 0 then
    self.sum, self.lines = sum, 1
    ok, err = self:write(first_line)
    if ok then
      ok, err = self:sync()
    end
  end
  return ok, err
end

--- Opens the journal of a job, and makes it where there is none. It stays locked until it
-- is closed, or the process ends: a second run of the job is refused.
---@param path string
---@param name string of the job
---@param sync? "batch"|"each" "each" brings every record to the disk by itself
---@return frontdesk.journal|nil
---@return frontdesk.error|nil err with `line`, where a line is at fault
function journal.open(path, name, sync)
  local file, message, locked = core.journal(path)
  if locked then
    return nil, problem(path, "the job is running: another process has this journal open; wait for its end",
      { kind = "conflict" })
  elseif not file then
    return nil, problem(path, "cannot be opened as a journal: " .. message)
  end
  local self = setmetatable({
    path = path, file = file, done = {}, open = {}, sum = "", lines = 0,
    added = 0, synced = 0, batch = sync == "each" and 1 or BATCH, synced_at = clock.now(),
  }, Journal)
  local ok, err = load(self, name)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

--- Hands text to the kernel: from then on the end of this process cannot lose it.
---@param text string
function Journal:write(text)
  if not self.file then
    return nil, problem(self.path, "the journal is closed")
  end
  local done, message = self.file:append(text)
  if not done then
    return nil, problem(self.path, "cannot be written: " .. message, { kind = "unavailable" })
  end
  return true
end

-- Takes in the record that is being added, if the file has it: an error that comes in between (Ctrl-C, or no
-- memory) must not part us from what is written, or the next line would not follow from the last. May be done twice.
local function take_in(self)
  local record = self.record
  if record and record.from < self.file:size() then
    take(self, record.text)
    self.sum, self.added = record.sum, record.number
  end
  self.record = nil
end

--- Adds a record. It is the kernel's at once, and on the disk with its batch.
---@param word "started"|"done"|"failed"|"unknown"
---@param key string
---@param detail? string
---@return integer|nil added the record's number: it is on the disk once `synced` is as high
---@return frontdesk.error|nil err nothing was added
function Journal:add(word, key, detail)
  if not self.file then
    return nil, problem(self.path, "the journal is closed")
  end
  take_in(self) -- where the last call did not come so far
  local text = word .. "\t" .. escape(key)
  local sum, line = line_of(self.sum, detail and text .. "\t" .. escape(detail) or text)
  if #line > LONGEST_LINE then
    return nil, problem(self.path, ("a key of %d bytes is too long to be recorded"):format(#key))
  end
  self.record = { from = self.file:size(), text = text, sum = sum, number = self.added + 1 }
  local ok, err = self:write(line)
  take_in(self)
  if not ok then
    return nil, err
  end
  if self.added - self.synced >= self.batch or clock.now() - self.synced_at >= BATCH_TIME then
    ok, err = self:sync()
    if not ok then
      return nil, err
    end
  end
  return self.added
end

--- Returns when the disk has all that was added.
---@return boolean|nil true
---@return frontdesk.error|nil err
function Journal:sync()
  if not self.file then
    return nil, problem(self.path, "the journal is closed")
  end
  local done, message = self.file:sync()
  if not done then
    return nil, problem(self.path, "cannot be brought to the disk: " .. message, { kind = "unavailable" })
  end
  self.synced, self.synced_at = self.added, clock.now()
  return true
end

--- Closes the journal, and lets the next run in. A second call does nothing.
---@return boolean|nil true
---@return frontdesk.error|nil err
function Journal:close()
  local ok, err = true, nil
  if self.file then
    if self.synced < self.added then
      ok, err = self:sync()
    end
    self.file:close()
    self.file = nil
  end
  return ok, err
end

return journal
