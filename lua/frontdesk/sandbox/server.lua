--- The sandbox behind a real nginx: free loopback ports, http and (with openssl at hand) https with HTTP/2.

local application = require "frontdesk.sandbox.application"
local certificate = require "frontdesk.sandbox.certificate"
local control_client = require "frontdesk.sandbox.control_client"
local faults = require "frontdesk.sandbox.faults"
local json = require "frontdesk.sandbox.json"
local process = require "frontdesk.sandbox.process"
local run = require "frontdesk.sandbox.nginx.run"

local server = {}
server.__index = server
server.__name = "frontdesk.sandbox.server"

function server:__tostring()
  if self.stopped then return "frontdesk.sandbox.server (stopped)" end
  return ("frontdesk.sandbox.server (http://127.0.0.1:%d)"):format(self.ports.http)
end

local function write_settings(prefix, options, key)
  local starter = process.self()
  if not starter then return nil, "the sandbox needs Linux with /proc mounted" end
  return process.write_file(prefix .. "/settings.json", json.encode({
    prefix = prefix, key = key, starter = starter, services = options.services, algorithms = options.algorithms,
  }))
end

-- A process forked off this one has a copy of the object, but not the sandbox.
local function collect(self)
  local here = process.self()
  if here and here.pid == self.owner.pid then self:stop() end
end

-- Lua 5.1's tables have no __gc, its proxies do.
local function stop_when_collected(self)
  local newproxy = rawget(_G, "newproxy")
  if newproxy then
    local proxy = newproxy(true)
    getmetatable(proxy).__gc = function() collect(self) end
    self.collected = proxy
  end
end

-- What a failed start leaves behind is cleared away; the log says most.
local function give_up(prefix, message)
  local master = run.master(prefix)
  local log = process.read_file(prefix .. "/error.log") or ""
  if master then run.stop(master) end
  process.remove_folder(prefix)
  local reason = log:match("%[error%] [^\n]*")
  return nil, message .. (reason and " (nginx says: " .. reason .. ")" or "")
end

local function launch(prefix, options)
  local key = process.random_hex(16)
  local done, message = write_settings(prefix, options, key)
  if not done then return nil, message end
  if options.https then
    done, message = certificate.make(prefix)
    if not done then return nil, message end
  end
  local ports
  ports, message = run.start(prefix, options)
  if not ports then return nil, message end
  local control
  control, message = control_client.new("http://127.0.0.1:" .. ports.http, key)
  if not control then return nil, message end
  -- The answer also tells that the pid file is written, and that the worker has loaded the services.
  done, message = control:call("GET", "ready")
  if not done then
    control:close()
    return nil, message
  end
  return { prefix = prefix, ports = ports, control = control, master = run.master(prefix) }
end

--- Starts nginx.
---@param options? table `services`: list of names (default: all); `https`: true, false, or nil for "if openssl is there";
---  `gzip`: answers are compressed when the client takes it; `algorithms`: of Digest, best first (default SHA-256, MD5);
---  `nginx`: path of the binary
---@return table? server
---@return string? message
function server.start(options)
  local given = options or {}
  options = { services = given.services, algorithms = given.algorithms, gzip = given.gzip, nginx = given.nginx, https = given.https }
  if options.https == nil then options.https = certificate.is_possible() end
  local services = application.load(options.services)
  local prefix, message = process.private_folder()
  if not prefix then return nil, message end
  local self
  self, message = launch(prefix, options)
  if not self then return give_up(prefix, message) end
  self.services, self.stopped, self.owner = services, false, process.self()
  setmetatable(self, server)
  stop_when_collected(self)
  return self
end

local function known_service(self, service)
  return self.services[service] or error(("the sandbox has no service named %q"):format(tostring(service)), 3)
end

-- For the messages of the two functions that need it.
local function check_https(self, level)
  if not self.ports.https then error("this sandbox was started without https", level + 1) end
end

local function root(self, service, scheme)
  return ("%s://127.0.0.1:%d/%s"):format(scheme, self.ports[scheme], service)
end

--- The base URL of a service.
---@param service string
---@param scheme? "http"|"https"
---@return string
function server:url(service, scheme)
  local known = known_service(self, service)
  if scheme == "https" then check_https(self, 2) end
  return application.addresses(known, root(self, service, scheme or "http")).base_url
end

--- The file with the certificate authority that https needs; nil without https.
---@return string?
function server:ca_file()
  return self.ports.https and self.prefix .. "/ca.pem" or nil
end

--- Constructor options of a client for that service.
---@param service string
---@param extra? table options to add, or to put in place of the sandbox's; `https = true` gives the https address and its `ca_file`
---@return table options
function server:options(service, extra)
  local known = known_service(self, service)
  local https = extra and extra.https
  if https then check_https(self, 2) end
  local options = application.addresses(known, root(self, service, https and "https" or "http"))
  options.ca_file = https and self:ca_file() or nil
  for name, given in pairs(known.behaviour.credentials) do options[name] = given end
  for name, given in pairs(extra or {}) do
    if name ~= "https" then options[name] = given end
  end
  return options
end

--- The same as environment variables for a script: FRONTDESK_<SERVICE>_<OPTION>.
---@param https? boolean
---@return table<string, string>
function server:environment(https)
  if https then check_https(self, 2) end
  local environment = {}
  for service in pairs(self.services) do
    for name, given in pairs(self:options(service, { https = https })) do
      if name ~= "ca_file" then environment[("FRONTDESK_%s_%s"):format(service, name):upper()] = tostring(given) end
    end
  end
  environment.FRONTDESK_CA_FILE = https and self:ca_file() or nil
  return environment
end

local function command(self, method, action, body)
  if self.stopped then return nil, "the sandbox was stopped" end
  return self.control:call(method, action, body)
end

--- Orders a fault: see transport.lua. A wrong order raises.
---@param order table
---@return boolean? true
---@return string? message when the sandbox cannot be reached
function server:fault(order)
  local problem = faults.problem(order, self.services)
  if problem then error(problem, 2) end
  local body = {}
  for name, given in pairs(order) do body[name] = given end
  if body.times == math.huge then body.times = "always" end
  local answer, message = command(self, "POST", "faults", body)
  return answer and true, message
end

--- The requests so far: a list of `{ service =, operation =, method =, path =, status = }`.
---@return table[]? requests
---@return string? message
function server:requests()
  return command(self, "GET", "requests")
end

--- How much each service holds: `{ service = { what = count } }`.
---@return table? counts
---@return string? message
function server:counts()
  return command(self, "GET", "counts")
end

--- Moves the services' clock on, so that tokens expire.
---@param seconds number
---@return boolean? true
---@return string? message
function server:advance(seconds)
  local answer, message = command(self, "POST", "clock", { seconds = seconds })
  return answer and true, message
end

--- Fresh states, no faults, an empty log.
---@return boolean? true
---@return string? message
function server:reset()
  local answer, message = command(self, "POST", "reset")
  return answer and true, message
end

--- True as long as nginx runs.
---@return boolean
function server:is_running()
  return not self.stopped and process.is_alive(self.master.pid, self.master.start)
end

--- Ends nginx and removes its folder. A second call does nothing.
function server:stop()
  if self.stopped then return end
  self.stopped = true
  self.control:close()
  run.stop(self.master)
  process.remove_folder(self.prefix)
end

server.__gc = collect
server.__close = server.stop

return server
