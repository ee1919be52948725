--- The jobs that decode a document, which differ from peer to peer in the decoder only.

local work = require "bench.work"

--- Gives a peer these jobs.
---@param peer table
---@param decode fun(text: string): any
return function(peer, decode)
  for job, text in pairs(work.documents) do
    peer[job] = function()
      return function()
        return assert(decode(text))
      end
    end
  end
end
