--- An nginx with frontdesk in it, and a service behind it, for one spec file.
--
--     local gateway = gateways.start {
--       server = [[ location /ask { content_by_lua_block { require("app").answer("/hold") } } ]],
--       -- and whatever support.httpd takes; frontdesk and Lua are on
--       app = { api_key = "..." },       -- options of the client, instead of a token
--       upstream_tls = true,             -- the service speaks HTTPS and HTTP/2
--     }
--     gateway:get("/ask")                text and status, by a connection of its own
--     gateway:ask("/ask")                the same without waiting; see below
--     gateway:gather(list)               the texts of what was asked
--     gateway:upstream_count("waiting")  see UPSTREAM
--     gateway.front, gateway.upstream    the two servers (support.httpd)
--     gateway:stop()
--
-- In the gateway's Lua, require "app" gives the client of a service and `answer`, which
-- makes a call to a path and prints what came of it.
local core = require "frontdesk.core"
local httpd = require "support.httpd"
local process = require "support.process"
local socket = require "socket"

local gateways = {}

local gateway = {}
gateway.__index = gateway
gateway.__name = "gateway"

local APP = [[
local frontdesk = require "frontdesk"
local app = { upstream = "$upstream" }

function app.new(options)
  options.base_url = options.base_url or app.upstream
  options.ca_file = $ca_file
  options.retry = options.retry or 0
  return frontdesk.omicall(options)
end

app.client = app.new { $options }

-- "value VALUE", or "KIND: the error"
function app.call(path, options, client)
  local value, err = (client or app.client):request({ path = path }, options)
  if err then
    return err.kind .. ": " .. tostring(err)
  end
  return "value " .. tostring(value)
end

function app.answer(path, options, client)
  ngx.say(app.call(path, options, client))
end

return app
]]

-- The service: every answer is an envelope as OMICall's. What it counts:
--   waiting    requests that are held
--   held       requests that were ever held
--   aborted    requests whose client went away
--   logins     tokens asked for
-- /nap echoes, after a hundredth of a second.
local UPSTREAM = [[
  lua_check_client_abort on;
  default_type application/json;
  location = /echo { content_by_lua_block { require("service").echo() } }
  location = /hold { content_by_lua_block { require("service").hold() } }
  location = /nap { content_by_lua_block { ngx.sleep(0.01) require("service").echo() } }
  location = /guarded { content_by_lua_block { require("service").guarded() } }
  location = /api/auth { content_by_lua_block { require("service").log_in() } }
  location = /cut { return 444; }
  location = /busy { add_header Retry-After 300 always; return 429 "{}"; }
  location = /control/set { content_by_lua_block { require("service").set() } }
  location = /control/count { content_by_lua_block { ngx.print(ngx.shared.state:get(ngx.var.arg_name) or 0) } }
]]

local SERVICE = [[
local state = ngx.shared.state
local service = {}

local function say(payload)
  ngx.print('{"status_code":9999,"payload":' .. payload .. '}')
end

function service.echo()
  say(('"%s %s"'):format(ngx.var.server_protocol, ngx.var.connection))
end

-- Answers once the control has opened.
function service.hold()
  state:incr("held", 1, 0)
  state:incr("waiting", 1, 0)
  assert(ngx.on_abort(function()
    state:incr("waiting", -1)
    state:incr("aborted", 1, 0)
    ngx.exit(499)
  end))
  while not state:get("open") do
    ngx.sleep(0.002)
  end
  state:incr("waiting", -1)
  say(('"released %s %s"'):format(ngx.var.server_protocol, ngx.var.connection))
end

function service.guarded()
  if ngx.var.http_authorization ~= "Bearer token-" .. (state:get("generation") or 1) then
    ngx.status = 401
    return ngx.print "Unauthorized"
  end
  say '"welcome"'
end

-- A login takes some time, so that others come while it is under way.
function service.log_in()
  state:incr("logins", 1, 0)
  ngx.sleep(tonumber(state:get("login_takes") or 0.05))
  if state:get("refuse") then
    ngx.status = 401
    return ngx.print '{"status_code":-9999,"message":"unauthorized"}'
  end
  say(('{"access_token":"token-%d"}'):format(state:get("generation") or 1))
end

function service.set()
  for name, value in pairs(ngx.req.get_uri_args()) do
    if value == "" then
      state:delete(name)
    else
      state:set(name, tonumber(value) or value)
    end
  end
end

return service
]]

local function fill(text, values)
  return (text:gsub("%$([%l_]+)", values))
end

-- Options of a client as the inside of a table.
local function literal(options)
  local parts = {}
  for name, value in pairs(options) do
    parts[#parts + 1] = ("%s = %s"):format(name, type(value) == "string" and ("%q"):format(value) or tostring(value))
  end
  return table.concat(parts, ", ")
end

--- Starts both servers.
---@param options table see above
---@return table gateway
function gateways.start(options)
  local upstream = httpd.start({
    lua = true,
    tls = options.upstream_tls,
    http = 'lua_shared_dict state 1m; lua_package_path "$folder/?.lua;;";',
    server = UPSTREAM,
    files = { ["service.lua"] = SERVICE },
  })
  local files = {
    ["app.lua"] = fill(APP, {
      upstream = upstream.url,
      ca_file = upstream.ca_file and ("%q"):format(upstream.ca_file) or "nil",
      options = literal(options.app or { token = "sesame" }),
    }),
  }
  for name, text in pairs(options.files or {}) do
    files[name] = text
  end
  if options.user and upstream.ca_file then
    os.execute("chmod 711 " .. upstream.folder)
  end
  local front = { lua = true, frontdesk = true }
  for name, value in pairs(options) do
    front[name] = value
  end
  front.files = files
  front.server = "keepalive_timeout 0;\n" .. options.server -- so that no connection is used twice
  return setmetatable({
    upstream = upstream,
    front = httpd.start(front),
    engine = core.engine(),
    upstream_engine = core.engine(),
  }, gateway)
end

--- A throw-away certificate and its key in one text.
---@return string
function gateways.certificate()
  return process.output("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
    .. "-subj /CN=localhost -keyout - 2>/dev/null")
end

local function perform(engine, request)
  local transfer = assert(engine:submit(request))
  while not engine:perform(transfer) do end
  return transfer
end

--- Begins a request; each has a connection of its own, since none is kept.
---@param path string
---@return table transfer
function gateway:ask(path)
  return assert(self.engine:submit({ url = self.front.url .. path, timeout = 60 }))
end

--- Waits for what was asked.
---@param list table[]
---@return string[] texts the body, or "failed: ..." where the gateway gave no answer
function gateway:gather(list)
  local texts = {}
  for i, transfer in ipairs(list) do
    while not self.engine:perform(transfer) do end
    local failure = transfer:failure()
    texts[i] = failure and "failed: " .. failure.message or (transfer:body():gsub("\n$", ""))
  end
  return texts
end

--- Asks and waits.
---@param path string
---@return string text
---@return integer status
function gateway:get(path)
  local transfer = self:ask(path)
  local text = self:gather({ transfer })[1]
  return text, transfer:status()
end

--- Waits until a function gives a true value, and returns it; what was asked goes on meanwhile.
---@param what string for the error
---@param condition fun(): any
---@param seconds number|nil 20 when not given
function gateway:eventually(what, condition, seconds)
  local deadline = core.now() + (seconds or 20)
  while true do
    local value = condition()
    if value then
      return value
    end
    if core.now() > deadline then
      error(what .. " did not come about; the gateway's log: " .. self.front:log():sub(-2000), 2)
    end
    if self.engine:in_flight() > 0 then
      self.engine:wait(0.005)
      while self.engine:completed() do end
    else
      socket.sleep(0.005)
    end
  end
end

function gateway:control(target)
  local transfer = perform(self.upstream_engine, {
    url = self.upstream.url .. "/control/" .. target, ca_file = self.upstream.ca_file,
  })
  assert(not transfer:failure() and transfer:status() == 200, "the upstream's control does not answer")
  return transfer:body()
end

--- What the upstream has counted.
---@param name string
---@return integer
function gateway:upstream_count(name)
  return math.floor(tonumber(self:control("count?name=" .. name)))
end

--- Changes the upstream's state: "open=1", "refuse=".
---@param query string
function gateway:set(query)
  self:control("set?" .. query)
end

--- A number that the gateway's Lua finds, by a location that prints it.
---@param path string
---@return number
function gateway:number(path)
  return assert(tonumber((self:get(path))))
end

--- Lines of the gateway's log that tell of a fault.
---@return string
function gateway:complaints()
  local lines = {}
  for line in self.front:log():gmatch("[^\n]+") do
    if line:find("%[%a+%]") and not line:find("[warn]", 1, true) then
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines, "\n")
end

--- Ends both servers.
function gateway:stop()
  self.engine:close()
  self.upstream_engine:close()
  self.front:stop()
  self.upstream:stop()
end

return gateways
