--- How far a long piece of work is: a bar on a terminal, a line now and then elsewhere.
--
--     local progress = frontdesk.progress { label = "import", total = 5000 }
--     progress:step()            -- an item was worked on
--     progress:step "failed"     -- words other than "done" are counted by name
--     progress:finish()

local clock = require "frontdesk.clock"
local core = require "frontdesk.core"

local WIDTH = 79        -- columns; narrower than any terminal of our days
local LABEL_WIDTH = 24
local REDRAW = 0.1      -- seconds between two states of the bar
local FIRST_LINE = 5    -- seconds until the first line where there is no terminal;
local LAST_PAUSE = 60   -- the pause doubles up to this
local WINDOW = 10       -- seconds over which the rate is taken
local STANDARD_ERROR = 2

local progress = {}

--- A number with its thousands apart: 1,234,567.
---@param number number
---@return string
function progress.count(number)
  local digits = ("%d"):format(number)
  local grouped = digits:reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (grouped:gsub("^,", ""))
end

--- A time as people say it: 0.4 s, 42 s, 3:05 min, 2:10 h.
---@param seconds number
---@return string
function progress.time(seconds)
  if seconds < 9.95 then
    return ("%.1f s"):format(seconds)
  elseif seconds < 59.5 then
    return ("%.0f s"):format(seconds)
  end
  seconds = math.floor(seconds + 0.5)
  if seconds < 3600 then
    return ("%d:%02d min"):format(math.floor(seconds / 60), seconds % 60)
  end
  local minutes = math.floor(seconds / 60)
  return ("%d:%02d h"):format(math.floor(minutes / 60), minutes % 60)
end

-- Columns of a character; those from the CJK blocks on take two.
local function columns(character)
  local first, second = character:byte(1, 2)
  return (first >= 0xF0 or first > 0xE2 or (first == 0xE2 and second >= 0xBA)) and 2 or 1
end

-- A text cut to so many columns, between characters; and its width.
local function cut(text, width)
  local used, parts = 0, {}
  for character in text:gsub("%c", " "):gmatch "[%z\1-\127\192-\255][\128-\191]*" do
    local wide = columns(character)
    if used + wide > width then
      break
    end
    used, parts[#parts + 1] = used + wide, character
  end
  return table.concat(parts), used
end

---@class frontdesk.progress
local Progress = { __name = "frontdesk.progress" }
Progress.__index = Progress

-- Items a second, lately; nil until it can be told. Items that were only passed over
-- say nothing of how long the others take.
local function rate(self, now)
  local since = self.marks[1]
  local seconds = now - since.at
  return seconds >= 0.5 and (self.worked - since.worked) / seconds or nil
end

-- Remembers about one state a second, over the window.
local function mark(self, now)
  local marks = self.marks
  if now - marks[#marks].at >= 1 then
    marks[#marks + 1] = { at = now, worked = self.worked }
    while marks[2].at <= now - WINDOW do
      table.remove(marks, 1)
    end
  end
end

-- What stands behind the label and the bar, most important first.
local function facts(self, now)
  local list = {}
  if self.total then
    list[1] = ("%3d%%"):format(math.min(100, math.floor(self.seen / math.max(1, self.total) * 100)))
    list[2] = progress.count(self.seen) .. "/" .. progress.count(self.total)
  else
    list[1] = progress.count(self.seen)
  end
  local speed = rate(self, now)
  if speed then
    list[#list + 1] = speed < 9.95 and ("%.1f/s"):format(speed) or progress.count(math.floor(speed + 0.5)) .. "/s"
  end
  if not self.total then
    list[#list + 1] = progress.time(now - self.began)
  elseif speed and speed > 0 and self.seen < self.total then
    list[#list + 1] = progress.time((self.total - self.seen) / speed) .. " left"
  end
  for _, word in ipairs(self.words) do
    list[#list + 1] = progress.count(self.counts[word]) .. " " .. word
  end
  return list
end

-- One line of at most WIDTH columns: what does not fit is left out from the end.
local function line_of(self, now, with_bar)
  local text, used = cut(self.label, LABEL_WIDTH)
  local parts = { text }
  local list = facts(self, now)
  local rest = 0
  for i, fact in ipairs(list) do
    rest = rest + 2 + #fact
    if used + rest > WIDTH then
      rest = rest - 2 - #fact
      for j = #list, i, -1 do
        list[j] = nil
      end
      break
    end
  end
  local room = WIDTH - used - rest - 4 -- a space before the bar, its ends, and one to spare
  if with_bar and self.total and room >= 10 then
    room = math.min(room, 30)
    local full = math.floor(room * math.min(1, self.seen / math.max(1, self.total)))
    parts[1] = text .. " [" .. ("#"):rep(full) .. ("."):rep(room - full) .. "]"
  end
  for _, fact in ipairs(list) do
    parts[#parts + 1] = fact
  end
  return table.concat(parts, "  ")
end

local function write(self, text)
  self.out:write(text)
  self.out:flush()
end

local function show(self, now)
  if self.tty then
    if now >= self.due then
      self.due = now + REDRAW
      write(self, "\r" .. line_of(self, now, true) .. "\27[K")
    end
  elseif now >= self.due then
    self.pause = math.min(LAST_PAUSE, self.pause * 2)
    self.due = now + self.pause
    write(self, line_of(self, now) .. "\n")
  end
end

--- Says that an item is through.
---@param word? string "done" when not given; "skipped" items do not count for the rate
function Progress:step(word)
  word = word or "done"
  self.seen = self.seen + 1
  if word ~= "skipped" then
    self.worked = self.worked + 1
  end
  if word ~= "done" then
    if not self.counts[word] then
      self.counts[word] = 0
      self.words[#self.words + 1] = word
    end
    self.counts[word] = self.counts[word] + 1
  end
  if not self.out then
    return
  end
  -- A step can cost less than asking the time; while items are passed over it does.
  if word == "skipped" and self.seen % 100 ~= 0 then
    return
  end
  local now = clock.now()
  mark(self, now)
  show(self, now)
end

--- Takes the bar away, so that something else can be written; the next step draws it again.
function Progress:clear()
  if self.out and self.tty and self.due > 0 then
    write(self, "\r\27[K")
    self.due = 0
  end
end

--- Ends the display: the bar stays as it is at the end. A second call does nothing.
---@param text? string last words, below it; not written where there is to be silence
function Progress:finish(text)
  local out = self.out
  if out and self.tty and self.seen > 0 then
    write(self, "\r" .. line_of(self, clock.now(), true) .. "\27[K\n")
  end
  if out and text then
    write(self, text .. "\n")
  end
  self.out = nil
end

function Progress:__tostring()
  return "frontdesk.progress: " .. line_of(self, clock.now())
end

---@class frontdesk.progress.options
---@field label? string what is being done
---@field total? integer items in all; without it there is a count, and no bar
---@field out? table|false what has write and flush: io.stderr when not given; false for silence
---@field tty? boolean whether a terminal shows it: asked of the system when not given

--- Makes a progress display.
---@param options? frontdesk.progress.options
---@return frontdesk.progress
function progress.new(options)
  options = options or {}
  local out = options.out
  local tty = options.tty
  if out == nil then
    out = io.stderr
    if tty == nil then
      tty = core.isatty(STANDARD_ERROR) and os.getenv "TERM" ~= "dumb"
    end
  end
  local now = clock.now()
  local self = setmetatable({
    label = options.label or "", total = options.total, out = out or nil, tty = tty == true,
    seen = 0, worked = 0, counts = {}, words = {}, began = now, pause = FIRST_LINE,
    marks = { { at = now, worked = 0 } },
  }, Progress)
  self.due = self.tty and 0 or now + FIRST_LINE
  return self
end

return setmetatable(progress, { __call = function(_, options) return progress.new(options) end })
