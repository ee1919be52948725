--- The ZNS messages of the simulated eTelecom: templates, journeys, and messages made from them to phone numbers.

local accounts = require "frontdesk.sandbox.services.etelecom.zalo_accounts"
local common = require "frontdesk.sandbox.services.etelecom.common"
local customers = require "frontdesk.sandbox.services.etelecom.zalo_customers"
local ids = require "frontdesk.sandbox.ids"
local respond = require "frontdesk.sandbox.respond"
local value = require "frontdesk.sandbox.value"

local failure = common.failure

local zns = {}

--- A template of the sample shop, and one that it could take up.
zns.TEMPLATE_ID, zns.APPROVED_ID = 510001, 510003

local DAY = 86400
local RECEIVED, SEEN = 3, 10 -- seconds after sending

local function refuse(message)
  return failure("invalid_argument", message)
end

-- Templates. ---------------------------------------------------------------------------------------------------------------

local TYPES = { unknown = true, text = true, otp = true, table = true, rating = true }

local function param(name, kind, longest, optional)
  return { name = name, type = kind, require = not optional, accept_null = optional == true, min_length = optional and 0 or 1,
    max_length = longest }
end

-- What Zalo has approved, whether a shop has made it known to eTelecom or not.
local APPROVED = {
  [510001] = { template_name = "Đơn hàng", type = "table", template_tag = "IN_TRANSACTION", price = 300,
    template_params = { param("ten", "STRING", 30), param("ma", "STRING", 20), param("so_tien", "NUMBER", 12, true) } },
  [510002] = { template_name = "Mã đăng nhập", type = "otp", template_tag = "OTP", price = 200, template_daily_quota = 3,
    template_params = { param("otp", "STRING", 6) } },
  [510003] = { template_name = "Lời cảm ơn", type = "text", template_tag = "POST_TRANSACTION", price = 250,
    template_params = { param("ten", "STRING", 30) } },
}

local function new_template(board, account, number, now)
  local template = {
    oa_id = account.oa_id, template_id = number, template_status = "ENABLE", template_quality = "HIGH", timeout = 7200,
    apply_template_quota = false, preview_url = ("https://templates.sandbox.example/%d"):format(number), created = now,
    created_at = common.time(now), updated_at = common.time(now),
  }
  for name, member in pairs(APPROVED[number]) do template[name] = member end
  template.apply_template_quota = template.template_daily_quota ~= nil
  table.insert(board.templates, 1, template)
  return template
end

local TEMPLATE = { "template_id", "template_name", "type", "template_status", "template_tag", "template_quality", "template_params",
  "price", "timeout", "apply_template_quota", "template_daily_quota", "template_remaining_quota", "preview_url", "created_at",
  "updated_at" }

local function shown_template(template, now)
  local quota = template.template_daily_quota
  template.template_remaining_quota = quota and accounts.left(template, quota, now) or nil
  return common.pick(template, TEMPLATE)
end

local function find_template(board, account, number)
  for _, template in ipairs(board.templates) do
    if template.oa_id == account.oa_id and template.template_id == number then return template end
  end
end

local TEMPLATE_ID = { "template_id", "integer", required = true }

local function create_template(request, board)
  local body = request.json
  local account, refusal = accounts.usable(request, board, { TEMPLATE_ID, { "type", "text", enum = TYPES } })
  if not account then return refusal end
  local approved = APPROVED[body.template_id]
  if not approved then return failure("not_found", "Zalo has approved no such template") end
  if value.given(body.type) and body.type ~= "unknown" and body.type ~= approved.type then return refuse("type is not the template's") end
  if find_template(board, account, body.template_id) then return failure("already_exists", "The template is known already") end
  return respond.json(200, shown_template(new_template(board, account, body.template_id, request.now), request.now))
end

local function get_template(request, board)
  local account, refusal = accounts.named(request, board, { TEMPLATE_ID })
  if not account then return refusal end
  local template = find_template(board, account, request.json.template_id)
  return template and respond.json(200, shown_template(template, request.now)) or failure("not_found", "There is no such template")
end

local TEMPLATE_FILTER = { { "oa_id", "text" }, { "template_id", "integer" }, { "template_name", "text" },
  { "type", "text", enum = TYPES }, { "date_from", "time" }, { "date_to", "time" } }

local function list_templates(request, board)
  local filter, refusal = common.filter(request, TEMPLATE_FILTER)
  if not filter then return refusal end
  local found = {}
  for _, template in ipairs(board.templates) do
    if common.fits(template, filter, { "oa_id", "template_id", "template_name", "type" })
      and common.within(filter, template.created) then
      found[#found + 1] = template
    end
  end
  return common.page(request, found, "templates", function(template) return shown_template(template, request.now) end)
end

-- Characters, not bytes, of a text in UTF-8.
local function length(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

local function is_number(given)
  return type(given) == "number" or value.text(given) and given:find("^%-?%d+$") ~= nil
end

-- What is wrong with the values for a template's variables, as a sentence.
local function data_complaint(template, data)
  local known = {}
  for _, variable in ipairs(template.template_params) do
    local name, given = "template_data." .. variable.name, data[variable.name]
    known[variable.name] = true
    if not value.given(given) then
      if variable.require then return name .. " is missing" end
    elseif variable.type == "NUMBER" and not is_number(given) then
      return name .. " must be a number"
    elseif variable.type ~= "NUMBER" and not value.text(given) then
      return name .. " must be a string"
    elseif length(tostring(given)) > variable.max_length then
      return name .. " is too long"
    end
  end
  for name in pairs(data) do
    if not known[name] then return "template_data." .. tostring(name) .. " is no variable of the template" end
  end
end

-- Journeys. ----------------------------------------------------------------------------------------------------------------

local TOKENS = { unknown = 7, token_logistics_7 = 7, token_logistics_30 = 30, token_coach_bus_7 = 7, token_coach_bus_30 = 30 }

local JOURNEY = { "id", "journey_id", "journey_token", "phone", "status", "error_code", "error_message", "is_charged", "expired_at",
  "created_at", "updated_at" }

-- Nobody with Zalo has a number that ends in 99; the code is the sandbox's own.
local function zalo_refuses(phone)
  if phone:sub(-2) == "99" then return -99, "The number has no Zalo" end
  return 0, ""
end

local function create_journey(request, board)
  local body, now = request.json, request.now
  local account, refusal = accounts.usable(request, board, { { "phone", "text", required = true },
    { "token_type", "text", enum = TOKENS } })
  local wrong = account and customers.phone_complaint(body.phone)
  if not account or wrong then return refusal or refuse(wrong) end
  local code, words = zalo_refuses(body.phone)
  local days = TOKENS[value.given(body.token_type) and body.token_type or "token_logistics_7"]
  local journey = {
    id = common.new_id(board.state), journey_id = common.new_id(board.state), journey_token = "journey-" .. ids.hex(24),
    oa_id = account.oa_id, phone = body.phone, status = code == 0 and "P" or "N", error_code = code, error_message = words,
    is_charged = false, created = now, expires = now + days * DAY, expired_at = common.time(now + days * DAY),
    created_at = common.time(now), updated_at = common.time(now),
  }
  table.insert(board.journeys, 1, journey)
  return respond.json(200, common.pick(journey, JOURNEY))
end

-- The journeys as they are by now.
local function journeys(board, now)
  for _, journey in ipairs(board.journeys) do
    if journey.status == "P" and now >= journey.expires then journey.status, journey.updated_at = "N", journey.expired_at end
  end
  return board.journeys
end

local function find_journey(board, account, id, now)
  for _, journey in ipairs(journeys(board, now)) do
    if journey.oa_id == account.oa_id and journey.journey_id == id then return journey end
  end
end

local function get_journey(request, board)
  local account, refusal = accounts.named(request, board, { { "journey_id", "text", required = true } })
  if not account then return refusal end
  local journey = find_journey(board, account, request.json.journey_id, request.now)
  return journey and respond.json(200, common.pick(journey, JOURNEY)) or failure("not_found", "There is no such journey")
end

local STATUS = { Z = true, P = true, N = true }
local JOURNEY_FILTER = { { "oa_id", "text" }, { "journey_id", "text" }, { "phone", "text" }, { "status", "text", enum = STATUS },
  { "is_charged", "boolean" }, { "date_from", "time" }, { "date_to", "time" } }

local function list_journeys(request, board)
  local filter, refusal = common.filter(request, JOURNEY_FILTER)
  if not filter then return refusal end
  local found = {}
  for _, journey in ipairs(journeys(board, request.now)) do
    if common.fits(journey, filter, { "oa_id", "journey_id", "phone", "status", "is_charged" })
      and common.within(filter, journey.created) then
      found[#found + 1] = journey
    end
  end
  return common.page(request, found, "journeys", function(journey) return common.pick(journey, JOURNEY) end)
end

-- Messages. ----------------------------------------------------------------------------------------------------------------

local MESSAGE = { "id", "msg_id", "tracking_id", "type", "status", "delivery_status", "error_code", "error_message", "phone",
  "zl_user_id", "oa_id", "template_id", "template_data", "journey_id", "campaign_id", "shop_id", "user_id", "sending_mode",
  "is_development", "is_charged", "fee_main", "fee_token", "timeout", "rate", "feedback", "note", "request_time", "sent_time",
  "delivery_time", "submit_time", "created_at", "updated_at" }

-- The message as it is by now: Zalo brings it, and then it is read.
local function shown_message(message, now)
  if message.status == "P" and now >= message.sent + RECEIVED then
    message.delivery_status, message.delivery_time = "received", common.time(message.sent + RECEIVED)
    message.updated_at = message.delivery_time
  end
  if message.status == "P" and now >= message.sent + SEEN then
    message.delivery_status, message.updated_at = "seen", common.time(message.sent + SEEN)
  end
  return common.pick(message, MESSAGE)
end

local SEND = { { "phone", "text", required = true }, TEMPLATE_ID, { "template_data", "object", required = true }, { "tracking_id", "text" },
  { "mode", "text", enum = { unknown = true, development = true } },
  { "sending_mode", "text", enum = { unknown = true, default = true, tag3 = true } } }
local SEND_JOURNEY = { SEND[1], SEND[2], SEND[3], SEND[4], { "journey_id", "text", required = true } }

-- Account and template of a message; nil and a refusal when it cannot be sent.
local function prepared(request, board, rules)
  local body = request.json
  local account, refusal = accounts.usable(request, board, rules)
  if not account then return nil, refusal end
  local wrong = customers.phone_complaint(body.phone)
  if wrong then return nil, refuse(wrong) end
  local template = find_template(board, account, body.template_id)
  if not template then return nil, failure("not_found", "There is no such template") end
  wrong = data_complaint(template, body.template_data)
  if wrong then return nil, refuse(wrong) end
  return account, template
end

-- Which of the two quotas is used up, as a sentence.
local function exhausted(account, template, now)
  if accounts.left(account, account.daily_quota, now) == 0 then return "The daily quota of the official account is used up" end
  local quota = template.template_daily_quota
  if quota and accounts.left(template, quota, now) == 0 then return "The daily quota of the template is used up" end
end

local function new_message(board, request, account, template, more)
  local body, now = request.json, request.now
  local code, words = zalo_refuses(body.phone)
  local message = {
    id = common.new_id(board.state), msg_id = ids.hex(20), tracking_id = value.given(body.tracking_id) and body.tracking_id or "",
    type = "template", status = code == 0 and "P" or "N", delivery_status = "unknown", error_code = code, error_message = words,
    phone = body.phone, zl_user_id = "", oa_id = account.oa_id, template_id = template.template_id, template_data = body.template_data,
    journey_id = "0", campaign_id = "0", shop_id = board.shop.id, user_id = "0", sending_mode = "default", is_development = false,
    is_charged = code == 0, fee_main = code == 0 and template.price or 0, fee_token = 0, timeout = template.timeout, rate = 0,
    feedback = respond.array({}), note = "", sent = now, request_time = common.time(now), sent_time = common.time(now),
    created_at = common.time(now), updated_at = common.time(now),
  }
  for name, member in pairs(more) do message[name] = member end
  table.insert(board.state.zns, 1, message)
  return message
end

-- Takes a message off the quotas that it counts for.
local function spend(message, account, template, now)
  if message.status == "N" or message.is_development then return end
  if message.sending_mode ~= "tag3" then accounts.spend(account, now) end
  accounts.spend(template, now)
end

local function send(request, board)
  local body, now = request.json, request.now
  local account, template = prepared(request, board, SEND)
  if not account then return template end
  local trial, beyond = body.mode == "development", body.sending_mode == "tag3"
  local why = not trial and not beyond and exhausted(account, template, now)
  if why then return failure("resource_exhausted", why) end
  local message = new_message(board, request, account, template, { is_development = trial, sending_mode = beyond and "tag3" or nil })
  if trial then message.is_charged, message.fee_main = false, 0 end
  spend(message, account, template, now)
  return respond.json(200, shown_message(message, now))
end

-- The first message of a journey pays for it.
local function send_journey(request, board)
  local now = request.now
  local account, template = prepared(request, board, SEND_JOURNEY)
  if not account then return template end
  local journey = find_journey(board, account, request.json.journey_id, now)
  if not journey then return failure("not_found", "There is no such journey") end
  if journey.status ~= "P" then return failure("failed_precondition", "The journey has ended, or never began") end
  if journey.phone ~= request.json.phone then return refuse("phone is not the journey's") end
  local why = exhausted(account, template, now)
  if why then return failure("resource_exhausted", why) end
  local first = not journey.is_charged
  journey.is_charged, journey.updated_at = true, common.time(now)
  local message = new_message(board, request, account, template, { type = "journey", journey_id = journey.journey_id,
    is_charged = first, fee_main = 0, fee_token = first and 900 or 0 })
  spend(message, account, template, now)
  return respond.json(200, shown_message(message, now))
end

local function get_message(request, board)
  local account, refusal = accounts.named(request, board, { { "msg_id", "text", required = true } })
  if not account then return refusal end
  for _, message in ipairs(board.state.zns) do
    if message.oa_id == account.oa_id and message.msg_id == request.json.msg_id then
      return respond.json(200, shown_message(message, request.now))
    end
  end
  return failure("not_found", "There is no such message")
end

local MESSAGE_FILTER = { { "oa_id", "text" }, { "phone", "text" }, { "template_id", "integer" }, { "journey_id", "text" },
  { "campaign_id", "text" }, { "msg_id", "text" }, { "tracking_id", "text" },
  { "msg_type", "text", enum = { unknown = true, template = true, journey = true, uid = true } },
  { "status", "text", enum = STATUS },
  { "delivery_status", "text", enum = { unknown = true, received = true, seen = true } },
  { "is_charged", "boolean" }, { "is_development", "boolean" }, { "user_id", "text" },
  { "time_type", "text", enum = { unknown = true, request_time = true, updated_time = true, submit_time = true } },
  { "date_from", "time" }, { "date_to", "time" } }

local TIMES = { request_time = "request_time", submit_time = "submit_time" }

local function message_fits(message, filter)
  return common.fits(message, filter, { "oa_id", "phone", "template_id", "journey_id", "campaign_id", "msg_id", "tracking_id",
      "status", "delivery_status", "is_charged", "is_development", "user_id" })
    and (not value.given(filter.msg_type) or filter.msg_type == message.type)
    and common.within(filter, common.seconds(message[TIMES[filter.time_type] or "updated_at"]))
end

local function list_messages(request, board)
  local filter, refusal = common.filter(request, MESSAGE_FILTER)
  if not filter then return refusal end
  local found = {}
  for _, message in ipairs(board.state.zns) do
    local shown = message.shop_id == board.shop.id and shown_message(message, request.now)
    if shown and message_fits(message, filter) then found[#found + 1] = shown end
  end
  return common.page(request, found, "messages")
end

--- What the sample shop begins with: two templates.
---@param board table
---@param now number
function zns.fill(board, now)
  for index = 2, 1, -1 do new_template(board, board.accounts[1], 510000 + index, now - 20 * DAY) end
end

zns.operations = {
  ["zalo.templates.create"] = create_template,
  ["zalo.templates.get"] = get_template,
  ["zalo.templates.list"] = list_templates,
  ["zalo.journeys.create"] = create_journey,
  ["zalo.journeys.get"] = get_journey,
  ["zalo.journeys.list"] = list_journeys,
  ["zalo.zns.send"] = send,
  ["zalo.zns.send_journey"] = send_journey,
  ["zalo.messages.get"] = get_message,
  ["zalo.messages.list"] = list_messages,
}

return zns
