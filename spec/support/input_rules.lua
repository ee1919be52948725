--- What a service's description asks of each operation's input, as a flat list: the specs of the services are held against
--- it, so that no rule goes without one.
--
-- A rule is named by the path of its field and a word: "phones[].type enum", "customer.name condition", "? unknown".

local input_rules = {}

-- Words for what a field's own members ask.
local MEMBERS = { "required", "min", "max", "nonempty", "default", "derive", "alias", "option", "omit_false", "allow_empty", "header" }

-- The path without the places in lists, and "?" for the name that no field has.
local function key(path, rule)
  path = path:gsub("%[%d+%]", "[]")
  if rule == "unknown" then
    path = path:gsub("[^%.%[%]]+$", "?")
  end
  return path .. " " .. rule
end
input_rules.key = key

local walk

local function walk_field(list, field, path, types)
  local function add(rule, at, kind)
    list[#list + 1] = { path = at or path, rule = rule, kind = kind }
  end
  if field.const ~= nil then
    return add "const"
  end
  for _, member in ipairs(MEMBERS) do
    if field[member] then
      add(member)
    end
  end
  if field["in"] == "path" then
    add "segment"
  end
  local base, is_list = field[2]:gsub("%[%]$", "")
  local each = is_list == 1 and path .. "[1]" or path
  if base ~= "any" then
    local kind = types[base] and "object" or base
    add("type", path, each ~= path and "array" or kind)
    if each ~= path then
      add("type", each, kind)
    end
  end
  if field.enum then
    add("enum", each)
  end
  if field.pattern then
    add(field.pattern, each)
  end
  if base == "flag" then
    add "flag"
  elseif base == "json" then
    add "json"
    if field.list then
      add "list"
    end
  elseif types[base] then
    walk(list, types[base], each .. ".", types)
  end
end

function walk(list, fields, prefix, types)
  for _, field in ipairs(fields) do
    walk_field(list, field, prefix .. field[1], types)
  end
  for _, rule in ipairs(fields.rules or {}) do
    list[#list + 1] = { path = prefix .. (rule.require or rule.any_of[1]), rule = "condition" }
  end
  if not fields.open then
    list[#list + 1] = { path = prefix .. "name", rule = "unknown" }
  end
end

local function rules_of(description, operation)
  local types = description.types or {}
  local fields = description.operations[operation].input or {}
  local list = {}
  walk(list, types[fields] or fields, "", types)
  return list
end

--- The rules of an operation's input.
---@param description table
---@param operation string
---@return string[]
function input_rules.of(description, operation)
  local names = {}
  for i, rule in ipairs(rules_of(description, operation)) do
    names[i] = key(rule.path, rule.rule)
  end
  return names
end

--- What type each field of an operation's input has: { path, type }, a list being an "array" and a shared type an "object".
---@param description table
---@param operation string
---@return table[]
function input_rules.types(description, operation)
  local list = {}
  for _, rule in ipairs(rules_of(description, operation)) do
    if rule.rule == "type" then
      list[#list + 1] = { rule.path, rule.kind }
    end
  end
  return list
end

return input_rules
