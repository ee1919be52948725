-- What can go wrong, and how a script sees it. Needs no server: the services are simulated in this process.
-- Run: lua examples/handling_errors.lua
local frontdesk = require "frontdesk"

local box = frontdesk.sandbox.transport()
local omicall = frontdesk.omicall(box:options "omicall")

-- A call gives a value, or nil and an error. An error prints as one sentence, and says more to a script that asks.
local function show(title, err)
  print(title)
  print("  " .. tostring(err))
  print(("  kind %s, outcome %s, %s"):format(err.kind, err.outcome, err.retryable and "worth another try" or "final"))
end

-- 1. Data that cannot be right is refused before anything is sent; `field` says where.
local ok, err = omicall.contacts:add { fullName = "Lê Thị Hoa", phones = { { data = "0900000041", type = "mobile" } } }
assert(not ok)
show("A field is wrong: " .. err.field, err)

-- 2. What the service refuses has the service's own code, and a kind that is the same for every service.
ok, err = omicall.contacts:add { refId = "KH-4001", fullName = "Lê Thị Hoa", phones = { { data = "0900000012" } } }
assert(not ok)
if err.kind == "conflict" then
  show("Somebody else has this number: " .. err.code, err)
end

-- 3. A wrong key: the same kind of error, from any service.
local stranger = frontdesk.omicall(box:options("omicall", { api_key = "not-the-key" }))
ok, err = stranger.contacts:search {}
assert(not ok)
show("The key is wrong", err)

-- 4. What can be tried again without doing its work twice is tried again by itself, twice unless `retry` says otherwise.
box:fault { service = "omicall", operation = "contacts.search", kind = "status", status = 429, retry_after = 0, times = 3 }
ok, err = omicall.contacts:search { keyword = "0900000012" }
assert(not ok)
show("Three tries were too few", err)
local page = assert(omicall.contacts:search { keyword = "0900000012" })
print(("Then it works: %d found\n"):format(page.total_items))

-- 5. The connection breaks while a contact is created: did the service do it? Nobody knows, so the call is not retryable.
box:fault { service = "omicall", operation = "contacts.add", kind = "reset" }
ok, err = omicall.contacts:add { refId = "KH-4002", fullName = "Trần Gia Huy", phones = { { data = "0900000042" } } }
assert(not ok)
show("The connection broke", err)
if err.outcome == "unknown" then
  page = assert(omicall.contacts:search { keyword = "0900000042" })
  print(page.total_items == 0 and "  It was not created." or "  It was created.")
end
