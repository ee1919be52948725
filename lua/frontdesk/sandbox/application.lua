--- The sandbox without a front: services, their states, the faults on order and the log of requests.
-- Both fronts hand every request to one of these.

local descriptions = require "frontdesk.description"
local faults = require "frontdesk.sandbox.faults"
local http_auth = require "frontdesk.sandbox.http_auth"
local json = require "frontdesk.sandbox.json"
local negotiate = require "frontdesk.sandbox.negotiate"
local respond = require "frontdesk.sandbox.respond"
local router = require "frontdesk.sandbox.router"

local LOG_LIMIT = 10000 -- requests kept in the log; older ones are dropped

local has_body = { POST = true, PUT = true, PATCH = true }
local json_types = { "application/json" }
local usual_order = { "accept", "media_type", "authenticate", "json" }

local application = {}
application.__index = application
application.__name = "frontdesk.sandbox.application"

--- Loads the descriptions and behaviours of services.
---@param names? string[] default: all that frontdesk has
---@return table services `{ name = { description =, behaviour = } }`
function application.load(names)
  local services = {}
  for _, name in ipairs(names or require("frontdesk.catalogue")) do
    services[name] = {
      description = descriptions.load(name),
      behaviour = require("frontdesk.sandbox.services." .. name),
    }
  end
  return services
end

--- The client options that lead to a simulated service.
---@param service table `{ description =, behaviour = }`
---@param root string where the service's addresses begin
---@return table options `base_url`, and those of the description's other `bases`
function application.addresses(service, root)
  local behaviour = service.behaviour
  local options = { base_url = root .. (behaviour.base_path or "") }
  for name, base in pairs(service.description.bases or {}) do options[base.option] = root .. behaviour.bases[name] end
  return options
end

---@param options? table `services`: list of names (default: all); `now`: clock (default os.time); `hashes`, `algorithms`: see http_auth
---@return table
function application.new(options)
  options = options or {}
  local services = application.load(options.services)
  local self = setmetatable({
    services = services,
    router = router.new(services),
    clock = options.now or os.time,
    ahead = 0,
    http_auth = http_auth.new(options),
  }, application)
  self:reset()
  return self
end

--- Back to the beginning: fresh states, no faults, an empty log.
function application:reset()
  self.states, self.faults, self.log, self.logged = {}, faults.new(), {}, 0
  for name, service in pairs(self.services) do self.states[name] = service.behaviour.state() end
end

--- The time that the services see; `advance` moves it on, so that tokens expire without waiting.
---@return number
function application:now()
  return self.clock() + self.ahead
end

---@param seconds number
function application:advance(seconds)
  self.ahead = self.ahead + seconds
end

--- Places a fault.
---@param order table
---@return boolean? done
---@return string? message
function application:fault(order)
  local problem = faults.problem(order, self.services)
  if problem then return nil, problem end
  self.faults:add(order)
  return true
end

--- The requests so far, oldest first; nothing in them is secret.
---@return table[]
function application:requests()
  local list = {}
  for number = math.max(1, self.logged - LOG_LIMIT + 1), self.logged do list[#list + 1] = self.log[number] end
  return list
end

local function write_log(self, request, status)
  self.logged = self.logged + 1
  self.log[self.logged] = { service = request.service, operation = request.operation, method = request.method,
    path = request.path, status = status }
  self.log[self.logged - LOG_LIMIT] = nil
end

--- How much each service holds, by its own account.
---@return table `{ service = { what = count } }`
function application:counts()
  local counts = {}
  for name, service in pairs(self.services) do
    counts[name] = service.behaviour.count and service.behaviour.count(self.states[name]) or {}
  end
  return counts
end

local function lookup(self, request)
  local behaviour = self.services[request.service].behaviour
  return function(username)
    if behaviour.password then return behaviour.password(username, self.states[request.service]) end
    return username == behaviour.credentials.username and behaviour.credentials.password or nil
  end
end

-- The in-process front hands over credentials as they are; nginx hands over the header.
local function authentication(self, request, presented, realm)
  if presented then
    local right = presented.password ~= nil and presented.password == lookup(self, request)(presented.username)
    return { kind = presented.kind, username = presented.username, verified = right }
  end
  return self.http_auth:check(request, lookup(self, request), realm, request.now)
end

local function read_json(request)
  if not has_body[request.method] then return end
  if request.body == "" then
    request.json = {}
    return
  end
  local value, message = json.decode(request.body)
  if json.is_object(value) then
    request.json = value
  else
    request.json_error = message or "the document is not an object"
  end
end

local checks = {}

function checks.accept(request, behaviour)
  request.accepted = negotiate.accepts(request.headers.accept, behaviour.produces or json_types)
  if not request.accepted then return behaviour.refuse(request, "not_acceptable") end
end

function checks.media_type(request, behaviour)
  if has_body[request.method] and not negotiate.consumes(request.headers["content-type"], behaviour.consumes or json_types) then
    return behaviour.refuse(request, "media_type")
  end
end

function checks.authenticate(request, behaviour, state)
  return behaviour.authenticate(request, request.operation, state)
end

function checks.json(request, behaviour)
  if request.json_error then return behaviour.refuse(request, "json") end
end

-- Which operation it is: several may share method and path.
local function choose(request, behaviour, names)
  local implemented = {}
  for _, name in ipairs(names) do
    if behaviour.operations[name] then implemented[#implemented + 1] = name end
  end
  if #names > 1 and behaviour.select then return behaviour.select(request, names) end
  return implemented[1]
end

local function answer(request, service, state, why)
  local behaviour = service.behaviour
  if why then return behaviour.refuse(request, why) end
  for _, check in ipairs(behaviour.order or usual_order) do
    local refusal = checks[check](request, behaviour, state)
    if refusal then return refusal end
  end
  local run = behaviour.operations[request.operation]
  if not run then error("the sandbox has no behaviour for " .. request.service .. "." .. tostring(request.operation)) end
  return run(request, state)
end

local function sandbox_error(err)
  return respond.text(500, "The sandbox itself failed: " .. tostring(err))
end

local function process(self, request, why)
  local service, state = self.services[request.service], self.states[request.service]
  local ok, response = pcall(answer, request, service, state, why)
  if not ok then return sandbox_error(response) end
  if not response then return sandbox_error("no answer from " .. request.service .. "." .. tostring(request.operation)) end
  return response
end

local function fault_response(hit)
  if hit.kind == "html" then
    return respond.html(hit.status or 502,
      "<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body><h1>Bad Gateway</h1></body>\r\n</html>\r\n")
  end
  return respond.text(hit.status, "", hit.retry_after and { ["Retry-After"] = hit.retry_after } or nil)
end

local function apply_faults(self, request, names, sleep)
  local last
  for _, hit in ipairs(self.faults:take(request.service, names)) do
    if hit.kind == "latency" then
      sleep(hit.seconds)
    elseif hit.kind == "revoked" then
      self.services[request.service].behaviour.revoke(request, self.states[request.service])
    else
      last = hit
    end
  end
  return last
end

local function add_challenges(self, request, response, realm)
  local stale = request.auth and request.auth.stale
  for _, challenge in ipairs(self.http_auth:challenges(realm, request.now, stale)) do
    response.headers[#response.headers + 1] = { "WWW-Authenticate", challenge }
  end
end

--- Answers a request.
---@param incoming table `{ method =, scheme = nil | "https", target = raw path and query, headers = lower-case names, body = string,
---  presented = nil | { kind =, username =, password = } }`
---@param sleep fun(seconds: number) how latency is spent
---@return table response
---@return string? fault "reset" or "truncate", for the front to carry out
function application:handle(incoming, sleep)
  local found = self.router:find(incoming.method, incoming.target)
  if found.why == "service" then
    return respond.text(404, "The sandbox's addresses begin with the name of a service.\n")
  end
  local service = self.services[found.service]
  local realm = service.behaviour.realm or found.service
  local request = { service = found.service, method = incoming.method,
    scheme = incoming.scheme or "http", path = found.path, target = incoming.target,
    params = found.params, query = found.query or {}, headers = incoming.headers, body = incoming.body or "",
    allow = found.allow, now = self:now() }
  read_json(request)
  if not found.why then request.operation = choose(request, service.behaviour, found.names) end
  local names = service.behaviour.select and { request.operation } or found.names

  local hit = apply_faults(self, request, names, sleep)
  local cut = hit and (hit.kind == "reset" or hit.kind == "truncate") and hit.kind or nil
  local response
  if not hit or hit.processed or cut == "truncate" then
    request.auth = authentication(self, request, incoming.presented, realm)
    response = process(self, request, found.why)
    if response.challenge then add_challenges(self, request, response, realm) end
  end
  if hit and not cut then response = fault_response(hit) end
  response = response or respond.empty(0)
  write_log(self, request, cut ~= "reset" and response.status or nil)
  return response, cut
end

return application
