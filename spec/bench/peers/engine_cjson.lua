--- A plain "libcurl + lua-cjson" client on the same engine as frontdesk: the
-- core's transfers, without field checks, envelope or errors, and the answer
-- decoded by lua-cjson. What frontdesk's own JSON and Lua layer cost or gain
-- shows against it, on any Lua.

local cjson = require "cjson"
local core = require "frontdesk.core"

local peer = { version = "frontdesk.core " .. core.version .. ", lua-cjson " .. cjson._VERSION }

local function new_headers(context, more)
  local list = {
    { "User-Agent", context.work.user_agent }, { "Accept", "application/json" }, { "Authorization", context.work.authorization }, more,
  }
  return assert(core.headers(list))
end

local function read(transfer)
  local document = cjson.decode(transfer:body())
  assert(transfer:status() == 200 and document.status_code == 9999 and document.payload, "refused")
  transfer:release()
  return document.payload
end

local function perform(engine, request)
  local transfer, failure = engine:submit(request)
  if transfer then
    while not engine:perform(transfer) do end
    failure = transfer:failure()
  end
  if failure then
    error(failure.message)
  end
  return read(transfer)
end

function peer.get(context)
  local engine, headers = assert(core.engine()), new_headers(context)
  local folder, next_id = context.base_url .. context.work.paths.folder, context.work.next_id
  return function()
    return perform(engine, { method = "GET", url = folder .. next_id(), headers = headers })
  end
end

local function poster(context, path, input)
  local engine, headers = assert(core.engine()), new_headers(context, { "Content-Type", "application/json" })
  local url = context.base_url .. path
  return function()
    return perform(engine, { method = "POST", url = url, headers = headers, body = cjson.encode(input) })
  end
end

function peer.page(context)
  return poster(context, context.work.paths.page, context.work.query)
end

function peer.post(context)
  return poster(context, context.work.paths.post, context.work.contact)
end

return peer
