--- Lua-cURLv3 with lua-cjson, used with care: one kept handle, set once but for
-- what changes. Where it is not installed, LUA_CURLV3 names a folder that holds
-- lua5.4/lcurl.so and luajit/lcurl.so, whichever are there.

local folder = os.getenv "LUA_CURLV3" or ""
if folder ~= "" then
  package.cpath = folder .. (_VERSION == "Lua 5.4" and "/lua5.4/?.so;" or "/luajit/?.so;") .. package.cpath
end

local cjson = require "cjson"
local curl = require "lcurl"

local peer = { version = "Lua-cURLv3 (" .. curl.version():match "^%S+ %S+" .. "), lua-cjson " .. cjson._VERSION }

local function new_handle(context, parts, headers)
  headers[#headers + 1] = "Authorization: " .. context.work.authorization
  headers[#headers + 1] = "Accept: application/json"
  headers[#headers + 1] = "User-Agent: " .. context.work.user_agent
  local easy = curl.easy()
  easy:setopt_httpheader(headers)
  easy:setopt_accept_encoding(context.work.accept_encoding)
  easy:setopt_proxy ""
  easy:setopt_nosignal(true)
  easy:setopt_timeout_ms(30000)
  easy:setopt_writefunction(function(text)
    parts.count = parts.count + 1
    parts[parts.count] = text
    return true
  end)
  return easy
end

local function perform(easy, parts)
  parts.count = 0
  easy:perform()
  local text = parts.count == 1 and parts[1] or table.concat(parts, "", 1, parts.count)
  local document = cjson.decode(text)
  assert(easy:getinfo_response_code() == 200 and document.status_code == 9999 and document.payload, "refused")
  return document.payload
end

function peer.get(context)
  local parts = {}
  local easy = new_handle(context, parts, {})
  local folder_url, next_id = context.base_url .. context.work.paths.folder, context.work.next_id
  return function()
    easy:setopt_url(folder_url .. next_id())
    return perform(easy, parts)
  end
end

local function poster(context, path, input)
  local parts = {}
  local easy = new_handle(context, parts, { "Content-Type: application/json" })
  easy:setopt_url(context.base_url .. path)
  return function()
    easy:setopt_postfields(cjson.encode(input))
    return perform(easy, parts)
  end
end

function peer.page(context)
  return poster(context, context.work.paths.page, context.work.query)
end

function peer.post(context)
  return poster(context, context.work.paths.post, context.work.contact)
end

return peer
