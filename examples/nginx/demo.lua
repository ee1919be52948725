-- Runs the gateway in front of the sandbox, sends it requests, and shows what it answers and how long that took.
-- Run: make demo-nginx, or lua examples/nginx/demo.lua
local core = require "frontdesk.core"
local frontdesk = require "frontdesk"

io.stdout:setvbuf "line"

local here = arg[0]:match "^.*/" or ""
local start = dofile(here .. "support/start.lua")

local KIOSK = "kiosk-front-door"
local SLOW = 0.3 -- seconds
local AT_ONCE = 50

local engine = assert(core.engine())

-- Sends requests, all at once, and waits for all answers.
local function send(requests)
  local began = frontdesk.now()
  local transfers = {}
  for i, request in ipairs(requests) do
    transfers[i] = assert(engine:submit { method = request.method, url = request.url, body = request.body, timeout = 20 })
  end
  for _, transfer in ipairs(transfers) do
    while not transfer:done() do
      engine:perform(transfer) -- and all others; comes back early for Ctrl-C
    end
    local failure = transfer:failure()
    assert(not failure, failure and failure.message)
  end
  return transfers, frontdesk.now() - began
end

-- A token in an address is nobody's business.
local function without_token(text)
  return (text:gsub("token=[^&\n]*", "token=..."))
end

local function indented(text)
  return "      " .. text:gsub("\n+$", ""):gsub("\n", "\n      ")
end

-- Sends one request and shows it with its answer, which it gives back.
local function show(method, url, body)
  print("  > " .. method .. " " .. without_token(url))
  if body then
    print(indented(body))
  end
  local answer = send({ { method = method, url = url, body = body } })[1]
  print(("  < %d in %.0f ms"):format(answer:status(), answer:timings().total * 1000))
  print(indented(without_token(answer:header "location" or answer:body())) .. "\n")
  return answer
end

local function sale(receipt, customer)
  return ('{"receipt":"%s","kiosk":"%s","amount":190000,\n "customer":%s}'):format(receipt, KIOSK, customer)
end

-- The first sales of a day, as the POS would send them.
local function sales_of_the_day(count)
  local list = {}
  for row in assert(frontdesk.csv.rows(here .. "../data/sales.csv")) do
    if row and row.name and row.phone and row.phone:find "^0%d%d%d%d%d%d%d%d%d$" and #list < count then
      list[#list + 1] = assert(frontdesk.json.encode {
        receipt = row.receipt, kiosk = KIOSK, amount = tonumber(row.amount),
        customer = { code = row.code, name = row.name, phone = row.phone, email = row.email, gender = row.gender },
      })
    end
  end
  return list
end

local function logins(server, service, operation)
  local count = 0
  for _, request in ipairs(assert(server:requests())) do
    if request.service == service and request.operation == operation then
      count = count + 1
    end
  end
  return count
end

local function many_sales(server, url)
  local requests = {}
  for i, body in ipairs(sales_of_the_day(AT_ONCE)) do
    requests[i] = { method = "POST", url = url, body = body }
  end
  local answers, seconds = send(requests)
  local fastest, slowest, statuses = math.huge, 0, {}
  for _, answer in ipairs(answers) do
    local took = answer:timings().total
    fastest, slowest = math.min(fastest, took), math.max(slowest, took)
    statuses[answer:status()] = (statuses[answer:status()] or 0) + 1
  end
  print("  > " .. #answers .. " times POST " .. url)
  for status, count in pairs(statuses) do
    print(("  < %d in %.0f ms: %d answers, the first after %.0f ms, the last after %.0f ms"):format(
      status, seconds * 1000, count, fastest * 1000, slowest * 1000))
  end
  print(("      logins so far, of both workers: hearme %d, omicall %d\n"):format(
    logins(server, "hearme", "auth.login"), logins(server, "omicall", "auth.token")))
end

local function connect_shop(url)
  local to_login = show("GET", url .. "/etelecom/start?email=quan@tiem.example&phone=0900000061&name=Qu%C3%A1n%20M%C3%A2y")
  print "  The shop's browser goes where it is sent:\n"
  local back = show("GET", to_login:header "location")
  show("GET", back:header "location")
end

local function demonstrate(server, url)
  local new_customer = '{"code":"KH-3001","name":"Trần Gia Huy","phone":"0900000081","email":"huy@khach.example"}'
  local pos = url .. "/pos/sale"

  print "A sale: the customer is greeted on the kiosk, and becomes a contact\n"
  show("POST", pos, sale("HD-3001", new_customer))

  print(("Both services take %.1f s: so does the gateway, since it asks them at the same time\n"):format(SLOW))
  assert(server:fault { service = "hearme", operation = "customers.send_feedback", kind = "latency", seconds = SLOW })
  assert(server:fault { service = "omicall", operation = "contacts.update", kind = "latency", seconds = SLOW })
  show("POST", pos, sale("HD-3002", new_customer))

  print(AT_ONCE .. " sales at once\n")
  many_sales(server, pos)

  print "A sale that cannot be right: nothing is sent for a body that is none, and each service for itself says what it minds\n"
  show("POST", pos, '{"receipt":"HD-3003","kiosk"')
  show("POST", pos, sale("HD-3004", '{"code":"KH-3004","name":"Lê Thị Hoa","phone":"0900000082","gender":"femal"}'))

  print "A service is out of order: the other one's work is done all the same\n"
  assert(server:fault { service = "hearme", operation = "customers.send_feedback", kind = "status", status = 503 })
  show("POST", pos, sale("HD-3005", new_customer))

  print "A shop connects to eTelecom\n"
  connect_shop(url)

  print "Health: all well, and with one service that takes too long\n"
  show("GET", url .. "/health")
  assert(server:fault { service = "pos", operation = "me.info", kind = "latency", seconds = 3 })
  show("GET", url .. "/health")
end

local server, gateway
local ok, problem = pcall(function()
  server = assert(frontdesk.sandbox.start { https = false })
  gateway = assert(start { environment = server:environment() })
  print(("The gateway is up at %s: nginx with two workers. The services are the sandbox's.\n"):format(gateway.url))
  demonstrate(server, gateway.url)
end)
if gateway then
  gateway:stop()
end
if server then
  server:stop()
end
if not ok then
  local interrupted = tostring(problem):find("interrupted!", 1, true)
  io.stderr:write(interrupted and "\n" or "The demonstration broke off: " .. tostring(problem) .. "\n")
  os.exit(interrupted and 130 or 1, true)
end
print "The gateway and the sandbox are down again."
