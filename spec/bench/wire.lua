--- What a client sends, seen by the server: whether it is what the C program sends.

local cjson = require "cjson"
local machine = require "bench.machine"
local report = require "bench.report"
local work = require "bench.work"

local wire = {}

-- In what the headers of a request differ from those of another, in words.
local function differences(headers, wanted)
  local list = {}
  for name, value in pairs(wanted) do
    local mine = headers[name]
    if mine == nil then
      list[#list + 1] = "without " .. name
    elseif cjson.encode(mine) ~= cjson.encode(value) then
      list[#list + 1] = ("%s is %s"):format(name, cjson.encode(mine))
    end
  end
  for name, value in pairs(headers) do
    if wanted[name] == nil then
      list[#list + 1] = ("with %s: %s"):format(name, tostring(value))
    end
  end
  table.sort(list)
  return table.concat(list, ", ")
end

--- Lets a client make a few requests that the server writes down. One of frontdesk's, or of
--- a C program's, that is not the limit's is a failure, as is one that asks for the same contact again.
---@param server table
---@param client table gets `wire`, or a `problem`
---@param limit table with its own `wire`, or the client itself
---@param job table
---@param command string
function wire.look(server, client, limit, job, command)
  local said, problem = machine.run(command)
  local seen = server:seen()
  local last = seen[#seen]
  if not said or not last then
    client.problem = problem or "the server saw no request"
    return
  end
  local asked, repeated = {}, nil
  for _, request in ipairs(seen) do
    repeated = repeated or asked[request.path]
    asked[request.path] = true
  end
  client.wire = { size = last.size, protocol = last.protocol, headers = last.headers }
  local wanted = limit.wire
  if repeated and not work.sent[job[1]] then
    client.problem = "asks for the same contact again"
  elseif wanted then
    client.wire.differs = differences(last.headers, wanted.headers)
    if (client.program or client.role == "frontdesk") and (client.wire.differs ~= "" or last.size ~= wanted.size) then
      client.problem = ("its request of %d bytes is not that of %d: %s"):format(last.size, wanted.size, client.wire.differs)
    end
  end
end

local function describe(client)
  local connections = report.spread(client.connections)
  local text = ("%d bytes a request by %s, %d"):format(client.wire.size, client.wire.protocol, connections.min)
  if connections.max > connections.min then
    text = text .. "-" .. connections.max
  end
  return text .. (connections.max == 1 and " connection" or " connections")
end

--- Says what was sent over how many connections: by the limit, and by those that did otherwise.
---@param list table[]
function wire.print(list)
  local limit = list[1]
  if limit.problem then
    return
  end
  local all, lines, luas = describe(limit), {}, {}
  for i = 2, #list do
    local client = list[i]
    local mine = not client.problem and describe(client) or all
    if mine ~= all or not client.problem and client.wire.differs ~= "" then
      local lua, name = client.title:match "^(.-): (.*)$"
      local line = ("%s: %s%s"):format(name, mine, client.wire.differs ~= "" and " (" .. client.wire.differs .. ")" or "")
      if not luas[line] then
        lines[#lines + 1] = line
      end
      luas[line] = luas[line] and "both Luas" or lua
    end
  end
  print(("  sent by all alike: %s"):format(all))
  for _, line in ipairs(lines) do
    print(("    but %s: %s"):format(luas[line], line))
  end
end

return wire
