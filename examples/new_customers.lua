-- A day at the front desk: staff and roles in the POS, the shop's link to eTelecom, and for each customer of the day's sales
-- a contact at OMICall, a chat at Imbee and a greeting on the hearme kiosk. Can be run again; with a JOURNAL, a file of its
-- own, it then goes on where it was. Run: make demo, or lua examples/new_customers.lua [FILE [JOURNAL]]
local frontdesk = require "frontdesk"

local here = arg[0]:match "^.*/" or ""
local log_in = dofile(here .. "support/log_in.lua")

local SALES = arg[1] or here .. "data/sales.csv"
local JOURNAL = arg[2] or os.tmpname()
local KIOSK = os.getenv "KIOSK" or "kiosk-front-door"
local SHOP = {
  email = "cua-hang-2@tiem-hoa-nang.example", phone = "0900000051", name = "Tiệm Hoa Nắng, cửa hàng 2",
  redirect_url = "https://tiem-hoa-nang.example/etelecom",
}
local ROLES = {
  { name = "Thu ngân", permissions = { "person.view", "order.view" } },
  { name = "Trưởng ca", permissions = { "person.view", "order.view", "order.edit" } },
}
local STAFF = {
  { name = "Trần Thị Mai", username = "mai.tran", role = "Trưởng ca" },
  { name = "Lê Văn Hùng", username = "hung.le", role = "Thu ngân" },
  { name = "Lý Bảo Châu", username = "bao.chau", role = "Thu ngân" },
}

local pos, etelecom = frontdesk.pos(), frontdesk.etelecom()
local omicall, imbee, hearme = frontdesk.omicall(), frontdesk.imbee(), frontdesk.hearme()

-- What was done: how many of each are new, and how many were there already.
local tally = {}
local function count(service, what, known)
  local name = service .. " " .. what
  if not tally[name] then
    tally[name] = { service = service, what = what, new = 0, known = 0 }
    tally[#tally + 1] = tally[name]
  end
  local column = known and "known" or "new"
  tally[name][column] = tally[name][column] + 1
end

-- Pads by characters: a letter with its marks is several bytes.
local function pad(text, width)
  local _, characters = text:gsub("[^\128-\191]", "")
  return text .. (" "):rep(width - characters)
end

local function line(service, what, result)
  print("  " .. pad(service, 10) .. pad(what, 34) .. result)
end

-- Makes something that may be there already: then `code` is what the service answers.
local function make(what, code, ok, err)
  if not ok and err.code ~= code then
    error(err)
  end
  count("pos", what, not ok)
  return ok and "created" or "there already"
end

local function provision_staff()
  for _, role in ipairs(ROLES) do
    line("pos", "role " .. role.name, make("roles", "EXIST_NAME", pos.roles:create(role)))
  end
  local ids = {} -- the POS tells no id when it creates a role
  for _, role in ipairs(assert(pos.roles:list())) do
    ids[role.role_name] = role.role_id
  end
  for _, person in ipairs(STAFF) do
    line("pos", "account " .. person.username, make("accounts", "EXIST_USERNAME", pos.people:create {
      name = person.name, username = person.username, password = "change-me-" .. person.username,
      role_id = ids[person.role], visible = true, location = { "kho-1" },
    }))
  end
end

local function connect_shop()
  local answer = assert(etelecom.shops:authorize(SHOP))
  if answer.type == "shop_request" then
    local redirect = assert(etelecom.parse_redirect(assert(log_in(answer.auth_url))))
    answer = assert(etelecom.shops:authorize { shop_id = redirect.shop_id, redirect_url = SHOP.redirect_url })
  end
  assert(answer.type == "shop_key", "the shop has not finished its login; start again")
  local shop = assert(etelecom:shop(answer.auth_token).shops:current())
  line("etelecom", shop.name, "connected as shop " .. shop.id)
  count("etelecom", "shops")
end

-- What this shop wants to know of a customer. All other checks are frontdesk's and the services' own.
local function check(row)
  for _, column in ipairs { "code", "name", "phone" } do
    if not row[column] then
      return nil, { kind = "invalid_input", reason = "the customer has no " .. column }
    end
  end
  if not row.phone:find "^0%d%d%d%d%d%d%d%d%d$" then
    return nil, { kind = "invalid_input", reason = 'the phone number "' .. row.phone .. '" is not 10 digits' }
  end
  return true
end

-- Updates first: unlike adding, it can be repeated. OMICall has no code for "no such contact"; it just refuses.
local function save_contact(row)
  local contact = {
    refId = row.code, fullName = row.name, gender = row.gender, address = row.address, tags = { row.product },
    phones = { { data = row.phone, type = "personal" } },
    emails = row.email and { { data = row.email, type = "personal" } },
  }
  local ok, err = omicall.contacts:update(contact)
  if ok then
    count("omicall", "contacts", true)
  elseif err.kind == "rejected" then
    ok, err = omicall.contacts:add(contact)
    if ok then
      count("omicall", "contacts")
    end
  end
  return ok, err
end

local function open_chat(row, shop_user)
  local user, err = imbee.users:create { uniqueIdSha = row.code }
  if not user then
    return nil, err
  end
  count("imbee", "users", user.previously_registered)
  local chat
  chat, err = imbee.chats:create { apikey = shop_user.apikey, contacts = { { idsha = user.virtualUser } } }
  if chat then
    count("imbee", "chats", chat.previously_created)
  end
  return chat, err
end

local function greet(row)
  local ok, err = hearme.customers:send_feedback {
    device_id = KIOSK,
    customer = { ext_id = row.code, name = row.name, phone = row.phone, email = row.email },
    attach_info = { receipt = row.receipt, amount = tonumber(row.amount) },
  }
  if ok then
    count("hearme", "greetings")
    ok, err = hearme.devices:reset_customer(KIOSK)
  end
  return ok, err
end

-- One after the other; the first problem ends it, so that a customer who is not right in one place gets into no other.
local function welcome(row, shop_user)
  local ok, err = check(row)
  if ok then
    ok, err = save_contact(row)
  end
  if ok then
    ok, err = open_chat(row, shop_user)
  end
  if ok then
    ok, err = greet(row)
  end
  return ok, err
end

local sales = assert(frontdesk.csv.rows(SALES, { columns = { "receipt", "code", "name", "phone" } }))

print "The shop"
provision_staff()
connect_shop()
local shop_user = assert(imbee.users:create { uniqueIdSha = "tiem-hoa-nang-2" })

local file = SALES:match "[^/]+$"
print("\nThe customers of " .. file)
local job = assert(frontdesk.job("customers of " .. file, { journal = JOURNAL }))

local function report(err, row, _, number)
  print(("  line %-5d%-9s%s"):format(number, row and row.code or "-", tostring(err.reason or err)))
end

-- There is one kiosk, so one customer is greeted at a time. All of it may be repeated for a customer whose turn was cut short.
local summary = assert(job:each(sales, { key = "receipt", concurrency = 1, idempotent = true, on_error = report }, function(row)
  return welcome(row, shop_user)
end))
if not arg[2] then
  os.remove(JOURNAL)
end

print("\n" .. pad("Summary", 46) .. ("%6s%15s"):format("new", "there already"))
for _, entry in ipairs(tally) do
  line(entry.service, entry.what, ("%6d%15d"):format(entry.new, entry.known))
end
print("\n" .. tostring(summary))
