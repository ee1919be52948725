--- hearme, simulated: log-in with tokens that expire, customers, and two kiosks, one of them out of reach.

local ids = require "frontdesk.sandbox.ids"
local json = require "frontdesk.sandbox.json"
local respond = require "frontdesk.sandbox.respond"
local value = require "frontdesk.sandbox.value"

local DAY = 86400
local DEFAULT_DAYS = 14
local ORGANIZATION = "5a0dbe57a0c4411e9f2b8d3c6e7f1024"
local KIOSK, OFFLINE_KIOSK = "kiosk-front-door", "kiosk-store-room"

-- The documented refusals of the write paths; all are HTTP 400. API04 is an error although its status is 0.
local refusals = {
  CUS01 = { status = 1, message = "Required fields must not be empty. Operation is rejected" },
  CUS02 = { status = 2, message = "Customer data is incorrect. Operation is rejected" },
  CUS03 = { status = 3, message = "Customer is existed in your list. Operation is rejected" },
  API04 = { status = 0, message = "No object with specified id" },
  SOB02 = { status = 2, message = "Error in sending event to object" },
}

local function refusal(code)
  return respond.json(400, { code = code, status = refusals[code].status, message = refusals[code].message })
end

-- What the document does not describe is answered without a `code`: only documented codes are ever sent.
local function undocumented(status, message, headers)
  return respond.json(status, { status = status, message = message }, headers)
end

local function done()
  return respond.json(200, { message = "OK", status = 0 })
end

local function login(request, state)
  local body = request.json
  if not value.given(body.username) or not value.given(body.password) then
    return undocumented(400, "username and password are required")
  elseif not value.text(body.username) or not value.text(body.password) then
    return undocumented(400, "username and password must be strings")
  elseif not value.absent(body.life_time) and not (value.integer(body.life_time) and body.life_time >= 0) then
    return undocumented(400, "life_time must be a whole number of days")
  elseif state.passwords[body.username] ~= body.password then
    return undocumented(401, "The user name or the password is wrong")
  end
  local days = value.absent(body.life_time) and DEFAULT_DAYS or body.life_time
  local token = "hm." .. ids.hex(32) .. "." .. ids.hex(16)
  state.tokens[token] = { username = body.username, expires = days > 0 and request.now + days * DAY or math.huge }
  return respond.json(200, { token = token })
end

local function permissions(request, state)
  return respond.json(200, respond.array(state.permissions[request.params.org_id] or {}))
end

-- Fields of a customer; each is a string when it is there.
local customer_fields = { "name", "ext_id", "phone", "phone2", "email", "address", "company", "birthday", "url", "notes" }

local function wrong_customer(customer)
  for _, name in ipairs(customer_fields) do
    if not value.absent(customer[name]) and not value.text(customer[name]) then return true end
  end
  for _, name in ipairs({ "phone", "phone2" }) do
    if value.given(customer[name]) and not customer[name]:find("^%+?[%d .-]+$") then return true end
  end
  return value.given(customer.email) and not customer.email:find("^[^@%s]+@[^@%s]+$")
end

-- The same person by phone number, else by mail address, else by name.
local function known_customer(state, customer)
  for _, field in ipairs({ "phone", "email", "name" }) do
    if value.given(customer[field]) then
      for _, known in ipairs(state.customers) do
        if known[field] == customer[field] then return known end
      end
      return nil
    end
  end
end

local function customer_by_ext_id(state, ext_id)
  for _, known in ipairs(state.customers) do
    if known.ext_id == ext_id then return known end
  end
end

local function store(state, known, customer)
  if not known then
    known = {}
    state.customers[#state.customers + 1] = known
  end
  for _, name in ipairs(customer_fields) do
    if value.given(customer[name]) then known[name] = customer[name] end
  end
  return known
end

local function send_feedback(request, state)
  local body = request.json
  local customer = body.customer
  if not value.given(body.device_id) or not value.given(customer) then return refusal("CUS01") end
  if not value.text(body.device_id) or not value.object(customer) then return refusal("CUS02") end
  if not value.given(customer.ext_id) and not value.given(customer.name) then return refusal("CUS01") end
  if wrong_customer(customer) then return refusal("CUS02") end
  local device = state.devices[body.device_id]
  if not device then return refusal("API04") end

  local known
  if value.given(customer.ext_id) then
    known = customer_by_ext_id(state, customer.ext_id)
  elseif known_customer(state, customer) then
    return refusal("CUS03")
  end
  device.customer = store(state, known, customer)
  device.attach_info = body.attach_info
  return done()
end

local function emit_event(request, state)
  local body = request.json
  local device = value.text(body.obj_id) and state.devices[body.obj_id]
  if not device then return refusal("API04") end
  if not device.online then return refusal("SOB02") end
  if body.event == "reset_customer" then
    device.customer = nil
  elseif body.event == "reset_feedback" then
    device.customer, device.attach_info, device.screen = nil, nil, "first"
  else
    return refusal("SOB02")
  end
  return done()
end

local statuses = { route = 404, method = 405, media_type = 415, not_acceptable = 406, json = 400 }

local reasons = {
  route = "There is nothing at this address",
  method = "This method is not allowed here",
  media_type = "Content-Type must be application/json",
  not_acceptable = "The answer can only be application/json",
  json = "The body is not a JSON object",
}

return {
  credentials = { username = "front.desk", password = "hearme-sandbox-password" },

  samples = {
    { "device_id", KIOSK, "a kiosk that is on" },
    { "device_id", OFFLINE_KIOSK, "a kiosk out of reach: events answer SOB02" },
    { "org_id", ORGANIZATION, "an organization of the user" },
  },

  state = function()
    return {
      passwords = { ["front.desk"] = "hearme-sandbox-password" },
      tokens = {},
      customers = {},
      devices = { [KIOSK] = { online = true, screen = "first" }, [OFFLINE_KIOSK] = { online = false, screen = "first" } },
      permissions = {
        [ORGANIZATION] = {
          { action = "all", permission_id = "operator", resource_id = ORGANIZATION, resource_type = "organization",
            role_id = "77c1a9e2b4d84f0c8a6e5d3b2f109c44" },
          { action = "view", permission_id = "report", resource_id = ORGANIZATION, resource_type = "organization",
            role_id = "0f6b2d8e4c1a4e7f9b3d5a7c8e1f2064" },
        },
      },
    }
  end,

  authenticate = function(request, operation, state)
    if operation == "auth.login" then return nil end
    local token = state.tokens[value.token(request.headers.authorization, "Bearer") or ""]
    if token and request.now < token.expires then return nil end
    return undocumented(401, "The token is missing, unknown or expired")
  end,

  revoke = function(request, state)
    local token = value.token(request.headers.authorization, "Bearer")
    if token then state.tokens[token] = nil end
  end,

  -- Both resets share one address; the event tells them apart.
  select = function(request, names)
    local event = json.is_object(request.json) and request.json.event
    return event == "reset_feedback" and "devices.reset_feedback" or names[1]
  end,

  refuse = function(request, why)
    return undocumented(statuses[why], reasons[why], why == "method" and { Allow = request.allow } or nil)
  end,

  count = function(state)
    local tokens = 0
    for _ in pairs(state.tokens) do tokens = tokens + 1 end
    return { customers = #state.customers, tokens = tokens }
  end,

  operations = {
    ["auth.login"] = login,
    ["users.permissions"] = permissions,
    ["customers.send_feedback"] = send_feedback,
    ["devices.reset_customer"] = emit_event,
    ["devices.reset_feedback"] = emit_event,
  },
}
