--- luasocket's http with lua-cjson. It opens a connection for each request and
-- closes it after; here a socket that outlives the request makes it keep its
-- connection, which is as far as it goes.

local cjson = require "cjson"
local http = require "socket.http"
local ltn12 = require "ltn12"
local socket = require "socket"

local peer = { version = socket._VERSION .. ", lua-cjson " .. cjson._VERSION }

-- A socket.http connection whose `close` leaves the connection open.
local function kept_connection()
  local real
  local kept = {}
  function kept.settimeout(_, ...) return real:settimeout(...) end
  function kept.connect(_, ...)
    if real:getpeername() then
      return 1
    end
    local done, message = real:connect(...)
    if done then
      real:setoption("tcp-nodelay", true)
    end
    return done, message
  end
  function kept.send(_, ...) return real:send(...) end
  function kept.receive(_, ...) return real:receive(...) end
  function kept.getfd() return real:getfd() end
  function kept.dirty() return real:dirty() end
  function kept.close() return 1 end
  return function()
    real = real or assert(socket.tcp())
    return kept
  end
end

local function read(parts, done, status, job)
  assert(done and status == 200, status)
  local document = cjson.decode(table.concat(parts))
  assert(document.status_code == 9999 and document.payload, job)
  return document.payload
end

function peer.get(context)
  local work, create = context.work, kept_connection()
  local headers = { authorization = work.authorization, accept = "application/json", connection = "keep-alive",
    ["user-agent"] = work.user_agent }
  local folder, next_id = context.base_url .. work.paths.folder, work.next_id
  return function()
    local parts = {}
    local done, status = http.request {
      url = folder .. next_id(), headers = headers, create = create, sink = ltn12.sink.table(parts),
    }
    return read(parts, done, status, "get")
  end
end

local function poster(context, path, input, job)
  local create = kept_connection()
  local headers = {
    authorization = context.work.authorization, accept = "application/json", connection = "keep-alive",
    ["content-type"] = "application/json", ["user-agent"] = context.work.user_agent,
  }
  local url = context.base_url .. path
  return function()
    local parts, body = {}, cjson.encode(input)
    headers["content-length"] = #body
    local done, status = http.request {
      url = url, method = "POST", headers = headers, create = create,
      source = ltn12.source.string(body), sink = ltn12.sink.table(parts),
    }
    return read(parts, done, status, job)
  end
end

function peer.page(context)
  return poster(context, context.work.paths.page, context.work.query, "page")
end

function peer.post(context)
  return poster(context, context.work.paths.post, context.work.contact, "post")
end

return peer
