--- Finds an operation's method in a client, whether its resource stands in a family or not.

local descriptions = require "frontdesk.description"

local resources = {}

--- The resource that an operation's method belongs to.
---@param client table
---@param operation string "contacts.add" or "pbx.users.list"
---@return table resource
---@return string method
function resources.find(client, operation)
  local path, method = descriptions.split(operation)
  local resource = client
  for name in path:gmatch "[^.]+" do
    resource = resource[name]
  end
  return resource, method
end

return resources
