--- Makes clients from service descriptions: `frontdesk.omicall{...}` gives a table
-- whose resources hold the operations as methods, `client.contacts:add{...}`.
--
-- A client's secrets stay in closures: no table that a user can print holds them. What only
-- some clients need (lists, bulk, redirects, undescribed requests) is loaded when they do.

local clients = require "frontdesk.client"
local config = require "frontdesk.config"
local descriptions = require "frontdesk.description"
local nearest = require "frontdesk.nearest"
local redact = require "frontdesk.redact"
local secrets = require "frontdesk.secrets"

local service = {}

local CALL_OPTIONS = { timeout = "number", headers = "table", keep_null = "boolean", retry = "number" }

-- `also` holds options that only some methods take.
local function check_call_options(client, options, level, also)
  if options == nil then
    return
  end
  if type(options) ~= "table" then
    error("call options must be a table, such as { timeout = 5 } (got a " .. type(options) .. ")", level)
  end
  for name, value in pairs(options) do
    local kind = CALL_OPTIONS[name] or also and also[name]
    if not kind then
      local hint = nearest(name, CALL_OPTIONS)
      if also and hint == "" then
        hint = nearest(name, also)
      end
      error('"' .. client:conceal(tostring(name)) .. '" is not a call option' .. hint, level)
    end
    if kind ~= "any" and type(value) ~= kind then
      error("the call option " .. name .. " must be a " .. kind .. " (got a " .. type(value) .. ")", level)
    end
  end
  if options.timeout and not (options.timeout > 0 and options.timeout < math.huge) then
    error("the call option timeout must be a positive number of seconds", level)
  end
  for name in pairs(options.headers or {}) do
    if type(name) ~= "string" then
      error('the call option headers must have names as keys: { ["X-Name"] = value }', level)
    end
  end
end

-- The table of fields of a method that takes one argument for them: the table, or its only
-- positional field, people:get(id).
local function read_argument(operation, first, level)
  if type(first) == "table" then
    return first
  elseif operation.args then
    return { [operation.args[1]] = first }
  elseif first ~= nil then
    error(operation.service .. "." .. operation.name .. " takes one table of fields (got a " .. type(first) .. ")", level)
  end
end

-- Splits a method's arguments into the table of fields and the call options.
-- Fields can be positional where the operation names them: people:rename(id, name).
local function read_arguments(client, operation, also, first, ...)
  local args = operation.args
  local input, options = read_argument(operation, first, 4), ...
  if input ~= first and args[2] then
    for i = 2, #args do
      input[args[i]] = (select(i - 1, ...))
    end
    options = select(#args, ...)
  end
  check_call_options(client, options, 4, also)
  return input, options
end

local function advise_colon(where, name)
  error(("call it with a colon: %s:%s(...)"):format(where, name), 3)
end

-- What follows makes methods of a resource, each when first used: fn(client, resource,
-- where, name of the operation, what they are called).

-- The method that calls an operation.
local function call_method(client, resource, where, name, method)
  local operation = client:operation(name)
  local args = operation.args
  if args and args[2] then
    return function(self, ...)
      if self ~= resource then
        advise_colon(where, method)
      end
      local input, options = read_arguments(client, operation, nil, ...)
      return client:call(operation, input, options)
    end
  end
  return function(self, first, options)
    if self ~= resource then
      advise_colon(where, method)
    end
    local input = read_argument(operation, first, 3)
    if options ~= nil then
      check_call_options(client, options, 3)
    end
    return client:call(operation, input, options)
  end
end

-- The method that goes over all pages of a listing operation.
local function list_method(client, resource, where, name, _, style)
  local listing = require "frontdesk.listing"
  local operation, paging = client:operation(name), client.description.operations[name].paging
  return function(self, ...)
    if self ~= resource then
      advise_colon(where, paging[style])
    end
    local input, options = read_arguments(client, operation, listing.OPTIONS, ...)
    local iterator, message = listing.open(style, client, operation, paging, input, options)
    if not iterator then
      error(message, 2)
    end
    return iterator
  end
end

-- The method that sends any number of rows through an operation that takes a list.
local function bulk_method(client, resource, where, name)
  local bulk = require "frontdesk.bulk"
  local operation, rule = client:operation(name), client.description.operations[name].bulk
  return function(self, source, options)
    if self ~= resource then
      advise_colon(where, rule.method)
    end
    check_call_options(client, options, 3, bulk.OPTIONS)
    local summary, message = bulk.open(client, operation, rule, source, options)
    if not summary then
      error(("%s:%s %s"):format(where, rule.method, message), 2)
    end
    return summary
  end
end

-- Refuses a name that nothing has. It may be a secret that landed in the wrong place.
local function no_such(client, where, what, name, known)
  error(('%s has no %s"%s"%s'):format(where, what, client:conceal(tostring(name)), nearest(name, known)), 3)
end

local makers = setmetatable({}, { __mode = "k" }) -- by the operations of a resource

-- By method what makes it: { function, name of the operation, style }. All clients share it.
local function makers_of(description, operations)
  local made = makers[operations]
  if made then
    return made
  end
  made = {}
  for method, name in pairs(operations) do
    local spec = description.operations[name]
    made[method] = { call_method, name }
    for _, style in ipairs { "each", "pages" } do
      if spec.paging and spec.paging[style] then
        made[spec.paging[style]] = { list_method, name, style }
      end
    end
    if spec.bulk then
      made[spec.bulk.method] = { bulk_method, name }
    end
  end
  makers[operations] = made
  return made
end

-- A resource's table of methods.
local function new_resource(client, path, operations)
  local where = client.service .. "." .. path
  return setmetatable({}, {
    __name = "frontdesk.resource",
    __tostring = function() return "frontdesk.resource: " .. where end,
    __index = function(resource, name)
      local known = makers_of(client.description, operations)
      local maker = known[name]
      if not maker then
        no_such(client, where, "operation ", name, known)
      end
      local method = maker[1](client, resource, where, maker[2], name, maker[3])
      rawset(resource, name, method)
      return method
    end,
  })
end

-- A family's table of resources, `client.pbx` of `client.pbx.extensions`; each is made when first used.
local function new_family(client, path, resources)
  local where = client.service .. "." .. path
  return setmetatable({}, {
    __name = "frontdesk.family",
    __tostring = function() return "frontdesk.family: " .. where end,
    __index = function(self, name)
      if not resources[name] then
        no_such(client, where, "", name, resources)
      end
      local resource = new_resource(client, path .. "." .. name, resources[name])
      rawset(self, name, resource)
      return resource
    end,
  })
end

-- The operations of a description, by resource and method, or by family, resource and method.
local function resources_of(description)
  local resources, families = {}, {}
  for name in pairs(description.operations) do
    local path, method = descriptions.split(name)
    local family, resource = path:match "^([%w_]+)%.([%w_]+)$"
    local home = resources
    if family then
      families[family] = families[family] or {}
      home = families[family]
    end
    home[resource or path] = home[resource or path] or {}
    home[resource or path][method] = name
  end
  return { resources = resources, families = families }
end

local new_client

-- What reads the address that a service sends its user back to; nil where it does not.
local function redirect_reader(description)
  return description.redirect and require("frontdesk.redirect").reader(description.redirect) or nil
end

-- What a client has beside its resources.
local function methods_of(description, given, client)
  local methods = {}
  function methods.request(self, fields, options)
    if type(self) ~= "table" or type(fields) ~= "table" then
      error(("call it with a colon and a table: %s:request{ method = ..., path = ... }"):format(description.name), 2)
    end
    check_call_options(client, options, 3)
    return require("frontdesk.request").send(client, fields, options)
  end
  methods.parse_redirect = redirect_reader(description)
  for name, rule in pairs(description.clients or {}) do
    methods[name] = function(self, value)
      if type(self) ~= "table" then
        advise_colon(description.name, name)
      end
      local options = {}
      for key, option in pairs(given) do
        options[key] = option
      end
      options[rule.option] = value
      local other = new_client(description, options) -- no tail call: errors point at the caller
      return other
    end
  end
  return methods
end

function new_client(description, given)
  local ok, options = pcall(config.resolve, description, given)
  if not ok then
    error(redact.text(tostring(options), secrets.of_options(description, given or {})), 3)
  end
  local client = clients.new(description, options)
  local copy = {}
  for key, value in pairs(given or {}) do
    copy[key] = value
  end
  local methods = methods_of(description, copy, client)
  local known_names = service.resources(description)
  local resources, families = known_names.resources, known_names.families
  local where = description.name
  return setmetatable({}, {
    __name = "frontdesk.client",
    __tostring = function() return "frontdesk.client: " .. where .. " at " .. client:conceal(options.base_url) end,
    __index = function(self, name)
      local value = methods[name]
      if value == nil and resources[name] then
        value = new_resource(client, name, resources[name])
      elseif value == nil and families[name] then
        value = new_family(client, name, families[name])
      end
      if value == nil then
        local known = {}
        for _, source in ipairs { methods, resources, families } do
          for key in pairs(source) do
            known[key] = true
          end
        end
        no_such(client, where, "", name, known)
      end
      rawset(self, name, value)
      return value
    end,
    __newindex = function(_, name)
      error("a client cannot be changed; give " .. client:conceal(tostring(name)) .. " when you make it", 2)
    end,
  })
end

local resources = setmetatable({}, { __mode = "k" })

--- The resources of a description and the operations in them.
---@param description table
---@return { resources: table, families: table } operation names by resource and method, and by family, resource and method
function service.resources(description)
  local known = resources[description]
  if not known then
    known = resources_of(description)
    resources[description] = known
  end
  return known
end

--- What `frontdesk.NAME` is: called with options it makes a client.
---@param description table
---@return table service
function service.new(description)
  return setmetatable({
    name = description.name,
    title = description.title,
    description = description,
    parse_redirect = redirect_reader(description),
  }, {
    __name = "frontdesk.service",
    __tostring = function() return "frontdesk.service: " .. description.name end,
    __call = function(_, given)
      if given ~= nil and type(given) ~= "table" then
        error(("frontdesk.%s takes a table of options (got a %s)"):format(description.name, type(given)), 2)
      end
      local client = new_client(description, given) -- no tail call: errors point at the caller
      return client
    end,
  })
end

--- Finds a service by name, on package.path.
---@param name string
---@return table|nil service nil when there is no description of that name
function service.find(name)
  local module = "frontdesk.services." .. name
  local ok, description = pcall(descriptions.load, name)
  if ok then
    return service.new(description)
  end
  -- A description that is there and broken must not look like one that is not.
  if not tostring(description):find("module '" .. module .. "' not found", 1, true) then
    error(description, 0)
  end
end

return service
