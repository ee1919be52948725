--- An import that has a hard time: the sandbox's nginx answers one request in twenty with a
-- fault, and the importing process is killed in the middle, more than once. Used by
-- spec/workflow/import_spec.lua and, with more rows, by `make demo-import`.

local frontdesk = require "frontdesk"
local process = require "frontdesk.sandbox.process"
local sandbox = require "frontdesk.sandbox"
local interpreter = require "support.interpreter"

local SHARE = 0.05   -- of requests that meet a fault
local WINDOW = 5000  -- requests for which faults are ordered at a time
local MOST_RUNS = 8
local LOOK = 0.01    -- seconds between two looks at how far it is

local FAMILY = { "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ" }
local MIDDLE = { "Thị", "Văn", "Minh", "Thanh", "Ngọc", "Quốc", "Thu" }
local GIVEN = { "Lan", "Hùng", "Mai", "Sơn", "Ánh", "Bảo", "Vy", "Khôi", "Nhung", "Dương", "Oanh" }

local import_trial = {}

-- A generator of our own: math.random differs between Luas.
local function generator(seed)
  return function(low, high)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return low + math.floor(seed / 2147483648 * (high - low + 1))
  end
end

local function write_contacts(path, rows)
  local names = {}
  local file = assert(frontdesk.csv.writer(path, { "refId", "fullName", "gender", "email", "tags" }))
  for i = 1, rows do
    local id = ("IMP-%06d"):format(i)
    names[id] = ("%s %s %s"):format(FAMILY[i % #FAMILY + 1], MIDDLE[i % #MIDDLE + 1], GIVEN[i % #GIVEN + 1])
    assert(file:write { refId = id, fullName = names[id], gender = i % 2 == 0 and "male" or "female",
      email = ("contact-%06d@khach.example"):format(i), tags = i % 3 == 0 and "Lead|VIP" or "Lead" })
  end
  assert(file:close())
  return names
end

-- Orders faults for the next requests: a burst of 429, as a service that throttles gives, and
-- scattered 503 and resets, half of them after the service has done its work.
local function order_faults(server, requests, random)
  local each = math.max(2, math.floor(requests * SHARE / 3 + 0.5))
  assert(server:fault { service = "omicall", kind = "status", status = 429, retry_after = 1, times = each,
    after = random(0, requests - each) })
  for i = 1, each do
    assert(server:fault { service = "omicall", kind = "status", status = 503, processed = i % 2 == 0, after = random(1, requests) })
    assert(server:fault { service = "omicall", kind = "reset", processed = i % 2 == 0, after = random(1, requests) })
  end
  return 3 * each
end

-- Starts the import, and gives its process.
local function start(self)
  local words = { "env" }
  for name, value in pairs(self.server:environment()) do
    words[#words + 1] = name .. "=" .. process.quote(value)
  end
  for _, word in ipairs { interpreter(), "examples/import_contacts.lua", self.source, self.journal } do
    words[#words + 1] = process.quote(word)
  end
  local command = ("%s >%s %s </dev/null & echo $!"):format(table.concat(words, " "), process.quote(self.log),
    self.show and "" or "2>&1")
  local pid = tonumber(process.output(command))
  return { pid = pid, start = process.start_of(pid) }
end

local function contacts(self)
  return assert(self.server:counts()).omicall.contacts - self.before
end

-- Follows a run to its end, or to the number of contacts at which it is killed.
local function follow(self, child, kill_at)
  while process.is_alive(child.pid, child.start) do
    local count = contacts(self)
    while self.ordered_for < math.min(self.rows, count + WINDOW / 2) do
      local window = math.min(WINDOW, self.rows)
      self.faults = self.faults + order_faults(self.server, window, self.random)
      self.ordered_for = self.ordered_for + window
    end
    if kill_at and count >= kill_at then
      process.signal("KILL", child.pid)
      self.say(("  killed with %d contacts in the service"):format(count))
      return true
    end
    frontdesk.sleep(LOOK)
  end
  return false
end

-- What the service holds, against what the source has.
local function compare(self, names)
  local times, wrong = {}, 0
  local client = frontdesk.omicall(self.server:options "omicall")
  for contact, err in client.contacts:each { size = 1000 } do
    assert(contact, err)
    local id = contact.ref_id
    if names[id] then
      times[id] = (times[id] or 0) + 1
      for _, attribute in ipairs(contact.attribute_structure) do
        if attribute.field_code == "full_name" and attribute.value[1].display_value ~= names[id] then
          wrong = wrong + 1
        end
      end
    end
  end
  local lost, twice = 0, 0
  for id in pairs(names) do
    lost = lost + (times[id] and 0 or 1)
    twice = twice + ((times[id] or 0) > 1 and 1 or 0)
  end
  return lost, twice, wrong
end

-- The whole story, with a server that is stopped afterwards.
local function perform(self)
  local names = write_contacts(self.source, self.rows)
  self.before = assert(self.server:counts()).omicall.contacts
  local kills = {}
  for i = 1, self.kills do -- somewhere in the first, the second, ... of so many parts and one
    local part = math.floor(self.rows / (self.kills + 1))
    kills[i] = (i - 1) * part + self.random(math.floor(part / 2), part)
  end
  local began = frontdesk.now()
  local result = { runs = 0, killed = 0, summaries = {} }
  while result.runs < MOST_RUNS do
    result.runs = result.runs + 1
    self.say(("run %d"):format(result.runs))
    if follow(self, start(self), kills[result.killed + 1]) then
      result.killed = result.killed + 1
    else
      local said = process.read_file(self.log)
      result.summaries[#result.summaries + 1] = said
      self.say(((said:match "import of .*" or said:sub(-2000)):gsub("([^\n]+)", "  %1"):gsub("\n$", "")))
      if said:find("\n  done ", 1, true) and not said:find("\n  unknown ", 1, true) and not said:find("\n  failed ", 1, true) then
        break
      end
    end
  end
  result.seconds = frontdesk.now() - began
  result.faults = self.faults
  result.contacts = contacts(self)
  result.lost, result.twice, result.wrong = compare(self, names)
  return result
end

--- Runs the trial.
---@param options { rows: integer, kills: integer, seed: integer, say: fun(text: string)|nil, show: boolean|nil }
---@return table result runs, killed, faults, seconds, summaries; contacts added to the service; lost, twice, wrong
function import_trial.run(options)
  local folder = assert(process.private_folder())
  local server = assert(sandbox.start { services = { "omicall" }, https = false })
  local ok, result = pcall(perform, {
    rows = options.rows, kills = options.kills, random = generator(options.seed), say = options.say or function() end,
    show = options.show, server = server, faults = 0, ordered_for = 0,
    source = folder .. "/contacts.csv", journal = folder .. "/import.journal", log = folder .. "/log",
  })
  server:stop()
  process.remove_folder(folder)
  if not ok then
    error(result, 0)
  end
  return result
end

return import_trial
