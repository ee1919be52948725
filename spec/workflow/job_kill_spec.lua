-- Jobs killed at random points of their work, and the disk's memory cut as a power failure
-- would cut it. The seed is in the tests' names: SEED=1234 makes the same run again.

local process = require "support.process"
local sandbox_process = require "frontdesk.sandbox.process"

local KILLS = 100
local ITEMS = 24
local AT_ONCE = 4 -- as in spec/support/mortal_job.lua

local seed = tonumber(os.getenv "SEED") or os.time() % 100000

-- A generator of our own: math.random differs between Luas, and busted seeds it.
local state = seed
local function random(low, high)
  state = (state * 1103515245 + 12345) % 2147483648
  return low + math.floor(state / 2147483648 * (high - low + 1))
end

local function read(path)
  return sandbox_process.read_file(path) or ""
end

-- A process that runs the job. True when it was killed.
local function start(folder, mode, limit)
  local lua = os.getenv "FRONTDESK_LUA" or arg[-1]
  local command = ("%s%s spec/support/mortal_job.lua %s %s %d %d 2>%s/error"):format(
    lua, lua:find "jit" and " -joff" or "", folder, mode, ITEMS, limit, folder)
  local status = sandbox_process.run("{ " .. command .. "; } 2>/dev/null")
  assert(status == 0 or status == 137, "status " .. status .. ": " .. read(folder .. "/error"))
  return status == 137
end

-- After a power failure the disk may lack any part of what was not synced.
local function cut_power(folder)
  local journal = read(folder .. "/journal")
  local synced = tonumber(read(folder .. "/synced"):match "(%d+)\n[^\n]*$") or 0
  if #journal > synced then
    assert(sandbox_process.write_file(folder .. "/journal", journal:sub(1, random(synced, #journal))))
  end
end

-- How often each item was done, and what the last run says.
local function outcome(folder)
  local times, unknown = {}, {}
  for key in read(folder .. "/effects"):gmatch "[^\n]+" do
    times[key] = (times[key] or 0) + 1
  end
  local spent, done, skipped, settled, keys = read(folder .. "/result"):match "^(%d+) (%d+) (%d+) (%d+) ([^\n]*)\n$"
  for key in keys:gmatch "%S+" do
    unknown[key] = true
    unknown[#unknown + 1] = key
  end
  return times, unknown, tonumber(done) + tonumber(skipped) + tonumber(settled), tonumber(spent)
end

-- Kills a job at some random points, and runs it to its end. How often it was killed.
local function live(mode, most_kills, whole, power, check)
  local folder = process.folder()
  local killed = 0
  while killed < most_kills and start(folder, mode, random(1, whole)) do
    killed = killed + 1
    if power then
      cut_power(folder)
    end
  end
  start(folder, mode, 0)
  check(killed, outcome(folder))
  os.execute("rm -rf " .. process.quote(folder))
  return killed
end

local function has_all(times, unknown, succeeded)
  for i = 1, ITEMS do
    local key = "item-" .. i
    assert(times[key] or unknown[key], key .. " is lost")
  end
  assert.equal(ITEMS, succeeded + #unknown)
end

local function at_most_once(killed, times, unknown, succeeded)
  has_all(times, unknown, succeeded)
  for key, count in pairs(times) do
    assert.equal(1, count, key)
  end
  assert.is_true(#unknown <= killed * AT_ONCE, #unknown .. " unknown after " .. killed .. " kills")
end

local function exactly_once(_, times, unknown, succeeded)
  has_all(times, unknown, succeeded)
  assert.same({}, unknown)
  for key, count in pairs(times) do
    assert.equal(1, count, key)
  end
end

local CASES = {
  { "plain", false, "repeats nothing, loses nothing, and lists what it cannot know", at_most_once },
  { "plain", true, "does so after power failures as well", at_most_once },
  { "settled", false, "does each item exactly once when the service can be asked", exactly_once },
  { "settled", true, "does so after power failures as well", exactly_once },
  { "idempotent", false, "does each item at least once, and only those again that were under way", function(killed, times, unknown, succeeded)
    has_all(times, unknown, succeeded)
    assert.same({}, unknown)
    local repeats = 0
    for _, count in pairs(times) do
      repeats = repeats + count - 1
    end
    assert.is_true(repeats <= killed * AT_ONCE, repeats .. " repeats after " .. killed .. " kills")
  end },
}

describe("a job that is killed at random points (SEED=" .. seed .. ")", function()
  local whole = {}

  -- How much work a whole run is; and it is right when nobody kills it.
  setup(function()
    for _, case in ipairs(CASES) do
      if not whole[case[1]] then
        live(case[1], 0, 1, false, function(_, times, unknown, succeeded, spent)
          exactly_once(0, times, unknown, succeeded)
          whole[case[1]] = spent
        end)
      end
    end
  end)

  for _, case in ipairs(CASES) do
    local mode, power, promise, check = (unpack or table.unpack)(case)
    it(mode .. ": " .. promise, function()
      local kills = 0
      while kills < KILLS / #CASES do
        kills = kills + live(mode, 3, whole[mode], power, check)
      end
    end)
  end
end)
