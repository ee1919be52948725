--- frontdesk: five customer-facing services as Lua tables.
--
--     local frontdesk = require "frontdesk"
--     local omicall = frontdesk.omicall { api_key = "..." }
--     local ok, err = omicall.contacts:add { fullName = "Mai Lan" }
--
-- Besides a service for each description (`frontdesk.omicall`, ...):
--   csv      rows(path) and writer(path, columns), a table a row
--   json     encode and decode, strict and exact
--   null     the JSON null, the same value as cjson.null
--   errors   is(err, kind)
--   job      work of many items that goes on where it was killed
--   progress how far it is, for people
--   sandbox  all services, simulated
--   now      seconds of a clock that never jumps, to time things by
--   sleep    lets others run for some seconds
--   run, spawn, all, race, map   parallel work: see tasks.lua
--   metrics  what was counted: requests, retries, failures
--   use      chooses an event loop: frontdesk.use "luv"
--   version  of this module

-- Nothing is loaded before it is used: neither libcurl, which takes longer than all the rest,
-- nor a service's description.

local MODULES = {
  csv = "frontdesk.csv",
  json = "frontdesk.json",
  errors = "frontdesk.errors",
  job = "frontdesk.job",
  progress = "frontdesk.progress",
  sandbox = "frontdesk.sandbox",
}

-- What is a member of a module.
local MEMBERS = {
  version = { "frontdesk.core", "version" },
  null = { "frontdesk.core", "null" },
  now = { "frontdesk.core", "now" },
  use = { "frontdesk.host", "use" },
  sleep = { "frontdesk.clock", "sleep" },
  run = { "frontdesk.tasks", "run" },
  spawn = { "frontdesk.tasks", "spawn" },
  all = { "frontdesk.tasks", "all" },
  race = { "frontdesk.tasks", "race" },
  map = { "frontdesk.tasks", "map" },
  metrics = { "frontdesk.metrics", "read" },
}

local function find(name)
  if MODULES[name] then
    return require(MODULES[name])
  elseif MEMBERS[name] then
    return require(MEMBERS[name][1])[MEMBERS[name][2]]
  end
  return require("frontdesk.service").find(tostring(name))
end

-- The names that stand next to one that nothing has.
local function hint(name)
  local known = {}
  for _, known_name in ipairs(require "frontdesk.catalogue") do
    known[known_name] = true
  end
  for _, names in ipairs { MODULES, MEMBERS } do
    for known_name in pairs(names) do
      known[known_name] = true
    end
  end
  return require "frontdesk.nearest"(name, known)
end

return setmetatable({}, {
  __name = "frontdesk",
  __index = function(self, name)
    local value = find(name)
    if not value then
      error('frontdesk has no "' .. tostring(name) .. '"' .. hint(name), 2)
    end
    rawset(self, name, value)
    return value
  end,
})
