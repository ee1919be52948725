--- Reads an answer by its service's own rule of success, and finds the error where it is none.

local errors = require "frontdesk.errors"
local null = require("frontdesk.core").null
local paths = require "frontdesk.paths"
local retry_after = require "frontdesk.retry_after"

local envelope = {}

local NOTHING = {} -- what a value that is no table has in it

local function always()
  return true
end

-- A condition of `ok` with the ones behind it, as a function of the document, a table: true when
-- all hold. `rest` are those behind it.
local function compile_condition(condition, path, rest)
  local step, beyond = path:match "^([^%.]+)%.(.+)$"
  if step then
    local holds = compile_condition(condition, beyond, always)
    return function(document)
      local inner = document[step]
      return holds(type(inner) == "table" and inner or NOTHING) and rest(document)
    end
  elseif condition.absent then
    return function(document)
      local value = document[path]
      return (value == nil or value == null) and rest(document)
    end
  elseif condition.empty then
    return function(document)
      local value = document[path]
      return (value == nil or value == null or value == "" or type(value) == "table" and next(value) == nil)
        and rest(document)
    end
  elseif condition.isnt ~= nil then
    local refused = condition.isnt
    return function(document) return document[path] ~= refused and rest(document) end
  end
  local optional, wanted = condition.optional, {}
  for _, value in ipairs(type(condition.is) == "table" and condition.is or { condition.is }) do
    wanted[value] = true
  end
  return function(document)
    local value = document[path]
    return (wanted[value] or optional and (value == nil or value == null)) and rest(document)
  end
end

-- All conditions of a list, and those behind it, as one.
local function compile_conditions(list, rest)
  for i = list and #list or 0, 1, -1 do
    rest = compile_condition(list[i], list[i][1], rest)
  end
  return rest
end

local function compile_list(list, compile_item)
  local compiled = {}
  for i, item in ipairs(list or {}) do
    compiled[i] = compile_item(item)
  end
  return compiled
end

-- Where a code may stand: a path, or { path, known = true } where other words stand as well.
local function compile_code(place)
  if type(place) == "table" then
    return { read = paths.table_reader(place[1]), known = place.known }
  end
  return { read = paths.table_reader(place) }
end

-- The Lua type that an operation's value must have, by its `output`; a table for all that is not here.
local EXPECTED = { string = "string", boolean = "boolean", any = false, integer = "number", number = "number" }

local function expected_type(output)
  local expected = EXPECTED[output]
  if expected == nil and output ~= nil then
    return "table"
  end
  return expected
end

--- Compiles the envelope rule of an operation: the service's, with the operation's over it.
---@param description table the service
---@param operation table the operation's description
---@return table rule for envelope.read
function envelope.compile(description, operation)
  local function setting(name)
    local own = operation.envelope and operation.envelope[name]
    if own ~= nil then
      return own
    end
    return description.envelope[name]
  end
  local value = operation.value
  if value == nil then
    value = setting "value"
  end
  local read_value = type(value) == "string" and paths.table_reader(value) or nil
  return {
    accepts = compile_conditions(setting "ok", compile_conditions(operation.envelope and operation.envelope.also, always)),
    value = value == true and always or read_value, -- out of a successful document; nil where that is the value
    value_path = value,
    code = compile_list(setting "code", compile_code),
    message = compile_list(setting "message", paths.table_reader),
    fields = setting "fields" and paths.table_reader(setting "fields"),
    text = setting "text" or {},
    our_words = setting "our_words" == true,
    expects = value ~= true and expected_type(operation.output),
    errors = setting "errors" or description.errors or {},
    retry = operation.retry,
  }
end

-- The first value that can be a code: a number, or a short text without blanks.
local function find_code(rule, fields)
  for _, place in ipairs(rule.code) do
    local code = place.read(fields)
    if type(code) == "number" then
      code = ("%.14g"):format(code)
    end
    if type(code) == "string" and #code <= 64 and code:match "^[%w_%.%-]+$"
      and (rule.errors[code] or not place.known) then
      return code
    end
  end
end

local function find_message(rule, fields, code)
  for _, read in ipairs(rule.message) do
    local message = read(fields)
    if type(message) == "string" and message ~= "" and message ~= code then
      return message
    end
  end
end

-- The first field that a validation report names, and what it says of it.
local function find_field(rule, fields)
  local report = rule.fields and rule.fields(fields)
  if type(report) ~= "table" then
    return nil
  end
  local first
  for name in pairs(report) do
    if type(name) == "string" and (first == nil or name < first) then
      first = name
    end
  end
  local said = first and report[first]
  if type(said) == "table" then
    local rules = {}
    for key in pairs(said) do
      rules[#rules + 1] = key
    end
    table.sort(rules, function(a, b) return tostring(a) < tostring(b) end)
    said = said[rules[1]]
  end
  return first, type(said) == "string" and said or nil
end

-- A server error may come after the work was done, and so may a time-out in front of it;
-- every other refusal says that nothing happened.
local function outcome_of(status, kind)
  if status >= 500 or kind == "timeout" or status < 400 and (kind == "decode" or kind == "protocol") then
    return "unknown"
  end
  return "rejected"
end

local function failure(rule, reply, fields)
  local status = reply:status()
  fields.status = status
  fields.retry = rule.retry
  local known = fields.code and rule.errors[fields.code]
  fields.kind = fields.kind
    or (known and known.kind)
    or (status >= 400 and errors.kind_of_status(status))
    or "rejected"
  local meaning = known and known.doc
  if rule.our_words and not fields.field then
    fields.message = meaning or fields.message
  end
  fields.message = fields.message or meaning
    or ("the service answered with HTTP " .. status .. " and no explanation")
  fields.hint = meaning ~= fields.message and meaning or nil
  fields.outcome = (known and known.outcome) or outcome_of(status, fields.kind)
  if status == 429 or status == 503 then
    fields.retry_after = retry_after(reply:header "retry-after")
  end
  return nil, fields, fields.body
end

-- An answer that is no JSON document.
local function read_text(rule, reply, problem)
  local status = reply:status()
  local body = reply:body()
  local code = #body <= 200 and rule.text[body:match "^%s*(.-)%s*$"]
  if code then
    return failure(rule, reply, { code = code })
  end
  local media = reply:header "content-type"
  media = media and media:match "^[%w%.%+%-/]+" or "an unnamed type"
  if status >= 400 then
    return failure(rule, reply, {
      message = body == "" and ("the service answered with HTTP " .. status .. " and an empty body")
        or ("the service answered with HTTP " .. status .. " and a body of type " .. media .. ", not with its error document"),
    })
  end
  return failure(rule, reply, {
    kind = "decode",
    message = "the answer is not the JSON document that the service promises (its type is " .. media .. "): " .. problem,
  })
end

-- A successful document whose value is not what the service promises.
local function read_wrong_value(rule, reply, document, value)
  local path = rule.value_path and '"' .. rule.value_path .. '"'
  local what
  if value == nil then
    what = "the answer has no " .. path
  else
    what = (path or "the answer") .. " is " .. (value == "" and "empty" or "not a " .. rule.expects)
  end
  return failure(rule, reply, {
    kind = "protocol", body = document,
    message = what .. ", which is not what the service promises; check base_url",
  })
end

-- HTTP 204: says that all is well, and can say no more than that.
local function read_nothing(rule, reply)
  if not rule.expects then
    return true
  end
  return failure(rule, reply, {
    kind = "protocol",
    message = "the service answered with HTTP 204 and nothing in it, which is not what it promises; check base_url",
  })
end

-- A successful status with no JSON document, which is good only where there is nothing to say.
local function read_no_document(rule, reply, problem)
  if rule.value == always and reply:size() == 0 and rule.accepts(NOTHING) then
    return true
  end
  return read_text(rule, reply, problem)
end

-- The error that a document tells of.
local function read_error(rule, reply, document)
  local fields = type(document) == "table" and document or NOTHING
  local code = find_code(rule, fields)
  local field, said = find_field(rule, fields)
  local message = find_message(rule, fields, code)
  if said then
    message = (message and message .. ": " or "") .. field .. ": " .. said
  end
  return failure(rule, reply, { code = code, message = message, field = field, body = document })
end

-- An answer of a status that does not stand for success, or comes with nothing.
local function read_other(rule, reply, status, keep_null)
  if status == 204 then
    return read_nothing(rule, reply)
  elseif status < 200 then
    return failure(rule, reply, {
      kind = "protocol",
      message = "the service answered with HTTP " .. status .. ", which is no final answer; check base_url",
    })
  end
  local document, problem = reply:json(keep_null)
  if status < 400 then -- whatever its body says
    return failure(rule, reply, {
      kind = "protocol", body = document,
      message = "the service answered with a redirect, which is not followed; check base_url",
    })
  elseif document == nil then
    return read_text(rule, reply, problem)
  end
  return read_error(rule, reply, document)
end

--- Reads a reply.
---@param rule table from envelope.compile
---@param reply table the transfer, or what a transport gives in its place
---@param status integer of the reply
---@param keep_null boolean whether nulls in objects stay
---@return any value never nil or false on success
---@return table|nil fields of the error on failure
---@return any document the whole decoded answer
function envelope.read(rule, reply, status, keep_null)
  if status ~= 200 and (status < 200 or status >= 300 or status == 204) then
    return read_other(rule, reply, status, keep_null)
  end
  local document, problem = reply:json(keep_null)
  local fields = document
  if type(document) ~= "table" then
    if document == nil then
      return read_no_document(rule, reply, problem)
    end
    fields = NOTHING
  end
  if not rule.accepts(fields) then
    return read_error(rule, reply, document)
  end
  local value, read_value, expects = document, rule.value, rule.expects
  if read_value then
    value = read_value(fields)
  end
  if value == nil or expects and (type(value) ~= expects or value == "") then
    return read_wrong_value(rule, reply, document, value)
  end
  return value, nil, document
end

return envelope
