--- A transport that sends nothing: it remembers what it was given and answers
-- from a list, so that specs see exactly what would go out.

local core = require "frontdesk.core"

local fake = {}

local Reply = {}
Reply.__index = Reply

function Reply:status() return self.code end
function Reply:header(name) return self.fields[name:lower()] end
function Reply:headers() return self.fields end
function Reply:body() return self.text end
function Reply:size() return #self.text end
function Reply:timings() return { total = 0.001 } end
function Reply:release() self.released = true end
function Reply:json(keep_null) return core.json_decode(self.text, keep_null) end

--- An answer.
---@param status integer
---@param text? string
---@param headers? table<string, string> lower-case names
function fake.reply(status, text, headers)
  return setmetatable({
    code = status, text = text or "", fields = headers or { ["content-type"] = "application/json" },
  }, Reply)
end

local Transport = {}
Transport.__index = Transport

function Transport:send(request)
  local seen = { headers = {} }
  for name, value in pairs(request) do
    seen[name] = value
  end
  seen.headers = {}
  for _, pair in ipairs(request.headers:list()) do
    seen.headers[pair[1]:lower()] = pair[2]
  end
  self.sent[#self.sent + 1] = seen
  local answer = table.remove(self.answers, 1)
  assert(answer, "the spec planned no answer to request " .. #self.sent)
  if type(answer) == "function" then
    answer = answer(seen)
  end
  if answer.kind then
    return nil, answer
  end
  return answer
end

--- A transport with answers in order: replies, failures { kind, message, outcome },
-- or functions of the request that give one.
---@param ... any
function fake.transport(...)
  return setmetatable({ sent = {}, answers = { ... } }, Transport)
end

return fake
