-- Connects a shop to eTelecom and keeps its key in a file that nobody else can read.
-- Run: lua examples/connect_shop.lua EMAIL PHONE NAME [FILE]
local frontdesk = require "frontdesk"
local log_in = dofile((arg[0]:match "^.*/" or "") .. "support/log_in.lua")

local REDIRECT_URL = "https://tiem-hoa-nang.example/etelecom" -- where the shop's browser goes after the login

local email, phone, name, file = arg[1], arg[2], arg[3], arg[4]
if not name then
  io.stderr:write "usage: connect_shop.lua EMAIL PHONE NAME [FILE]\n"
  os.exit(2)
end

local etelecom = frontdesk.etelecom()

-- eTelecom answers with a key, or with a link to log in by: at the first time, and when the shop took its consent back.
local answer = assert(etelecom.shops:authorize { email = email, phone = phone, name = name, redirect_url = REDIRECT_URL })
if answer.type == "shop_request" then
  local address = assert(log_in(answer.auth_url))
  local redirect = assert(etelecom.parse_redirect(address))
  answer = assert(etelecom.shops:authorize { shop_id = redirect.shop_id, redirect_url = REDIRECT_URL })
end
assert(answer.type == "shop_key", "the shop has not finished its login; start again")

local shop = assert(etelecom:shop(answer.auth_token).shops:current())
print(("Connected: %s (shop %s)"):format(shop.name, shop.id))

if file then
  local keep = assert(io.popen("umask 077 && cat >'" .. file:gsub("'", "'\\''") .. "'", "w"))
  keep:write(answer.auth_token, "\n")
  assert(keep:close(), "the key could not be written to " .. file)
  print("Its key is in " .. file)
end
