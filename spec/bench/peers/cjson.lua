--- lua-cjson's JSON alone.

local cjson = require "cjson"

local peer = { version = "lua-cjson " .. cjson._VERSION }

function peer.decode(context)
  local text, decode = context.work.files.page, cjson.decode
  return function()
    return assert(decode(text))
  end
end

function peer.encode(context)
  local contact, encode = context.work.contact, cjson.encode
  return function()
    return assert(encode(contact))
  end
end

return peer
