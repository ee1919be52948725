--- Finds a service's description, and answers the questions about it that more than one module has.
--
-- A description is one file, `frontdesk/services/NAME.lua`. A large one lists `parts`: files of
-- the same kind, `frontdesk/services/NAME/PART.lua`, whose operations, types and errors are added.

local description = {}

local PARTED = { "operations", "types", "errors" }

local wholes = setmetatable({}, { __mode = "k" }) -- put together, by what `require` gave

-- Adds a part's entries; what is there already must not be said twice.
local function add_part(whole, name, part)
  for _, member in ipairs(PARTED) do
    for key, value in pairs(part[member] or {}) do
      if whole[member][key] ~= nil then
        error(("frontdesk/services/%s: the part %s describes %s again, which is in %s already"):format(whole.name, name, key, member), 0)
      end
      whole[member][key] = value
    end
  end
end

-- A copy to add the parts to: what `require` has given stays as its file says.
local function put_together(base)
  local whole = {}
  for member, value in pairs(base) do
    whole[member] = value
  end
  for _, member in ipairs(PARTED) do
    whole[member] = {}
  end
  add_part(whole, base.name, base)
  for _, name in ipairs(base.parts) do
    add_part(whole, name, require("frontdesk.services." .. base.name .. "." .. name))
  end
  return whole
end

--- The description of a name, with its parts. Raises what `require` raises.
---@param name string
---@return table
function description.load(name)
  local base = require("frontdesk.services." .. name)
  if base.parts and not wholes[base] then
    wholes[base] = put_together(base)
  end
  return wholes[base] or base
end

--- The two halves of an operation's name: "pbx.calls.list" gives "pbx.calls" and "list".
---@param name string
---@return string path of the resource, behind its family where it has one
---@return string method
function description.split(name)
  return name:match "^(.+)%.([%w_]+)$"
end

--- What stands for an option of the service where nobody gave it.
---@param described table
---@param name string
---@return any
function description.default(described, name)
  for _, option in ipairs(described.options or {}) do
    if option[1] == name then
      return option.default
    end
  end
end

--- The path of an operation. `{option}` in it is the value of an option, as the service spells a word one way here and
-- another there.
---@param described table
---@param operation table its entry in `operations`
---@param options table|nil of a client; the defaults when not given
---@return string
function description.path(described, operation, options)
  return (operation.path:gsub("{([%w_]+)}", function(name)
    return options and options[name] or description.default(described, name)
  end))
end

--- The fields of the body that a role's credential travels in: pairs of field and option.
---@param described table
---@param role string
---@return table[]|nil nil where it travels otherwise
function description.body_credential(described, role)
  local choices = described.credentials and described.credentials[role]
  return choices and choices[1].kind == "body" and choices[1].fields or nil
end

--- What stands between base address and path.
---@param described table
---@param base string|nil one of `bases`; the service's own when not given
---@return string "/" or "."
function description.join(described, base)
  return base and (described.bases[base].join or "/") or described.join or "/"
end

return description
