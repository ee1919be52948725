--- A service that attacks: a raw server that answers each call as the id in it says, and a
-- client of it, the whole of it, on the real engine.
--
--     local service = hostile.start [[
--       attack["cut-short"] = function() send "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{" end
--     ]]
--     service:expect("cut-short", { kind = "protocol", outcome = "unknown", message = "stopped after 1 of 400 bytes" })
--     service.server:stop()
--
-- The text is Lua, as raw_server runs it; `attack[id]` is run when the request is read, and
-- then the connection is closed. `answer(body, headers)` sends a good one.
local acme = require "support.acme"
local assert = require "luassert"
local raw_server = require "support.raw_server"
local service = require "frontdesk.service"

local hostile = {}

local BEFORE = [==[
  local attack = {}
  local function answer(body, headers)
    return send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
      .. (headers or ("Content-Length: %d\r\n"):format(#body)) .. "\r\n" .. body)
  end
  function attack.good()
    answer '{"status":0,"payload":{"id":7}}'
  end
]==]

local AFTER = [==[
  local request = read_request()
  if request then
    attack[request:match "^%u+ /things/?(%S*)"]()
  end
]==]

hostile.TOKEN = "t0k-4711-hostile"

local Hostile = {}
Hostile.__index = Hostile

--- A client of the made-up service, of the kind that users have.
---@param url string
---@param options? table
---@return table client
function hostile.client(url, options)
  local all = { base_url = url, token = hostile.TOKEN, retry = 0, timeout = 10 }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return service.new(acme)(all)
end

--- Starts it. A client of its own keeps the limits small that a spec is not about.
---@param attacks string
---@param options? table of the client
---@return table
function hostile.start(attacks, options)
  local server = raw_server.start(BEFORE .. attacks .. AFTER)
  return setmetatable({ server = server, client = hostile.client(server.url, options) }, Hostile)
end

--- Asserts that an error is the one wanted, and that its text is fit to be shown.
---@param err any
---@param wanted table fields of the error; `message` is a part of it
function hostile.check(err, wanted)
  assert.is_table(err, "there was no error")
  for name, value in pairs(wanted) do
    if name == "message" then
      assert.is_string(err.message)
      assert.is_truthy(err.message:find(value, 1, true), ("%q is not in %q"):format(value, err.message))
    else
      assert.equal(value, err[name], name .. " of: " .. tostring(err))
    end
  end
  local text = tostring(err)
  assert.is_true(#text < 700, "it is long")
  assert.is_nil(text:find "[%z\1-\31\127]", "it has control characters")
  assert.is_nil(text:find(hostile.TOKEN, 1, true))
end

--- Asserts that a call fails as wanted, and that the same client then makes a good one.
---@param id string
---@param wanted table
---@param call_options? table
---@return table err
function Hostile:expect(id, wanted, call_options)
  local value, err = self.client.things:get(id, call_options)
  assert.is_nil(value)
  hostile.check(err, wanted)
  self:works()
  return err
end

--- Asserts that a good call works.
function Hostile:works()
  assert.same({ id = 7 }, (assert(self.client.things:get "good")))
end

return hostile
