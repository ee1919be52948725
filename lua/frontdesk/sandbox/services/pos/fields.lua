--- What the fields of the simulated POS have to be.

local json = require "frontdesk.sandbox.json"
local value = require "frontdesk.sandbox.value"

local fields = {}

--- The list that a text of JSON holds; nil when it holds none.
---@param text any
---@return table?
function fields.list_in(text)
  local list = value.text(text) and json.decode(text)
  return value.array(list) and list or nil
end

-- Checks of single values: each returns the name of the broken rule and a message, or nothing.
local checks = {}

function checks.name(name)
  if not value.text(name) then return "notString", "A name must be text" end
end

function checks.username(username)
  if not value.text(username) or not username:find("^[%w._-]+$") then
    return "regexNotMatch", "A login name is made of letters without marks, digits, dots, dashes and underscores"
  end
end

function checks.password(password)
  if not value.text(password) or #password < 6 then return "tooShort", "A password needs 6 characters or more" end
end

function checks.role_id(role_id)
  if not value.text(role_id) and not value.integer(role_id) then return "notId", "This is no id" end
end

function checks.visible(visible)
  if visible ~= "Y" and visible ~= "N" then return "notInArray", "Only Y and N are possible" end
end

checks.verify = checks.visible

function checks.phone_customer(phone)
  if phone ~= "unlink" and not (value.text(phone) and phone:find("^%+?%d+$")) then return "notPhone", "This is no phone number" end
end

function checks.seller_uuid(uuid)
  if not value.text(uuid) then return "notString", "The id must be text" end
end

function checks.location(location)
  if not fields.list_in(location) then return "notJson", "This must be a text that holds a JSON list of ids" end
end

function checks.permissions(permissions, state)
  local list = fields.list_in(permissions)
  if not list then return "notJson", "This must be a text that holds a JSON list of names" end
  for _, name in ipairs(list) do
    if not state.permission_names[name] then return "notInArray", "There is no such permission" end
  end
end

--- Checks fields of a request's body.
---@param request table
---@param state table
---@param names string[]
---@param required? boolean whether they have to be there
---@return table? messages `{ field = { rule = message } }`; nil when all is well
function fields.wrong(request, state, names, required)
  local messages
  for _, field in ipairs(names) do
    local content, rule, message = request.json[field], nil, nil
    if value.given(content) then
      rule, message = checks[field](content, state)
    elseif required or content == "" then
      rule, message = "isEmpty", "A value is needed"
    end
    if rule then
      messages = messages or {}
      messages[field] = { [rule] = message }
    end
  end
  return messages
end

return fields
