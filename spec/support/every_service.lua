--- All services at once, taken from their descriptions, so that a spec about every operation covers one that is added later.
--
--     for _, case in ipairs(every_service.fields "path") do
--       case.service, case.operation, case.field             -- "pos", "people.get", "id"
--       every_service.call(client, case.operation, every_service.input(case, { id = ".." }))
--     end

local catalogue = require "frontdesk.catalogue"
local config = require "frontdesk.config"
local frontdesk = require "frontdesk"
local resources = require "support.resources"

local every_service = {}

every_service.names = catalogue

--- A client option's value: a text that shows where it came from, "t0k-pos-token".
function every_service.secret(service, option)
  return ("t0k-%s-%s"):format(service, option)
end

--- The options that lead all of a service's addresses to an origin. One that is joined by a dot needs a path.
---@param service string
---@param origin string|nil one that does not exist when not given
---@return table
function every_service.addresses(service, origin)
  origin = origin or "https://service.example.test"
  local description = frontdesk[service].description
  local options = { base_url = description.join == "." and origin .. "/v1/partner" or origin }
  for _, base in pairs(description.bases or {}) do
    options[base.option] = origin
  end
  return options
end

-- Names of the options that any credential or field of the description makes use of.
local function needed(description)
  local names = {}
  for _, choices in pairs(description.credentials or {}) do
    for _, choice in ipairs(choices) do
      for _, name in ipairs(choice.needs or { choice.token, choice.username, choice.password }) do
        names[name] = true
      end
      for _, pair in ipairs(choice.headers or choice.fields or {}) do
        names[pair[2]] = true
      end
    end
  end
  for _, operation in pairs(description.operations) do
    for _, field in ipairs(type(operation.input) == "table" and operation.input or {}) do
      names[field.option or ""] = true
    end
  end
  names[""] = nil
  return names
end

--- Options with which every operation of a service has all it needs.
---@param service string
---@param extra table|nil over them
---@param origin string|nil of all its addresses
---@return table
function every_service.options(service, extra, origin)
  local options = every_service.addresses(service, origin)
  options.retry = 0
  for name in pairs(needed(frontdesk[service].description)) do
    options[name] = every_service.secret(service, name)
  end
  for name, value in pairs(extra or {}) do
    options[name] = value
  end
  return options
end

--- The names of a service's options that are texts.
function every_service.text_options(service)
  local names = {}
  for _, option in ipairs((config.options(frontdesk[service].description))) do
    if option[2] == "string" then
      names[#names + 1] = option[1]
    end
  end
  return names
end

--- The operations of a service, in the order of their names.
function every_service.operations(service)
  local names = {}
  for name in pairs(frontdesk[service].description.operations) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- The fields of an operation's input.
local function fields_of(description, operation)
  local input = description.operations[operation].input or {}
  return type(input) == "string" and description.types[input] or input
end

--- Where fields travel at a place: "path", "query" or "header".
---@param place string
---@return table[] of { service, operation, field, kind }
function every_service.fields(place)
  local list = {}
  for _, service in ipairs(catalogue) do
    local description = frontdesk[service].description
    for _, operation in ipairs(every_service.operations(service)) do
      for _, field in ipairs(fields_of(description, operation)) do
        if field["in"] == place then
          list[#list + 1] = { service = service, operation = operation, field = field[1], kind = field[2] }
        end
      end
    end
  end
  return list
end

local SAMPLES = {
  string = "a text", integer = 3, id = "7", number = 1.5, boolean = true, flag = true, json = { "a" }, object = { a = "b" }, any = "any",
  array = {},
}

-- A value that a field takes; of shared types all fields, two deep.
local function sample(description, field, depth)
  local base, is_list = field[2]:gsub("%[%]$", "")
  local value = field.enum and field.enum[1] or field.pattern == "date" and "2026-02-03" or SAMPLES[base]
  if value == nil then
    value = {}
    for _, inner in ipairs(assert(description.types[base], base)) do
      if inner.const == nil and (inner.required or depth < 2) then
        value[inner[1]] = sample(description, inner, depth + 1)
      end
    end
  end
  return is_list == 1 and { value } or value
end

--- An input that the operation takes, all its fields given.
---@param case table { service, operation }
---@param changes table|nil values over it
---@param without string|nil a field to leave out
---@return table
function every_service.input(case, changes, without)
  local description = frontdesk[case.service].description
  local input = {}
  for _, field in ipairs(fields_of(description, case.operation)) do
    if field.const == nil then
      input[field[1]] = sample(description, field, 0)
    end
  end
  for name, value in pairs(changes or {}) do
    input[name] = value
  end
  if without then
    input[without] = nil
  end
  return input
end

--- Calls an operation by its name.
function every_service.call(client, operation, input, call_options)
  local resource, method = resources.find(client, operation)
  return resource[method](resource, input, call_options)
end

return every_service
