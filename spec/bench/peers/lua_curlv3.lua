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

-- The payload of the answer that has come.
local function read(easy, parts)
  local text = parts.count == 1 and parts[1] or table.concat(parts, "", 1, parts.count)
  local document = cjson.decode(text)
  assert(easy:getinfo_response_code() == 200 and document.status_code == 9999 and document.payload, "refused")
  return document.payload
end

local function perform(easy, parts)
  parts.count = 0
  easy:perform()
  return read(easy, parts)
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

-- A handle for each request that is under way; each that comes back is sent out again.
local function many(context, set_up)
  local width, folder_url, next_id = context.flight, context.base_url .. context.work.paths.folder, context.work.next_id
  local multi, last = curl.multi(), nil
  multi:setopt_maxconnects(2 * width)
  multi:setopt_pipelining(2) -- CURLPIPE_MULTIPLEX
  local handles, parts_of = {}, {}
  for i = 1, width do
    local parts = {}
    handles[i] = new_handle(context, parts, {})
    parts_of[handles[i]] = parts
    if set_up then
      set_up(handles[i])
    end
  end

  local function launch(easy)
    parts_of[easy].count = 0
    easy:setopt_url(folder_url .. next_id())
    multi:add_handle(easy)
  end

  return function(times)
    local started, done = math.min(times, width), 0
    for i = 1, started do
      launch(handles[i])
    end
    while done < times do
      multi:perform()
      local easy, ok, err = multi:info_read(true)
      while easy ~= 0 do
        assert(ok, err)
        last = read(easy, parts_of[easy])
        done = done + 1
        if started < times then
          started = started + 1
          launch(easy)
        end
        easy, ok, err = multi:info_read(true)
      end
      if done < times then
        multi:wait(1000)
      end
    end
  end, function() return last end
end

function peer.many(context)
  return many(context)
end

function peer.tls(context)
  return many(context, function(easy)
    easy:setopt_cainfo(context.ca_file)
    easy:setopt_http_version(curl.HTTP_VERSION_2TLS)
    easy:setopt_pipewait(1)
  end)
end

return peer
