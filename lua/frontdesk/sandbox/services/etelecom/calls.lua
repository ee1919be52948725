--- The calls that the simulated switchboard remembers: a week of them, made up when they are first asked for.

local common = require "frontdesk.sandbox.services.etelecom.common"
local respond = require "frontdesk.sandbox.respond"

local calls = {}

local COUNT, WEEK = 230, 7 * 86400

-- A generator of its own, so that every sandbox has the same week.
local function dice(seed)
  return function(sides)
    seed = seed * 48271 % 2147483647
    return seed % sides + 1
  end
end

local function new_call(state, board, started, roll)
  local extension = board.extensions[roll(#board.extensions)]
  local inwards, answered = roll(3) > 1, roll(5) > 1
  local customer = ("09000000%02d"):format(roll(90) - 1)
  local duration = answered and 20 + roll(400) or 0
  local id = common.new_id(state)
  return {
    id = id, direction = inwards and "in" or "out", hotline_id = extension.hotline_id,
    caller = inwards and customer or extension.extension_number, callee = inwards and extension.extension_number or customer,
    call_state = answered and "answered" or "not_answered", call_status = "P", duration = duration,
    started = started, started_at = common.time(started), ended_at = common.time(started + 15 + duration),
    extension_id = extension.id, user_id = extension.user_id, department_id = "0", contact_id = "0", note = "",
    external_id = "web-" .. id:sub(-6), external_session_id = "session-" .. id:sub(-6, -3),
    recording_urls = respond.array(answered and { "https://records.sandbox.example/" .. id .. ".mp3" } or {}),
    call_targets = respond.array({ {
      target_number = inwards and extension.extension_number or customer, trunk_name = "trunk-1",
      status = answered and "answered" or "missed", end_reason = "hangup", fail_code = 0, ring_duration = 5 + roll(20),
      add_time = common.time(started), ring_time = common.time(started + 1),
      answered_time = common.time(started + 15), ended_time = common.time(started + 15 + duration),
    } }),
    created_at = common.time(started), updated_at = common.time(started + 15 + duration),
  }
end

--- The calls of a switchboard, newest first.
---@param state table
---@param board table
---@param now number
---@return table[]
function calls.of(state, board, now)
  if not board.calls then
    board.calls = {}
    local roll = dice(20260601)
    for index = 1, board.has_history and COUNT or 0 do
      board.calls[index] = new_call(state, board, now - index * math.floor(WEEK / (COUNT + 2)), roll)
    end
  end
  return board.calls
end

return calls
