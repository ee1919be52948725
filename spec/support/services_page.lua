--- Makes docs/services.md from the descriptions of the services.
-- Run: lua spec/support/services_page.lua > docs/services.md (after `eval "$(make -s env)"`)

local descriptions = require "frontdesk.description"
local config = require "frontdesk.config"

local out

local function add(format, ...)
  out[#out + 1] = select("#", ...) > 0 and format:format(...) or format
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function code(text)
  return "`" .. text .. "`"
end

local function codes(list)
  local parts = {}
  for i, text in ipairs(list) do
    parts[i] = code(text)
  end
  return table.concat(parts, ", ")
end

local function cell(text)
  return (text:gsub("|", "\\|"))
end

-- What a field asks of its value, beside the type.
local function demands(field)
  local list = {}
  local function say(condition, text)
    if condition then
      list[#list + 1] = text
    end
  end
  say(field.required, "required")
  say(field["in"] == "path", "in the path")
  say(field["in"] == "query", "in the query")
  say(field.header, "header " .. code(field.header or ""))
  say(field.option, "or the client's option " .. code(field.option or ""))
  say(field.enum, "one of " .. codes(field.enum or {}) .. (field.allow_empty and " or empty" or ""))
  say(field.nonempty, "not empty")
  say(field.min, "at least " .. tostring(field.min))
  say(field.max, "at most " .. tostring(field.max))
  say(field.pattern == "date", "YYYY-MM-DD")
  say(field.default ~= nil, code(tostring(field.default)) .. " when not given")
  say(field.derive, "follows " .. code(field.derive and field.derive.from or "") .. " when not given")
  say(field.alias, "also as " .. codes(field.alias or {}))
  say(field.wire, "sent as " .. code(field.wire or ""))
  say(field.secret, "secret")
  return table.concat(list, ", ")
end

-- The name of a type; those that the service shares lead to where they are explained.
local function type_name(service, spec)
  if type(spec) == "table" then
    return "object"
  end
  local name, list = spec:match "^(.-)(%[?%]?)$"
  if service.types and service.types[name] then
    return ("[%s](#%s-%s)%s"):format(name, service.name, name, list)
  end
  return spec
end

local function fields_table(service, fields)
  add "| field | type | | meaning |"
  add "|---|---|---|---|"
  for _, field in ipairs(fields) do
    if field.const == nil then
      add("| `%s` | %s | %s | %s |", field[1], cell(type_name(service, field[2])), cell(demands(field)), cell(field.doc))
    end
  end
  add ""
end

local function rule_sentence(rule)
  if rule.any_of then
    return "One of " .. codes(rule.any_of) .. " must be given."
  elseif rule.unless then
    return ("%s must be given unless %s is."):format(code(rule.require), code(rule.unless))
  end
  return ("%s must be given when %s is %s."):format(code(rule.require), code(rule.when),
    rule.is ~= nil and code(tostring(rule.is)) or "given")
end

local function rules_list(rules)
  for _, rule in ipairs(rules or {}) do
    add("- %s%s", rule_sentence(rule), rule.doc and " " .. rule.doc or "")
  end
  if rules and #rules > 0 then
    add ""
  end
end

local function has_visible_fields(fields)
  for _, field in ipairs(fields) do
    if field.const == nil then
      return true
    end
  end
  return false
end

local function call_of(service, name, operation)
  local resource, method = descriptions.split(name)
  local args
  if operation.args then
    args = "(" .. table.concat(operation.args, ", ") .. ")"
  elseif type(operation.input) == "string" or has_visible_fields(operation.input or {}) then
    args = "{...}"
  else
    args = "()"
  end
  return ("%s.%s:%s%s"):format(service.name, resource, method, args)
end

local function input(service, operation)
  local fields = operation.input or {}
  if type(fields) == "string" then
    add("Takes the fields of %s.\n", type_name(service, fields))
    return
  end
  if has_visible_fields(fields) then
    fields_table(service, fields)
  end
  rules_list(fields.rules)
end

local function value(service, operation)
  local output = operation.output
  if type(output) == "table" then
    add "Gives a table:\n"
    fields_table(service, output)
  elseif output == "boolean" then
    add "Gives `true`.\n"
  elseif output == "any" then
    add "Gives what the service answers; its document does not show it.\n"
  elseif output then
    local item = output:match "^(.-)%[%]$"
    local name = item or output
    local shared = service.types and service.types[name]
    local many = item and not shared and "s" or ""
    add("Gives %s%s%s.\n", item and "a list of " or shared and "one " or "a ", type_name(service, name), many)
  end
end

local function paging(service, name, operation)
  local rule = operation.paging
  if not rule then
    return
  end
  local resource = descriptions.split(name)
  local args = has_visible_fields(operation.input or {}) and "{...}" or "()"
  local ways = {}
  if rule.each then
    ways[#ways + 1] = ("`for item, err in %s.%s:%s%s` goes over all items of all pages"):format(service.name, resource, rule.each, args)
  end
  if rule.pages then
    ways[#ways + 1] = ("`%s.%s:%s%s` over the pages"):format(service.name, resource, rule.pages, args)
  end
  add("%s: see [lists.md](lists.md).\n", table.concat(ways, ", "))
end

local function bulk(service, name, rule)
  if rule then
    add("`%s.%s:%s(rows)` adds any number, %d a request: see [lists.md](lists.md).\n", service.name, (descriptions.split(name)),
      rule.method, rule.chunk)
  end
end

local function operations(service)
  for _, name in ipairs(sorted_keys(service.operations)) do
    local operation = service.operations[name]
    add("### `%s`\n", call_of(service, name, operation))
    add("%s\n", operation.doc)
    add("`%s %s`%s\n", operation.method, operation.path,
      operation.base and (", behind " .. code(service.bases[operation.base].option)) or "")
    input(service, operation)
    value(service, operation)
    paging(service, name, operation)
    bulk(service, name, operation.bulk)
    if operation.errors and #operation.errors > 0 then
      add("Documented codes: %s.\n", codes(operation.errors))
    end
  end
end

local function environments(service)
  if not service.environments then
    add "There is no address that all share: `base_url` must be given.\n"
    return
  end
  add "| environment | base_url | |"
  add "|---|---|---|"
  for _, name in ipairs(sorted_keys(service.environments)) do
    local environment = service.environments[name]
    add("| `%s`%s | `%s` | %s |", name, name == service.default_environment and " (default)" or "", environment.base_url,
      cell(environment.doc or ""))
  end
  add ""
end

local function options_table(title, options)
  add("%s:\n", title)
  add "| option | type | meaning |"
  add "|---|---|---|"
  for _, option in ipairs(options) do
    local default = option.default ~= nil and (" %s when not given."):format(code(tostring(option.default))) or ""
    add("| `%s` | %s | %s%s%s |", option[1], option[2], cell(option.doc), default, option.secret and " Secret." or "")
  end
  add ""
end

local function errors(service)
  add "### Codes\n"
  add "| code | kind | HTTP | meaning |"
  add "|---|---|---|---|"
  for _, name in ipairs(sorted_keys(service.errors)) do
    local entry = service.errors[name]
    add("| `%s` | `%s` | %s | %s |", name, entry.kind, entry.status or "", cell(entry.doc))
  end
  add ""
end

local function undescribed(service)
  for _, family in ipairs(sorted_keys(service.undescribed or {})) do
    add("### Not described: `%s`\n", family)
    add("The vendor names these calls, but no description of them was found. `%s:request{...}` reaches them, for those who have one.\n",
      service.name)
    for _, name in ipairs(service.undescribed[family]) do
      add("- %s", name)
    end
    add ""
  end
end

local function types(service)
  for _, name in ipairs(sorted_keys(service.types or {})) do
    -- The anchor carries the service's name: two services may name a type alike.
    add('### <a id="%s-%s"></a>%s\n', service.name, name, name)
    fields_table(service, service.types[name])
    rules_list(service.types[name].rules)
  end
end

local page = {}

--- The page as text.
---@return string
function page.text()
  out = {}
  add "# Services and operations\n"
  add "Made from the descriptions in `lua/frontdesk/services` by `spec/support/services_page.lua`; do not edit it by hand."
  add "Field names are the services' own. A type with `[]` behind it is a list; `flag` is a Lua boolean (`Y` or `N` on the wire),"
  add "`json` a Lua table that travels as JSON inside a string.\n"
  local generic = config.options {}
  local names = require "frontdesk.catalogue"
  for _, name in ipairs(names) do
    local service = descriptions.load(name)
    add("- [%s](#%s): %s", name, name, service.doc)
  end
  add ""
  options_table("Options that every client takes", generic)
  for _, name in ipairs(names) do
    local service = descriptions.load(name)
    add("## %s\n", name)
    add("%s: %s Source: %s.\n", service.title, service.doc, service.manual)
    environments(service)
    options_table("Options of `frontdesk." .. name .. "{...}`, beside the generic ones", service.options)
    operations(service)
    undescribed(service)
    errors(service)
    types(service)
  end
  while out[#out] == "" do
    out[#out] = nil
  end
  local text = table.concat(out, "\n"):gsub("\n\n\n+", "\n\n")
  return text .. "\n"
end

if arg and arg[0] and arg[0]:find "services_page%.lua$" then
  io.write(page.text())
end

return page
