--- eTelecom, simulated: one partner, its shops, and the login page that connects a shop to the partner. Switchboards, Zalo
-- accounts and text messages stand in etelecom/.
--
-- The login page is not part of the API: it stands at GET /login of this service. It asks nobody anything; following an
-- auth_url is the shop's consent.

local common = require "frontdesk.sandbox.services.etelecom.common"
local ids = require "frontdesk.sandbox.ids"
local pbx = require "frontdesk.sandbox.services.etelecom.pbx"
local respond = require "frontdesk.sandbox.respond"
local sms = require "frontdesk.sandbox.services.etelecom.sms"
local value = require "frontdesk.sandbox.value"
local zalo = require "frontdesk.sandbox.services.etelecom.zalo"

local API_KEY = "etelecom-sandbox-partner-key"
local REQUEST_LIFE = 900

local SHOP_ID, UNLINKED_SHOP_ID = "1170000000000000011", "1170000000000000012"
local SHOP_KEY = "shop" .. SHOP_ID .. ":etelecom-sandbox-shop-key"

-- Errors. ------------------------------------------------------------------------------------------------------------------

local failure = common.failure

local function bad_route(request, message)
  return failure("bad_route", message, { invalid_route = request.method .. " " .. request.path })
end

-- Keys. --------------------------------------------------------------------------------------------------------------------

local function shop_of(request, state)
  return state.keys[value.token(request.headers.authorization, "Bearer") or ""]
end

-- The calls that a shop makes, by its own key: functions of the request, the state and the shop.
local of_shop = {}
for _, part in ipairs { pbx.shop, zalo.shop } do
  for name, run in pairs(part) do of_shop[name] = run end
end

local function authenticate(request, operation, state)
  if sms.operations[operation] then return sms.authenticate(request) end
  local known
  if of_shop[operation] then
    known = shop_of(request, state)
  else
    known = value.token(request.headers.authorization, "Bearer") == state.api_key
  end
  if not known then return failure("unauthenticated", "The key is missing or wrong") end
end

-- Connecting a shop. -------------------------------------------------------------------------------------------------------

-- Open login links by token, with the state they belong to: the login page is reached outside the API's routes, and so without
-- a state. Weak, so that a state that was reset can go.
local links = setmetatable({}, { __mode = "v" })

local TEXTS = { "shop_id", "email", "phone", "name", "redirect_url", "external_shop_id", "external_user_id", "extra_token",
  "shop_name" }

-- What is wrong with the request for a shop, as a sentence.
local function complaint(body)
  for _, name in ipairs(TEXTS) do
    if not value.absent(body[name]) and not value.text(body[name]) then return name .. " must be a string" end
  end
  local needed = value.given(body.shop_id) and { "redirect_url" } or { "email", "phone", "name", "redirect_url" }
  for _, name in ipairs(needed) do
    if not value.given(body[name]) then return name .. " is missing" end
  end
  if not body.redirect_url:find("^https?://[^/?#%s]+[^%s]*$") then return "redirect_url is no web address" end
  if value.given(body.email) and not body.email:find("^[^@%s]+@[^@%s]+$") then return "email is no mail address" end
  if not value.absent(body.config) then
    if not value.array(body.config) then return "config must be a list" end
    for _, part in ipairs(body.config) do
      if part ~= "shipment" then return "config holds something unknown" end
    end
  end
end

local function login_link(request, state, link)
  local token = "request:" .. ids.hex(40)
  link.expires = request.now + REQUEST_LIFE
  state.links[token], links[token] = link, state
  local host = request.headers.host or "127.0.0.1"
  return respond.json(200, {
    code = "ok", msg = "", type = "shop_request", auth_token = token, expires_in = REQUEST_LIFE,
    auth_url = request.scheme .. "://" .. host .. "/" .. request.service .. "/login?token=" .. token,
  })
end

-- A shop that took its consent back is asked to log in again, as one that never gave it is; its key is gone.
local function authorize(request, state)
  local body = request.json
  local wrong = complaint(body)
  if wrong then return failure("invalid_argument", wrong) end
  if not value.given(body.shop_id) then
    return login_link(request, state, { redirect_url = body.redirect_url, email = body.email, phone = body.phone,
      name = value.given(body.shop_name) and body.shop_name or body.name })
  end
  local shop = state.shops[body.shop_id]
  if not shop then
    return failure("permission_denied", "The shop is not known to this partner",
      { reason = "No shop with this id ever logged in through the partner" })
  elseif not shop.key then
    return login_link(request, state, { redirect_url = body.redirect_url, shop = shop })
  end
  return respond.json(200, { code = "ok", msg = "", type = "shop_key", auth_token = shop.key, expires_in = -1 })
end

local function shop_by_email(state, email)
  for _, shop in pairs(state.shops) do
    if shop.email == email then return shop end
  end
end

local function new_shop(state, link)
  state.last_shop = state.last_shop + 1
  local shop = { id = ("1170000000000%06d"):format(state.last_shop), name = link.name, email = link.email, phone = link.phone }
  state.shops[shop.id] = shop
  return shop
end

-- The shop logs in and is sent to the partner. As the vendor's guide has it, `?token=...&shop_id=...` is put behind the
-- redirect_url as it is, also behind one that has a query of its own.
local function log_in(request)
  local token = request.query.token or ""
  local state = links[token]
  local link = state and state.links[token]
  if not link or request.now >= link.expires then
    return respond.html(410, "<html><body><h1>This login link is no longer valid</h1></body></html>\n")
  end
  state.links[token], links[token] = nil, nil
  local shop = link.shop or shop_by_email(state, link.email) or new_shop(state, link)
  if not shop.key then
    shop.key = "shop" .. shop.id .. ":" .. ids.hex(64)
    state.keys[shop.key] = shop
  end
  return respond.empty(302, { Location = ("%s?token=%s&shop_id=%s"):format(link.redirect_url, ids.hex(8), shop.id) })
end

-- Who a key belongs to. ----------------------------------------------------------------------------------------------------

of_shop["shops.current"] = function(_, _, shop)
  return respond.json(200, { id = shop.id, name = shop.name, type = "shop", website = "", image_url = "" })
end

local function current_account(_, state)
  return respond.json(200, state.partner)
end

local function fresh_state()
  local shop = { id = SHOP_ID, name = "Tiệm Hoa Nắng", email = "hoanang@tiem.example", phone = "0900000031", key = SHOP_KEY }
  local unlinked = { id = UNLINKED_SHOP_ID, name = "Quán Gió", email = "gio@quan.example", phone = "0900000032" }
  local state = {
    api_key = API_KEY, last_shop = 12, links = {},
    shops = { [SHOP_ID] = shop, [UNLINKED_SHOP_ID] = unlinked },
    keys = { [SHOP_KEY] = shop },
    partner = {
      id = "1170000000000000001", name = "Sandbox Partner", public_name = "Sandbox Partner", type = "partner", phone = "0900000030",
      email = "partner@sandbox.example", website = "", website_url = "", image_url = "", recognized_hosts = respond.array({}),
      redirect_urls = respond.array({}), meta = {},
    },
  }
  for _, part in ipairs { pbx, zalo, sms } do part.prepare(state, shop) end
  return state
end

local operations = {
  ["misc.current_account"] = current_account,
  ["shops.authorize"] = authorize,
}
for _, part in ipairs { pbx.partner, sms.operations } do
  for name, run in pairs(part) do operations[name] = run end
end
for name, run in pairs(of_shop) do
  operations[name] = function(request, state) return run(request, state, shop_of(request, state)) end
end

local refusals = {
  method = function(request) return bad_route(request, "unsupported method " .. request.method .. ": every call is a POST") end,
  media_type = function(request)
    return bad_route(request, ('unexpected Content-Type: "%s"'):format(request.headers["content-type"] or ""))
  end,
  not_acceptable = function() return failure("invalid_argument", "The answer can only be application/json") end,
  json = function(request)
    return failure("malformed", "The body is not a JSON object", { cause = request.json_error })
  end,
  route = function(request)
    if request.method == "GET" and request.path == "/login" then return log_in(request) end
    return bad_route(request, "no handler for path " .. request.path)
  end,
}

local samples = {
  { "shop_id", SHOP_ID, "a connected shop: authorize answers its key" },
  { "shop_id", UNLINKED_SHOP_ID, "a shop that took its consent back: authorize answers a login link" },
  { "extension_number", "101", "an extension of the connected shop, for extensions.get" },
}
for _, part in ipairs { zalo, sms } do
  for _, sample in ipairs(part.samples) do samples[#samples + 1] = sample end
end

return {
  credentials = { api_key = API_KEY, shop_key = SHOP_KEY, sms_username = sms.USERNAME, sms_password = sms.PASSWORD },
  base_path = "/v1/partner",
  bases = { sms = sms.PATH },

  samples = samples,

  state = fresh_state,
  -- The route and its Content-Type come before the key.
  order = { "media_type", "accept", "authenticate", "json" },
  authenticate = authenticate,

  revoke = function(request, state)
    local token = value.token(request.headers.authorization, "Bearer")
    local shop = token and state.keys[token]
    if shop then shop.key, state.keys[token] = nil, nil end
    if token == state.api_key then state.api_key = nil end
  end,

  refuse = function(request, why)
    return refusals[why](request)
  end,

  count = function(state)
    local shops = 0
    local texts = 0
    for _ in pairs(state.shops) do shops = shops + 1 end
    for _ in pairs(state.texts) do texts = texts + 1 end
    return { shops = shops, hotlines = #state.hotlines, zns = #state.zns, texts = texts }
  end,

  operations = operations,
}
