--- nginx and OpenResty: a call gives the worker up while its transfer is under way.
--
-- One light thread a worker, the pump, drives the engine for all requests: a notifier
-- of the core tells it over a socket when there is something to do. A call waits
-- on a semaphore, which the pump posts. The pump goes when nothing has been under way
-- for some seconds, so that it holds up neither a reload nor a quit.

local loop = require "frontdesk.host.loop"
local memory = require "frontdesk.tokens.memory"
local shared = require "frontdesk.tokens.shared"

local nginx = {}

-- Phases in which lua-nginx-module lets Lua wait.
local CAN_WAIT = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true,
  ssl_cert = true, ssl_client_hello = true, ssl_session_fetch = true,
}

local REMEDY = {
  init = "call it in a request, or from ngx.timer.at in init_worker_by_lua*",
  init_worker = "call it from ngx.timer.at(0, ...)",
}
local USUAL_REMEDY = "call it in the rewrite, access or content phase, or from ngx.timer.at(0, ...)"

local LOOK_AROUND = 0.5 -- seconds between looks at what no event tells
local LINGER = 5        -- seconds without a transfer after which the pump goes
local LONGEST_WAIT = 60 -- seconds for another call's login
local MARGIN = 5        -- seconds that the engine may be late with a deadline

--- Whether Lua can wait here. The failure names the phase and the remedy.
---@return table|nil failure
function nginx.refusal()
  local phase = ngx.get_phase()
  if not CAN_WAIT[phase] then
    return {
      kind = "unavailable",
      outcome = "not_sent",
      message = ("a call cannot wait in nginx's %s phase; %s"):format(phase, REMEDY[phase] or USUAL_REMEDY),
    }
  end
end

-- What a worker has for its engine: who waits for which transfer, and the pump's state.
local pumps = setmetatable({}, { __mode = "k" })

local function pump_of(engine)
  local pump = pumps[engine]
  if not pump then
    pump = { engine = engine, waiters = {}, spare = {}, running = false }
    pumps[engine] = pump
  end
  return pump
end

local Ticket = {}
Ticket.__index = Ticket

function Ticket:wait(seconds)
  return self.semaphore:wait(seconds or LONGEST_WAIT)
end

function Ticket:wake()
  self.semaphore:post()
end

-- A request that its client has given up is gone without a word; what is left of it
-- is a semaphore that nobody waits for.
function Ticket:is_abandoned()
  return self.semaphore:count() >= 0
end

local function new_ticket()
  return setmetatable({ semaphore = require("ngx.semaphore").new(0) }, Ticket)
end

local function cancel_abandoned(pump)
  for transfer, ticket in pairs(pump.waiters) do
    if ticket:is_abandoned() and not transfer:done() then
      pump.waiters[transfer] = nil
      transfer:cancel()
    end
  end
end

local function connect(notifier)
  local socket = ngx.socket.tcp()
  socket:settimeouts(1000, 1000, LOOK_AROUND * 1000)
  local ok, message = socket:connect("unix:" .. notifier:path())
  if not ok then
    return nil, message
  end
  return socket
end

-- Drives the engine until nothing has been under way for a while.
local function drive(pump, notifier)
  local socket, message = connect(notifier)
  if not socket then
    return message
  end
  local idle_since, looked_at = ngx.now(), ngx.now()
  while true do
    local byte, why = socket:receive(1)
    if not byte and why ~= "timeout" then
      socket:close()
      return why
    end
    pump.engine:step()
    loop.wake(pump.engine, pump.waiters)
    if byte then
      notifier:acknowledge()
    end
    local now = ngx.now()
    if now - looked_at >= LOOK_AROUND then
      looked_at = now
      cancel_abandoned(pump)
      if pump.engine:in_flight() > 0 then
        idle_since = now
      elseif now - idle_since >= LINGER or ngx.worker.exiting() then
        socket:close()
        return nil
      end
    end
  end
end

local start

-- The body of the pump's light thread.
local function run(pump)
  local notifier, failure = pump.engine:notifier()
  local message = failure and failure.message
  if notifier then
    local ok, result = pcall(drive, pump, notifier)
    message = result
    notifier:close()
    pump.running = false
    if ok and not message then
      if pump.engine:in_flight() > 0 then -- came while the pump was closing
        start(pump)
      end
      return
    end
  end
  pump.running = false
  ngx.log(ngx.ERR, "frontdesk cannot drive its transfers: ", tostring(message))
  for transfer, ticket in pairs(pump.waiters) do
    pump.waiters[transfer] = nil
    transfer:cancel()
    ticket:wake()
  end
end

-- A timer's light thread outlives the request that needed it first.
function start(pump)
  pump.running = true
  local ok, message = ngx.timer.at(0, function() run(pump) end)
  if not ok then
    pump.running = false
    ngx.log(ngx.ERR, "frontdesk cannot start a timer: ", message)
  end
  return ok
end

--- Gives the worker up until a transfer is done.
---@param engine table the core's engine
---@param transfer table
---@param seconds number what the transfer may take
function nginx.wait(engine, transfer, seconds)
  local pump = pump_of(engine)
  -- Sends at once, and perhaps completes what others wait for.
  engine:step()
  loop.wake(pump.engine, pump.waiters)
  if transfer:done() then
    return
  end
  if not pump.running and not start(pump) then
    transfer:cancel()
    return
  end
  local ticket = table.remove(pump.spare) or new_ticket()
  pump.waiters[transfer] = ticket
  local ok = ticket:wait(seconds + MARGIN)
  if ok then
    pump.spare[#pump.spare + 1] = ticket
  else
    pump.waiters[transfer] = nil
    transfer:cancel()
  end
end

local worker_tokens

--- The store of tokens: a lua_shared_dict where there is one, else the worker's memory.
---@param name string|nil of the dictionary; "frontdesk" when not given
---@param identity string
---@return table store
---@return string key
function nginx.tokens(name, identity)
  local dict = ngx.shared[name or "frontdesk"]
  local key = ngx.encode_base64(ngx.sha1_bin(identity))
  if dict then
    return shared.new(dict), key
  end
  if name then
    error('shared_dict is "' .. name .. '", but nginx.conf has no lua_shared_dict of that name', 0)
  end
  worker_tokens = worker_tokens or memory.new(new_ticket)
  return worker_tokens, key
end

return nginx
