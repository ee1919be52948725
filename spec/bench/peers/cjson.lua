--- lua-cjson's JSON alone.

local cjson = require "cjson"

local peer = { version = "lua-cjson " .. cjson._VERSION }

local function decoder(text)
  local decode = cjson.decode
  return function()
    return assert(decode(text))
  end
end

function peer.decode(context)
  return decoder(context.work.documents.decode)
end

function peer.answer(context)
  return decoder(context.work.documents.answer)
end

function peer.encode(context)
  local contact, encode = context.work.contact, cjson.encode
  return function()
    return assert(encode(contact))
  end
end

return peer
