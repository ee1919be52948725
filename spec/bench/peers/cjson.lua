--- lua-cjson's JSON alone.

local cjson = require "cjson"

local peer = { version = "lua-cjson " .. cjson._VERSION }

require "bench.decoders"(peer, cjson.decode)

function peer.encode(context)
  local contact, encode = context.work.contact, cjson.encode
  return function()
    return assert(encode(contact))
  end
end

return peer
