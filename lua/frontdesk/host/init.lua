--- Who waits, and how: chosen by where the script runs. The only place that asks.

local nearest = require "frontdesk.nearest"

local hosts = {}

local ADAPTERS = { copas = true, cqueues = true, luv = true }

local function in_nginx()
  local ngx = rawget(_G, "ngx")
  return ngx ~= nil and ngx.get_phase ~= nil
end

-- Modules are loaded when first needed: the plain host knows nothing of nginx.
local function host_module()
  return require(in_nginx() and "frontdesk.host.nginx" or "frontdesk.host.plain")
end

local chosen

local function adapter_named(name)
  if not ADAPTERS[name] then
    error(('frontdesk.use knows no event loop "%s"%s; docs/event-loops.md tells how to write an adapter')
      :format(name, nearest(name, ADAPTERS)), 3)
  end
  return require("frontdesk.host." .. name)
end

--- Chooses an event loop, by the name of an adapter or with one of your own.
---@param adapter string|table "luv", "cqueues", "copas", or { watch, ticket, spawn } (docs/event-loops.md)
function hosts.use(adapter)
  if in_nginx() then
    error("frontdesk.use has no place in nginx, whose own loop is used there", 2)
  end
  if type(adapter) == "string" then
    adapter = adapter_named(adapter)
  end
  if type(adapter) ~= "table" or not (adapter.watch and adapter.ticket and adapter.spawn) then
    error("frontdesk.use takes the name of an adapter, or a table with watch, ticket and spawn", 2)
  end
  chosen = require("frontdesk.host.loop").host(adapter)
end

--- The host at hand: a table with wait(engine, transfer, seconds).
---@return table|nil host
---@return table|nil failure where Lua cannot wait: a call must never block a worker silently
function hosts.current()
  chosen = chosen or host_module()
  local failure = chosen.refusal and chosen.refusal()
  if failure then
    return nil, failure
  end
  return chosen
end

--- What starts a task of the host; nil where tasks need `frontdesk.run` around them.
---@return (fun(fn: fun()))|nil
function hosts.spawner()
  chosen = chosen or host_module()
  return chosen.spawner()
end

--- Runs a function as a task, with a loop of our own where the host has none.
---@param fn fun()
function hosts.run(fn)
  chosen = chosen or host_module()
  if chosen.run and not chosen.spawner() then
    return chosen.run(fn)
  end
  return fn()
end

--- Something to wait with, in a task: { wait(), wake() }.
---@return table
function hosts.ticket()
  chosen = chosen or host_module()
  return chosen.ticket()
end

--- The memory that all workers of the host share.
---@param name string|nil of a lua_shared_dict; the host's usual one when not given
---@return table|nil dict nil where there is none
---@return integer|nil workers that share it
function hosts.shared_dict(name)
  chosen = chosen or host_module()
  if chosen.shared_dict then
    return chosen.shared_dict(name)
  end
end

-- Numbers of identities; here alone are they in plain text.
local numbers, last_number = {}, 0

--- What stands for an identity among what others may see.
---@param identity string holds secrets
---@return string key holds none
function hosts.key(identity)
  chosen = chosen or host_module()
  if chosen.key then
    return chosen.key(identity)
  end
  if not numbers[identity] then
    last_number = last_number + 1
    numbers[identity] = "#" .. ("%d"):format(last_number)
  end
  return numbers[identity]
end

--- Where tokens are kept.
---@param name string|nil of a lua_shared_dict, where the host has such a thing
---@param identity string whose token it is; holds secrets
---@return table store
---@return string key of the identity in it; holds none
function hosts.tokens(name, identity)
  chosen = chosen or host_module()
  return chosen.tokens(name, identity)
end

return hosts
