--- frontdesk's check and encoding in one, as a call of contacts:add does it,
-- with nothing sent.

local core = require "frontdesk.core"
local description = require "frontdesk.services.omicall"
local operations = require "frontdesk.operation"

local peer = { version = "frontdesk " .. core.version }

function peer.encode(context)
  local shape = operations.compile(description, "contacts.add").shape
  local contact = context.work.contact
  return function()
    local target, body = shape:encode(contact)
    assert(target, body)
    return body
  end
end

return peer
