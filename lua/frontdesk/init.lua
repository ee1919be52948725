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
--   sandbox  all services, simulated
--   now      seconds of a clock that never jumps, to time things by
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
  sandbox = "frontdesk.sandbox",
}

return setmetatable({ version = core.version, null = core.null, now = core.now, use = hosts.use }, {
  __name = "frontdesk",
  __index = function(self, name)
    local value = MODULES[name] and require(MODULES[name]) or service.find(tostring(name))
    if not value then
      local known = {}
      for _, known_name in ipairs(require "frontdesk.catalogue") do
        known[known_name] = true
      end
      for known_name in pairs(MODULES) do
        known[known_name] = true
      end
      error('frontdesk has no "' .. tostring(name) .. '"' .. nearest(name, known), 2)
    end
    rawset(self, name, value)
    return value
  end,
})
