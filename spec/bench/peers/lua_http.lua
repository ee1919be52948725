--- lua-http with lua-cjson, on one kept connection.

-- Debian packages lua-http for Lua 5.1 to 5.3; it runs on 5.4 from there.
if _VERSION == "Lua 5.4" then
  package.path = package.path .. ";/usr/share/lua/5.3/?.lua;/usr/share/lua/5.2/?.lua"
end

local cjson = require "cjson"
local client = require "http.client"
local new_headers = require("http.headers").new

local peer = { version = "lua-http " .. require("http.version").version .. ", lua-cjson " .. cjson._VERSION }

local function connect(context)
  local host, port = context.base_url:match "^http://([^:/]+):(%d+)"
  return assert(client.connect { host = host, port = tonumber(port), tls = false, version = 1.1 }), host .. ":" .. port
end

local function request_headers(context, authority, method, path)
  local headers = new_headers()
  headers:append(":method", method)
  headers:append(":scheme", "http")
  headers:append(":authority", authority)
  headers:append(":path", path)
  headers:append("user-agent", context.work.user_agent)
  headers:append("accept", "application/json")
  headers:append("authorization", context.work.authorization)
  return headers
end

local function send(connection, headers, body)
  local stream = assert(connection:new_stream())
  assert(stream:write_headers(headers, body == nil))
  if body then
    assert(stream:write_chunk(body, true))
  end
  local answer = assert(stream:get_headers())
  local document = cjson.decode(assert(stream:get_body_as_string()))
  assert(answer:get ":status" == "200" and document.status_code == 9999 and document.payload, "refused")
  return document.payload
end

function peer.get(context)
  local connection, authority = connect(context)
  local folder, next_id = context.work.paths.folder, context.work.next_id
  return function()
    return send(connection, request_headers(context, authority, "GET", folder .. next_id()))
  end
end

local function poster(context, path, input)
  local connection, authority = connect(context)
  return function()
    local body = cjson.encode(input)
    local headers = request_headers(context, authority, "POST", path)
    headers:append("content-type", "application/json")
    headers:append("content-length", tostring(#body))
    return send(connection, headers, body)
  end
end

function peer.page(context)
  return poster(context, context.work.paths.page, context.work.query)
end

function peer.post(context)
  return poster(context, context.work.paths.post, context.work.contact)
end

return peer
