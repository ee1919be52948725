--- client:request{...}: calls what a service has and its description does not name,
-- with the same credentials, checks, errors and limits.

local core = require "frontdesk.core"
local descriptions = require "frontdesk.description"
local envelope = require "frontdesk.envelope"
local steps = require "frontdesk.steps"

local request = {}

local METHODS = { GET = "none", DELETE = "none", POST = "json", PUT = "json", PATCH = "json" }
local KNOWN = { method = true, path = true, query = true, body = true, credential = true, base = true, value = true }

-- "a=1&b=2" of a table, names in order.
local function encode_query(query)
  local names = {}
  for name in pairs(query) do
    if type(name) ~= "string" then
      return nil, "query must have names as keys", "query"
    end
    names[#names + 1] = name
  end
  table.sort(names)
  local parts = {}
  for i, name in ipairs(names) do
    local value, message = core.url_query_value(query[name])
    if not value then
      return nil, "query." .. name .. " " .. message, "query." .. name
    end
    local key = core.url_query_value(name)
    if not key then
      return nil, "a name in query must not contain a NUL byte", "query"
    end
    parts[i] = key .. "=" .. value
  end
  return table.concat(parts, "&")
end

-- Checks what was given. Returns the target and the body, or nil, message and field.
local function encode(fields, join, content)
  for name in pairs(fields) do
    if not KNOWN[name] then
      local message = " is not a field of a request: it has method, path, query, body, credential, base and value"
      return nil, tostring(name) .. message, tostring(name)
    end
  end
  local method, path = fields.method or "GET", fields.path
  if not METHODS[method] then
    return nil, 'method must be one of "GET", "POST", "PUT", "PATCH", "DELETE"', "method"
  end
  if type(path) ~= "string" or path == "" or path:find "[%c%s?#\\]" or path:find "^%w+:" then
    return nil, "path must be the part of the address behind base_url, without query", "path"
  end
  if join == "/" and path:sub(1, 1) ~= "/" then
    path = "/" .. path
  end
  if steps.climb(path) then
    return nil, 'path must not hold the steps "." and "..", which would lead elsewhere', "path"
  end
  if fields.query ~= nil then
    if type(fields.query) ~= "table" then
      return nil, "query must be a table of names and values", "query"
    end
    local query, message, field = encode_query(fields.query)
    if not query then
      return nil, message, field
    end
    if query ~= "" then
      path = path .. "?" .. query
    end
  end
  local body
  if content ~= nil then
    if METHODS[method] == "none" then
      return nil, method .. " sends no body; use query", "body"
    end
    local message, where
    body, message, where = core.json_encode(content)
    if not body then
      return nil, "body: " .. message, "body" .. (where and where ~= "" and "." .. where or "")
    end
  elseif METHODS[method] == "json" then
    body = "{}"
  end
  return path, body
end

local function no_secrets()
  return {}
end

-- The body with the credential of its role, where that travels in it.
local function with_credential(body, credential, options)
  if not credential or body ~= nil and type(body) ~= "table" then
    return body
  end
  local whole = {}
  for name, value in pairs(body or {}) do
    whole[name] = value
  end
  for _, pair in ipairs(credential) do
    if whole[pair[1]] == nil then
      whole[pair[1]] = options[pair[2]]
    end
  end
  return whole
end

--- Sends a request that no operation describes.
---@param client table the inside of a client
---@param fields { method: string?, path: string, query: table?, body: any?, credential: string?, base: string?, value: string|boolean|nil }
---@param call_options table|nil
---@return any value
---@return table|nil err
---@return table|nil response beside a value
function request.send(client, fields, call_options)
  local description = client.description
  local method = fields.method or "GET"
  local operation = {
    name = "request",
    method = method,
    body = METHODS[method] or "none",
    retry = method == "GET" and "safe" or "never",
    role = fields.credential or "default",
    base = fields.base or "main",
    secrets = no_secrets,
    secret_names = {},
    envelope = envelope.compile(description, {
      value = fields.value,
      retry = method == "GET" and "safe" or "never",
    }),
  }
  if operation.role ~= "none" and not description.credentials[operation.role] then
    return client:fail(operation, nil, {
      kind = "invalid_input", field = "credential",
      message = 'credential "' .. tostring(operation.role) .. '" is not one that this service knows',
    })
  end
  if not client.options.bases[operation.base] then
    return client:fail(operation, nil, {
      kind = "invalid_input", field = "base",
      message = 'base "' .. tostring(operation.base) .. '" is not an address that this service has',
    })
  end
  local content = with_credential(fields.body, descriptions.body_credential(description, operation.role), client.options)
  local target, body, field = encode(fields, descriptions.join(description, fields.base), content)
  if not target then
    return client:fail(operation, nil, { kind = "invalid_input", field = field, message = body }, call_options)
  end
  return client:perform(operation, target, body, fields, call_options)
end

return request
