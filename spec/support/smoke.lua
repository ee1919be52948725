--- A short tour of an installed or built frontdesk, for where the specs do not run.
--
--     lua smoke.lua [tls=NAME] [from=FOLDER]
--
-- tls: what libcurl must have been linked against; from: where all of frontdesk must come from.
-- Needs nothing but frontdesk, lua-cjson and nginx. Ends with one line, or an error.

local expected = {}
for _, word in ipairs(arg) do
  local name, value = word:match "^(%l+)=(.+)$"
  expected[assert(name, "usage: smoke.lua [tls=NAME] [from=FOLDER]")] = value
end

local core = require "frontdesk.core"
local frontdesk = require "frontdesk"

local function equal(wanted, got, why)
  if wanted ~= got then
    error(("wanted %s, got %s (%s)"):format(tostring(wanted), tostring(got), why or "no more is known"), 2)
  end
end

-- The core is what it should be.
if expected.tls then
  assert(core.curl_version:find(expected.tls, 1, true), core.curl_version .. " is not built with " .. expected.tls)
end
equal(core.null, require("cjson").null)

-- JSON goes through unchanged.
for _, text in ipairs {
  "[]", "{}", "[[],{}]", '{"a":[1,2.5,-3,1e300]}', '["\\u0001 \\" \\\\ Nguyễn"]', "[null,true,false]", "9007199254740992",
} do
  equal(text, frontdesk.json.encode(assert(frontdesk.json.decode(text, { keep_null = true }))))
end
equal("9007199254740993", tostring((frontdesk.json.decode "9007199254740993")))
local value, problem = frontdesk.json.decode "[1, 2"
equal(nil, value)
assert(tostring(problem):find "byte", problem)

-- Makes a client of every service and works with one of them. Gives its last answer.
local function greet(options_of)
  for _, name in ipairs(require "frontdesk.catalogue") do
    assert(frontdesk[name](options_of(name)), name)
  end
  local omicall = frontdesk.omicall(options_of "omicall")
  local contact = {
    refId = "KH-9901", fullName = "Phan Thị Thu", tags = {}, phones = { { data = "0900000098", type = "personal" } },
  }
  assert(omicall.contacts:add(contact))
  contact.refId = "KH-9902" -- who has the same number
  local again, conflict = omicall.contacts:add(contact)
  equal(nil, again)
  equal("conflict", conflict.kind, tostring(conflict))
  local wrong, refusal = omicall.contacts:add { fulName = "Thu" }
  equal(nil, wrong)
  assert(tostring(refusal):find('did you mean "fullName"?', 1, true), tostring(refusal))
  local people = 0
  for found, failure in omicall.contacts:each { size = 2 } do
    assert(found, failure)
    people = people + 1
  end
  assert(people > 2)
  local page, err, response = omicall.contacts:search { keyword = "0900000098" }
  equal(1, assert(page, err).total_items)
  return response
end

-- In-process.
local box = frontdesk.sandbox.transport()
greet(function(name) return box:options(name) end)

-- Over nginx: plain, and with TLS and HTTP/2.
local function get(engine, url, ca_file)
  local transfer = assert(engine:submit { url = url, ca_file = ca_file })
  while not engine:perform(transfer) do end
  return transfer
end

local server = assert(frontdesk.sandbox.start())
local ok, message = pcall(function()
  equal(200, greet(function(name) return server:options(name) end).status)
  assert(server:reset())
  equal(200, greet(function(name) return server:options(name, { https = true }) end).status)
  local engine, url = assert(core.engine()), server:url("omicall", "https")
  local trusted = get(engine, url, server:ca_file())
  equal(nil, trusted:failure() and trusted:failure().message)
  equal("2", trusted:http_version())
  equal("tls", (get(engine, url):failure() or {}).kind)
  engine:close()
end)
server:stop()
assert(ok, message)

-- Lua 5.1 has no package.searchpath.
local function find(name, path)
  for template in path:gmatch "[^;]+" do
    local place = template:gsub("%?", (name:gsub("%.", "/")))
    local file = io.open(place)
    if file then
      file:close()
      return place
    end
  end
end

local count = 0
for name in pairs(package.loaded) do
  if name:find "^frontdesk%f[^%w_]" then
    count = count + 1
    local place = find(name, package.path) or find(name, package.cpath) or "nowhere"
    assert(not expected.from or place:find(expected.from .. "/", 1, true) == 1, name .. " is from " .. place)
  end
end
assert(count > 20)

local jit = rawget(_G, "jit")
print(("frontdesk %s on %s with %s"):format(frontdesk.version, jit and jit.version or _VERSION, core.curl_version:match "^%S+ %S+"))
