--- Compiles one operation of a service's description into what a client needs to call it.

local core = require "frontdesk.core"
local descriptions = require "frontdesk.description"
local envelope = require "frontdesk.envelope"
local output = require "frontdesk.output"

local operation = {}

local BODY_OF_METHOD = { POST = "json", PUT = "json", PATCH = "json", GET = "none", DELETE = "none" }

-- Fields that travel as headers, and those that a client option can stand in for.
local function placed_outside(fields)
  local headers, defaults = {}, {}
  for _, field in ipairs(fields) do
    if field["in"] == "header" then
      headers[#headers + 1] = { field.header, field[1] }
    end
    if field.option then
      defaults[#defaults + 1] = { field[1], field.option }
    end
  end
  return #headers > 0 and headers or nil, #defaults > 0 and defaults or nil
end

-- Gathers the values of secret fields, at any depth, so that errors can leave them out.
local function collect_secrets(fields, types, input, list, depth)
  if type(input) ~= "table" or depth > 8 then
    return
  end
  for _, field in ipairs(fields) do
    local value = input[field[1]]
    for _, alias in ipairs(value == nil and field.alias or {}) do
      value = value == nil and input[alias] or value
    end
    if value ~= nil then
      if field.secret then
        list[#list + 1] = type(value) ~= "table" and tostring(value) or nil
      else
        local name = type(field[2]) == "string" and field[2]:match "^([^%[]+)"
        local shared = types[name]
        if shared and field[2] == name then
          collect_secrets(shared, types, value, list, depth + 1)
        elseif shared and type(value) == "table" then
          for _, item in ipairs(value) do
            collect_secrets(shared, types, item, list, depth + 1)
          end
        end
      end
    end
  end
end

-- Names of the members of an answer that hold secrets. The service hands them out, so nobody
-- knows them before; a refusal that holds one all the same must not show it.
local function secret_names(spec, types)
  local names = {}
  local function add(fields, depth)
    if type(fields) == "string" then
      fields = types[fields:match "^([^%[]+)"]
    end
    for _, field in ipairs(depth <= 8 and fields or {}) do
      if field.secret then
        names[field.wire or field[1]] = true
      elseif type(field[2]) == "table" or type(field[2]) == "string" then
        add(field[2], depth + 1)
      end
    end
  end
  add(spec.output or {}, 0)
  if spec.secret_output and type(spec.value) == "string" then
    names[spec.value:match "[^%.]+$"] = true
  end
  return names
end

-- The fields of an operation, and before them those that hold its credential, where it travels in the body.
local function fields_of(description, spec)
  local fields = spec.input or {}
  if type(fields) == "string" then
    fields = description.types[fields]
  end
  local credential = descriptions.body_credential(description, spec.credential)
  if not credential then
    return fields
  end
  local all = { rules = fields.rules, open = fields.open }
  for _, pair in ipairs(credential) do
    all[#all + 1] = { pair[1], "string", required = true, secret = true, option = pair[2] }
  end
  for _, field in ipairs(fields) do
    all[#all + 1] = field
  end
  return all, true
end

-- What was compiled, by description, and by name and path.
local compiled = setmetatable({}, { __mode = "k" })

local function compile(description, name, path)
  local spec = description.operations[name]
  local types = description.types or {}
  local fields, holds_credential = fields_of(description, spec)
  local body = spec.body or BODY_OF_METHOD[spec.method]
  local headers, defaults = placed_outside(fields)
  return {
    name = name,
    service = description.name,
    method = spec.method,
    body = body,
    args = spec.args,
    takes_input = #fields > 0 or fields.open == true,
    retry = spec.retry,
    role = spec.credential or "default",
    holds_credential = holds_credential,
    base = spec.base or "main",
    shape = core.shape {
      path = path,
      body = body,
      fields = fields, -- with its rules
      types = types,
    },
    header_fields = headers,
    option_fields = defaults,
    envelope = envelope.compile(description, spec),
    convert = output.compile(spec.output, types),
    secret_names = secret_names(spec, types),
    secrets = function(input)
      local list = {}
      collect_secrets(fields, types, input, list, 0)
      return list
    end,
  }
end

--- Compiles an operation. All clients that send it to the same path share what comes of it,
-- so nothing of a client's may be put into it.
---@param description table the service
---@param name string "contacts.add"
---@param options table|nil of the client; the defaults of the service's options when not given
---@return table operation
function operation.compile(description, name, options)
  local path = descriptions.path(description, description.operations[name], options)
  local known = compiled[description]
  if not known then
    known = {}
    compiled[description] = known
  end
  local key = name .. " " .. path
  known[key] = known[key] or compile(description, name, path)
  return known[key]
end

return operation
