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

local core = require "frontdesk.core"
local hosts = require "frontdesk.host"
local nearest = require "frontdesk.nearest"
local service = require "frontdesk.service"

local MODULES = {
  csv = "frontdesk.csv",
  json = "frontdesk.json",
  errors = "frontdesk.errors",
  job = "frontdesk.job",
  progress = "frontdesk.progress",
  sandbox = "frontdesk.sandbox",
}

-- Functions of modules that are loaded when first used.
local FUNCTIONS = {
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
  elseif FUNCTIONS[name] then
    return require(FUNCTIONS[name][1])[FUNCTIONS[name][2]]
  end
  return service.find(tostring(name))
end

return setmetatable({ version = core.version, null = core.null, now = core.now, use = hosts.use }, {
  __name = "frontdesk",
  __index = function(self, name)
    local value = find(name)
    if not value then
      local known = {}
      for _, known_name in ipairs(require "frontdesk.catalogue") do
        known[known_name] = true
      end
      for _, names in ipairs { MODULES, FUNCTIONS } do
        for known_name in pairs(names) do
          known[known_name] = true
        end
      end
      error('frontdesk has no "' .. tostring(name) .. '"' .. nearest(name, known), 2)
    end
    rawset(self, name, value)
    return value
  end,
})
