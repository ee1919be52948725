--- Time that passes only when somebody sleeps: installed over frontdesk.clock.
--
--     before_each(function() time = fake_clock.install() end)
--     after_each(function() time:restore() end)
--     time:advance(5)   time.slept is the list of sleeps   time.chance = 0.5 is what random() gives

local clock = require "frontdesk.clock"

local fake_clock = {}
fake_clock.__index = fake_clock

local NAMES = { "now", "wall", "sleep", "random" }

--- Puts fake time in the clock's place.
---@return table time
function fake_clock.install()
  local self = setmetatable({ at = 1000, slept = {}, chance = 0.5, saved = {} }, fake_clock)
  for _, name in ipairs(NAMES) do
    self.saved[name] = clock[name]
  end
  clock.now = function() return self.at end
  clock.wall = function() return 1760000000 + self.at end
  clock.random = function() return self.chance end
  clock.sleep = function(seconds)
    self.slept[#self.slept + 1] = seconds
    self.at = self.at + seconds
    return true
  end
  return self
end

function fake_clock:advance(seconds)
  self.at = self.at + seconds
end

function fake_clock:restore()
  for _, name in ipairs(NAMES) do
    clock[name] = self.saved[name]
  end
end

return fake_clock
