--- Debian's lua-curl (for Lua 5.1, so LuaJIT) with lua-cjson: one kept handle,
-- set once but for what changes. It cannot read the status of an answer, so
-- libcurl itself refuses those of 400 and above.

local cjson = require "cjson"
local curl = require "curl"

local peer = {
  version = "lua-curl " .. curl._VERSION .. " (" .. curl.version():match "^%S+ %S+" .. "), lua-cjson " .. cjson._VERSION,
}

local function new_handle(context, parts, headers)
  local easy = assert(curl.easy_init())
  headers[#headers + 1] = "Authorization: " .. context.work.authorization
  headers[#headers + 1] = "Accept: application/json"
  headers[#headers + 1] = "User-Agent: " .. context.work.user_agent
  easy:setopt(curl.OPT_HTTPHEADER, headers)
  easy:setopt(curl.OPT_ACCEPT_ENCODING, context.work.accept_encoding)
  easy:setopt(curl.OPT_PROXY, "")
  easy:setopt(curl.OPT_NOSIGNAL, 1)
  easy:setopt(curl.OPT_TIMEOUT_MS, 30000)
  easy:setopt(curl.OPT_FAILONERROR, 1)
  easy:setopt(curl.OPT_WRITEFUNCTION, function(text)
    parts.count = parts.count + 1
    parts[parts.count] = text
    return #text
  end)
  return easy
end

local function perform(easy, parts)
  parts.count = 0
  assert(easy:perform())
  local document = cjson.decode(table.concat(parts, "", 1, parts.count))
  assert(document.status_code == 9999 and document.payload, "refused")
  return document.payload
end

function peer.get(context)
  local parts = {}
  local easy = new_handle(context, parts, {})
  local folder, next_id = context.base_url .. context.work.paths.folder, context.work.next_id
  return function()
    easy:setopt(curl.OPT_URL, folder .. next_id())
    return perform(easy, parts)
  end
end

local function poster(context, path, input)
  local parts = {}
  local easy = new_handle(context, parts, { "Content-Type: application/json" })
  easy:setopt(curl.OPT_URL, context.base_url .. path)
  return function()
    local body = cjson.encode(input)
    easy:setopt(curl.OPT_POSTFIELDSIZE, #body)
    easy:setopt(curl.OPT_POSTFIELDS, body) -- not copied: `body` lives until the end of perform
    local payload = perform(easy, parts)
    return payload, body
  end
end

function peer.page(context)
  return poster(context, context.work.paths.page, context.work.query)
end

function peer.post(context)
  return poster(context, context.work.paths.post, context.work.contact)
end

return peer
