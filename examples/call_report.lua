-- Writes the last week's calls at eTelecom to a CSV file, and says of each agent how many were answered and how long they took.
-- Run: lua examples/call_report.lua [FILE]
local frontdesk = require "frontdesk"

local WEEK = 7 * 24 * 60 * 60
local COLUMNS = { "started_at", "direction", "caller", "callee", "call_state", "duration", "agent", "recording" }

local path = arg[1] or "calls.csv"
local pbx = frontdesk.etelecom().pbx

local function time(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds)
end

local names = {}
for user, err in pbx.users:each() do
  assert(user, err)
  names[user.user_id] = user.full_name
end

local agents, order = {}, {}
local function agent_of(call)
  local name = names[call.user_id] or "(nobody)"
  if not agents[name] then
    agents[name] = { name = name, calls = 0, answered = 0, seconds = 0 }
    order[#order + 1] = agents[name]
  end
  return agents[name]
end

local file = assert(frontdesk.csv.writer(path, COLUMNS, { bom = true })) -- the mark makes spreadsheets read UTF-8
local now, count = os.time(), 0
for call, err in pbx.call_logs:each { filter = { date_from = time(now - WEEK), date_to = time(now) } } do
  assert(call, err)
  local agent = agent_of(call)
  agent.calls = agent.calls + 1
  agent.answered = agent.answered + (call.call_state == "answered" and 1 or 0)
  agent.seconds = agent.seconds + call.duration
  assert(file:write {
    started_at = call.started_at, direction = call.direction, caller = call.caller, callee = call.callee,
    call_state = call.call_state, duration = call.duration, agent = agent.name, recording = call.recording_urls[1],
  })
  count = count + 1
end
assert(file:close())

table.sort(order, function(a, b) return a.calls > b.calls or a.calls == b.calls and a.name < b.name end)
for _, agent in ipairs(order) do
  print(("%4d calls, %3.0f %% answered, %5.1f min   %s"):format(
    agent.calls, agent.answered * 100 / agent.calls, agent.seconds / 60, agent.name))
end
print(("%d calls in %s"):format(count, path))
