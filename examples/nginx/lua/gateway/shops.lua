-- Connects a shop to eTelecom: its browser begins at /etelecom/start, logs in at eTelecom, and comes back to /etelecom/redirect.
local answer = require "gateway.answer"
local etelecom = require("gateway.services").etelecom

local shops = {}

-- A shop's key lives as long as this nginx. A real gateway would keep it, encrypted, with what else it knows of the shop: in
-- its database.
local keys = ngx.shared.shops

local function fail(err)
  ngx.log(ngx.WARN, tostring(err))
  if err.kind == "invalid_input" then
    return answer.page(400, "Something is missing", err.message)
  elseif err.kind == "forbidden" then
    return answer.page(403, "Not connected", "eTelecom does not know this shop. Please start again.")
  end
  return answer.page(answer.status_of(err), "Not connected", "eTelecom cannot be asked at the moment. Please try again later.")
end

local function redirect_url()
  return ngx.var.public_url .. "/etelecom/redirect"
end

--- Sends a shop's browser to its login: /etelecom/start?email=...&phone=...&name=...
function shops.start()
  local account = ngx.req.get_uri_args()
  local login, err = etelecom.shops:authorize {
    email = account.email, phone = account.phone, name = account.name, redirect_url = redirect_url(),
  }
  if not login then
    return fail(err)
  end
  ngx.redirect(login.auth_url)
end

--- Where the browser comes back, with `token` and `shop_id` behind the address. That proves nothing yet: the key counts, which
-- eTelecom gives for the shops that logged in through this partner.
function shops.finish()
  local redirect, problem = etelecom.parse_redirect(ngx.var.request_uri)
  if not redirect then
    return answer.page(400, "Not connected", problem)
  end
  local found, err = etelecom.shops:authorize { shop_id = redirect.shop_id, redirect_url = redirect_url() }
  if not found then
    return fail(err)
  elseif found.type == "shop_request" then
    return ngx.redirect(found.auth_url) -- the shop took its consent back
  end
  assert(keys:safe_set(redirect.shop_id, found.auth_token))

  local shop
  shop, err = etelecom:shop(keys:get(redirect.shop_id)).shops:current()
  if not shop then
    return fail(err)
  end
  answer.page(200, "Connected", shop.name .. " is connected. You can close this page.")
end

return shops
