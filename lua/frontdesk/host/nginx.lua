--- nginx and OpenResty: a call gives the worker up while its transfer is under way.
--
-- One light thread a worker, the pump, drives the engine for all requests: a notifier
-- of the core tells it over a socket when there is something to do. A second one, the
-- sender, sends what the requests of a turn of nginx's loop have submitted, at its end. A call
-- waits on a semaphore, which whoever drives the engine posts. Both go when nothing has been
-- under way for some seconds, so that they hold up neither a reload nor a quit. Should none be
-- to be had (no timer, no file, no folder), the calls that wait look after the engine in turn.

local cancellation = require "frontdesk.cancellation"
local core = require "frontdesk.core"
local memory = require "frontdesk.tokens.memory"
local semaphore = require "ngx.semaphore"
local shared = require "frontdesk.tokens.shared"
local waiting = require "frontdesk.host.waiting"

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
local LINGER = 2        -- seconds without a transfer after which the pump goes
local SILENCE = 10      -- seconds without a word from the notifier, which tells at least that it is quiet
local ASK_AGAIN = 1     -- seconds after which a pump that did not come is asked for anew
local POLL = 0.01       -- seconds between looks of a call that has no pump
local LONGEST_WAIT = 60 -- seconds for another call's login
local MARGIN = 5        -- seconds that the engine may be late with a deadline
local TOGETHER = 8      -- requests that are sent at once; a service that sleeps is woken for each time

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

-- Neither waited for nor woken once too often.
function Ticket:is_fresh()
  return self.semaphore:count() == 0
end

local function new_ticket()
  return setmetatable({ semaphore = semaphore.new(0) }, Ticket)
end

nginx.ticket = new_ticket

-- What a worker has for an engine: who waits for which transfer, tickets to use again, how many
-- requests are not sent yet, and the pump's state. No pump refers to its engine, or the two
-- would keep each other.
local pumps = setmetatable({}, { __mode = "k" })

local function pump_of(engine)
  local pump = pumps[engine]
  if not pump then
    pump = {
      waiters = {}, spare = {}, unsent = 0, sender = new_ticket(), is_sender_called = false,
      drives = false, asked_at = -math.huge,
    }
    pumps[engine] = pump
  end
  return pump
end

-- Does what there is to do, and lets those go on who waited for it.
local function work(engine, pump)
  pump.unsent = 0
  if engine:step() > 0 then
    waiting.wake(engine, pump.waiters)
  end
end

-- Sends a request that was submitted: at the end of this turn, when nginx resumes those whose
-- semaphore was posted, or at once when enough have gathered.
local function send_soon(engine, pump)
  pump.unsent = pump.unsent + 1
  if pump.unsent >= TOGETHER or not next(pump.waiters) then
    work(engine, pump)
  elseif not pump.is_sender_called then
    pump.is_sender_called = true
    pump.sender:wake()
  end
end

-- The body of the sender's light thread, which the pump ends.
local function send(engine, pump)
  while true do
    pump.sender:wait()
    pump.is_sender_called = false
    if pump.unsent > 0 then
      work(engine, pump)
    end
  end
end

local function cancel_abandoned(pump)
  for transfer, ticket in pairs(pump.waiters) do
    if ticket:is_abandoned() then
      pump.waiters[transfer] = nil
      transfer:cancel()
      local request = ticket.request
      if request and request.on_abandoned then
        request:on_abandoned()
      end
    end
  end
end

local function connect(notifier)
  local socket = ngx.socket.tcp()
  socket:settimeouts(1000, 1000, SILENCE * 1000)
  local ok, message = socket:connect("unix:" .. notifier:path())
  if not ok then
    return nil, message
  end
  return socket
end

-- Drives the engine until nothing has been under way for a while. A message is why it could not.
local function drive(engine, pump, notifier)
  local socket, message = connect(notifier)
  if not socket then
    return message
  end
  local busy_at, looked_at = core.now(), core.now()
  while true do
    local byte, why = socket:receive(1)
    if not byte then
      socket:close()
      return why
    end
    work(engine, pump)
    if byte == "!" then
      notifier:acknowledge()
    end
    local now = core.now()
    if now - looked_at >= LOOK_AROUND then
      looked_at = now
      cancel_abandoned(pump)
      if engine:in_flight() > 0 then
        busy_at = now
      elseif now - busy_at >= LINGER or ngx.worker.exiting() then
        socket:close()
        return nil
      end
    end
  end
end

-- nginx's workers see TMPDIR only when nginx.conf says `env TMPDIR;`.
local function folder()
  local path = os.getenv "TMPDIR"
  return path and path:sub(1, 1) == "/" and path or "/tmp"
end

-- The body of the pump's light thread.
local function run(engine, pump)
  if pump.drives then -- asked for twice
    return
  end
  pump.drives = true
  local sender = ngx.thread.spawn(send, engine, pump)
  local notifier, failure = engine:notifier(folder(), LOOK_AROUND)
  local ok, message = true, failure and failure.message
  if notifier then
    ok, message = pcall(drive, engine, pump, notifier)
    notifier:close()
  end
  ngx.thread.kill(sender) -- if it was called meanwhile, the next one finds its semaphore posted
  pump.drives = false
  pump.asked_at = -math.huge
  if ok and not message then
    return
  end
  pump.asked_at = core.now()
  ngx.log(ngx.ERR, "frontdesk drives its transfers by polling, which is slow: ", tostring(message))
  for _, ticket in pairs(pump.waiters) do
    ticket:wake() -- to poll
  end
end

-- A timer's light thread outlives the request that needed it first.
local function ask_for_pump(engine, pump)
  local now = core.now()
  if now - pump.asked_at < ASK_AGAIN then
    return
  end
  pump.asked_at = now
  local ok, message = ngx.timer.at(0, function() run(engine, pump) end)
  if not ok then
    ngx.log(ngx.ERR, "frontdesk drives its transfers by polling, which is slow: no timer can be started: ", message)
  end
end

--- Gives the worker up until a transfer is done.
---@param engine table the core's engine
---@param transfer table
---@param seconds number what the transfer may take
---@param request table|nil its on_abandoned(request) is called when who waits is gone without a word
function nginx.wait(engine, transfer, seconds, request)
  local pump = pump_of(engine)
  if pump.drives then
    send_soon(engine, pump)
  else
    work(engine, pump)
  end
  if transfer:done() then
    return
  end
  local waiters, spare = pump.waiters, pump.spare
  local ticket = table.remove(spare) or new_ticket()
  ticket.request = request
  local left = seconds + MARGIN
  local deadline = core.now() + left
  while true do
    if not pump.drives then
      ask_for_pump(engine, pump)
    end
    if left <= 0 then
      transfer:cancel()
    else
      waiting.await(waiters, transfer, ticket, pump.drives and left or math.min(left, POLL))
      if not pump.drives then
        work(engine, pump)
      end
    end
    if transfer:done() then
      break
    end
    left = deadline - core.now()
  end
  waiters[transfer] = nil
  ticket.request = nil
  if ticket:is_fresh() then
    spare[#spare + 1] = ticket
  end
end

--- Gives the worker up for some time.
---@param seconds number
---@return boolean|nil rested nil when the task was cancelled
function nginx.sleep(seconds)
  local state = cancellation.current()
  if not state then
    ngx.sleep(seconds)
    return true
  end
  cancellation.wait(new_ticket(), seconds)
  return not state.cancelled or nil
end

--- Tasks are light threads of the request.
function nginx.spawner()
  return function(fn)
    assert(ngx.thread.spawn(function()
      cancellation.enter()
      fn()
    end))
  end
end

-- Something to do that may outlive the light thread that began it. The locals of that one
-- are gone then, in closures too, so all there is to know is in a table.
local function new_errand(action)
  local errand = { ticket = new_ticket(), begun = false, ended = false }
  function errand.perform()
    if not errand.begun then
      errand.begun = true
      errand.ok, errand.first, errand.second = pcall(action)
      errand.ended = true
      errand.ticket:wake()
    end
  end
  return errand
end

-- Does what others wait for too in a light thread of its own: that of a request ends with
-- the request, whenever its client gives up. Gives what `action` returns, two values at most.
local function apart(action)
  if ngx.get_phase() == "timer" then
    return action()
  end
  local errand = new_errand(action)
  if ngx.timer.at(0, errand.perform) then
    errand.ticket:wait(ASK_AGAIN)
  end
  errand.perform() -- here, if no timer was to be had
  while not errand.ended do
    errand.ticket:wait()
  end
  if not errand.ok then
    error(errand.first, 0)
  end
  return errand.first, errand.second
end

--- The memory that all workers share, and how many they are.
---@param name string|nil of the lua_shared_dict; "frontdesk" when not given
---@return table|nil dict
---@return integer workers
function nginx.shared_dict(name)
  return ngx.shared[name or "frontdesk"], ngx.worker.count()
end

--- A name for an identity that tells nothing of it.
---@param identity string
---@return string
function nginx.key(identity)
  return ngx.encode_base64(ngx.sha1_bin(identity))
end

local worker_tokens

--- The store of tokens: a lua_shared_dict where there is one, else the worker's memory.
---@param name string|nil of the dictionary; "frontdesk" when not given
---@param identity string
---@return table store
---@return string key
function nginx.tokens(name, identity)
  local dict = ngx.shared[name or "frontdesk"]
  local key = nginx.key(identity)
  if dict then
    return shared.new(dict, apart), key
  end
  if name then
    error('shared_dict is "' .. name .. '", but nginx.conf has no lua_shared_dict of that name', 0)
  end
  worker_tokens = worker_tokens or memory.new(new_ticket, apart)
  return worker_tokens, key
end

return nginx
