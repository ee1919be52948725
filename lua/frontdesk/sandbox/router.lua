--- From a request line to a service's operation. The routes are those of the service descriptions; paths are read here anew,
--- from the raw target, so that a wrongly encoded one does not match.

local descriptions = require "frontdesk.description"

local router = {}
router.__index = router
router.__name = "frontdesk.sandbox.router"

-- nil when a percent sign is not followed by two hexadecimal digits.
local function percent_decode(text)
  if text:gsub("%%%x%x", ""):find("%", 1, true) then return nil end
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function split_path(path)
  local segments = {}
  for segment in (path:gsub("^/", "") .. "/"):gmatch("([^/]*)/") do segments[#segments + 1] = segment end
  return segments
end

local function parse_query(text)
  local query = {}
  for pair in (text or ""):gmatch("[^&]+") do
    local name, content = pair:match("^([^=]*)=?(.*)$")
    name, content = percent_decode((name:gsub("%+", " "))), percent_decode((content:gsub("%+", " ")))
    if not name or not content then return nil end
    query[name] = content
  end
  return query
end

-- Adds one operation to the routes of a service: operations with the same path template share a route.
local function add(routes, template, method, name)
  local route
  for _, known in ipairs(routes) do
    if known.template == template then route = known end
  end
  if not route then
    route = { template = template, segments = split_path(template), methods = {} }
    routes[#routes + 1] = route
  end
  local names = route.methods[method] or {}
  route.methods[method] = names
  names[#names + 1] = name
end

local function finish(route)
  local methods = {}
  for method, names in pairs(route.methods) do
    table.sort(names)
    methods[#methods + 1] = method
  end
  table.sort(methods)
  route.allow = table.concat(methods, ", ")
  route.fields = select(2, route.template:gsub("/:", "/:"))
end

local function routes_of(description, behaviour)
  local routes = {}
  for name, operation in pairs(description.operations) do
    local path = descriptions.path(description, operation):gsub("^/", "")
    local base_path = operation.base and behaviour.bases[operation.base] or behaviour.base_path or ""
    add(routes, base_path .. descriptions.join(description, operation.base) .. path, operation.method, name)
  end
  for _, route in ipairs(routes) do finish(route) end
  -- A literal segment is preferred to a field.
  table.sort(routes, function(a, b)
    if a.fields ~= b.fields then return a.fields < b.fields end
    return a.template < b.template
  end)
  return routes
end

local function match(route, segments)
  if #route.segments ~= #segments then return nil end
  local params = {}
  for index, expected in ipairs(route.segments) do
    local field = expected:match("^:(.+)")
    if field and segments[index] ~= "" then
      params[field] = segments[index]
    elseif expected ~= segments[index] then
      return nil
    end
  end
  return params
end

--- Makes the router.
---@param services table `{ name = { description = , behaviour = } }`
---@return table router
function router.new(services)
  local self = setmetatable({ services = {} }, router)
  for name, service in pairs(services) do
    self.services[name] = routes_of(service.description, service.behaviour)
  end
  return self
end

--- Finds what a request asks for.
---@param method string
---@param target string the raw path with its query
---@return table found `{ service =, path =, params =, query =, names =, allow = }`; `names` lists the operations of that method
---  and path, `why` is "service", "route" or "method" when there are none
function router:find(method, target)
  local full_path, query = target:match("^([^?]*)%??(.*)$")
  local service, path = full_path:match("^/([^/]+)(.*)$")
  local found = { service = service, path = path or full_path, params = {}, query = parse_query(query), names = {} }
  local routes = service and self.services[service]
  if not routes then
    found.service, found.why = nil, "service"
    return found
  end
  found.why = "route"
  local segments = split_path(path)
  for index, segment in ipairs(segments) do
    segments[index] = percent_decode(segment)
    if not segments[index] then return found end
  end
  if not found.query then return found end
  for _, route in ipairs(routes) do
    local params = match(route, segments)
    if params then
      found.params, found.allow, found.names = params, route.allow, route.methods[method] or {}
      found.why = not route.methods[method] and "method" or nil
      return found
    end
  end
  return found
end

return router
