--- frontdesk as a script uses it: the whole client, with its field checks, its
-- credential, its reading of errors and its decoding.

local core = require "frontdesk.core"
local frontdesk = require "frontdesk"

local peer = { version = "frontdesk " .. core.version .. " (" .. core.curl_version:match "^%S+ %S+" .. ")" }

local function client(context, max_in_flight)
  return frontdesk.omicall {
    base_url = context.base_url, token = context.work.token, user_agent = context.work.user_agent,
    ca_file = context.ca_file, max_in_flight = max_in_flight,
  }
end

function peer.get(context)
  local omicall, next_id = client(context), context.work.next_id
  return function()
    return assert(omicall.contacts:get(next_id()))
  end
end

function peer.page(context)
  local omicall, keyword = client(context), context.work.query.keyword
  return function()
    return assert(omicall.contacts:search { page = 1, size = 50, keyword = keyword })
  end
end

-- The limit of what is under way at once is out of the way here.
function peer.many(context)
  local omicall, work, last = client(context, 10 * context.flight), context.work, nil
  local function get(id)
    last = assert(omicall.contacts:get(id))
    assert(last.public_id == work.id, "another answer than expected")
    return true
  end
  return function(times)
    local left = times
    local values, errors = frontdesk.map(function()
      left = left - 1
      return left >= 0 and work.next_id() or nil
    end, get, { concurrency = context.flight })
    local _, err = next(errors)
    if err or #values ~= times then
      error(tostring(err or "not every call has come back"))
    end
  end, function() return last end
end

-- That it goes by HTTP/2 is for the server to see, which refuses all else there.
peer.tls = peer.many

-- The service's own text for a type is frontdesk's to fill in, so it is not given.
local function as_a_script_writes_it(contact)
  local copy = {}
  for name, value in pairs(contact) do
    copy[name] = value
  end
  for _, name in ipairs { "phones", "emails" } do
    copy[name] = {}
    for i, reach in ipairs(contact[name]) do
      copy[name][i] = { data = reach.data, type = reach.type }
    end
  end
  return copy
end

function peer.post(context)
  local omicall, contact = client(context), as_a_script_writes_it(context.work.contact)
  return function()
    return assert(omicall.contacts:add(contact))
  end
end

-- JSON alone.

local json = frontdesk.json

require "bench.decoders"(peer, json.decode)

function peer.encode(context)
  local contact = context.work.contact
  return function()
    return assert(json.encode(contact))
  end
end

return peer
