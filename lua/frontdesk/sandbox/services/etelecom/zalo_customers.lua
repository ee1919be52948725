--- The customers of the simulated eTelecom's official accounts: followers, messages to them, and requests to call them.

local accounts = require "frontdesk.sandbox.services.etelecom.zalo_accounts"
local common = require "frontdesk.sandbox.services.etelecom.common"
local respond = require "frontdesk.sandbox.respond"
local value = require "frontdesk.sandbox.value"

local failure = common.failure

local customers = {}

--- A follower who may be written to, and a number whose owner lets the account call.
customers.FOLLOWER_ID, customers.GRANTED_PHONE = "4300000000000000001", "0900000061"

local DAY = 86400
local THINKS = 10 -- seconds until a customer answers
local ASKED_FOR, ALLOWED_FOR = DAY, 30 * DAY
local REPLIES, REPLY_TIME, FREE = 8, 2 * DAY, 10

-- Followers. ---------------------------------------------------------------------------------------------------------------

local GENDERS = { unknown = true, male = true, female = true, other = true }
local STATES = { follow = true, unfollow = true }

local FOLLOWER_FILTER = { { "oa_id", "text" }, { "zl_user_id", "text" }, { "zl_user_ids", "texts" }, { "name", "text" },
  { "phone", "text" }, { "gender", "text", enum = GENDERS }, { "state", "text", enum = STATES }, { "has_conversation", "boolean" },
  { "tags", "texts" }, { "assigned_user_id", "text" }, { "date_from", "time" }, { "date_to", "time" } }

local FOLLOWER = { "id", "zl_user_id", "zl_user_id_by_app", "oa_id", "shop_id", "full_name", "phone", "gender", "avatar", "avatars",
  "state", "has_conversation", "last_conversation", "shared_info", "tags_and_notes_info", "assigned_user_id", "created_at",
  "updated_at" }

local function new_follower(board, fields, now)
  local picture = "https://pictures.sandbox.example/" .. fields.zl_user_id
  local follower = {
    id = common.new_id(board.state), zl_user_id = fields.zl_user_id, zl_user_id_by_app = fields.zl_user_id:gsub("^43", "44"),
    oa_id = accounts.OA_ID, shop_id = board.shop.id, full_name = fields.full_name, own_phone = fields.phone, phone = "",
    gender = fields.gender, avatar = picture .. "-120.png",
    avatars = { ["120"] = picture .. "-120.png", ["240"] = picture .. "-240.png" },
    state = fields.state or "follow", has_conversation = fields.wrote ~= nil, wrote = fields.wrote,
    tags = fields.tags or {}, assigned_user_id = "0", created = now, created_at = common.time(now), updated_at = common.time(now),
  }
  follower.tags_and_notes_info = { tag_names = respond.array(follower.tags), notes = respond.array({}) }
  if fields.wrote then
    follower.last_conversation = { direction = "in", type = "text", message = "Cửa hàng còn mở cửa không?",
      attachments = {}, sent_time = common.time(fields.wrote) }
  end
  board.followers[#board.followers + 1] = follower
  return follower
end

local function share(follower, when)
  follower.phone = follower.own_phone
  follower.shared_info = { name = follower.full_name, phone = follower.own_phone, address = "12 phố Mẫu", ward = "", district = "",
    city = "Hà Nội" }
  follower.updated_at = common.time(when)
end

-- The followers as they are by now: who was asked for name and phone number has told them after a while.
local function followers(board, now)
  for _, follower in ipairs(board.followers) do
    if follower.asked and not follower.shared_info and now >= follower.asked + THINKS then share(follower, follower.asked + THINKS) end
  end
  return board.followers
end

local function follower_fits(follower, filter)
  if value.given(filter.tags) then
    for _, tag in ipairs(filter.tags) do
      if not common.among(follower.tags, tag) then return false end
    end
  end
  return common.fits(follower, filter,
      { "oa_id", "zl_user_id", "phone", "gender", "state", "has_conversation", "assigned_user_id" })
    and (not value.given(filter.zl_user_ids) or #filter.zl_user_ids == 0 or common.among(filter.zl_user_ids, follower.zl_user_id))
    and (not value.given(filter.name) or follower.full_name == filter.name)
    and common.within(filter, follower.created)
end

local function list_followers(request, board)
  local filter, refusal = common.filter(request, FOLLOWER_FILTER)
  if not filter then return refusal end
  local found = {}
  for _, follower in ipairs(followers(board, request.now)) do
    if follower_fits(follower, filter) then found[#found + 1] = follower end
  end
  return common.page(request, found, "followers", function(follower) return common.pick(follower, FOLLOWER) end)
end

-- The follower of an account with that id at Zalo; nil and a refusal when there is none, or none any more.
local function follower_of(board, account, id, now)
  for _, follower in ipairs(followers(board, now)) do
    if follower.oa_id == account.oa_id and follower.zl_user_id == id then
      if follower.state == "follow" then return follower end
      return nil, failure("failed_precondition", "The customer does not follow the official account any more")
    end
  end
  return nil, failure("not_found", "There is no such customer")
end

local function request_info(request, board)
  local account, refusal = accounts.usable(request, board, { { "zl_user_id", "text", required = true } })
  if not account then return refusal end
  local follower
  follower, refusal = follower_of(board, account, request.json.zl_user_id, request.now)
  if not follower then return refusal end
  local first = not follower.asked and not follower.shared_info
  if first then follower.asked = request.now end
  return common.updated(first)
end

-- Messages to followers. ---------------------------------------------------------------------------------------------------

-- Eight answers in the 48 hours after a customer wrote cost nothing, and a few more messages to anybody; then it is over.
local function take_quota(follower, account, now)
  local ends = (follower.wrote or -REPLY_TIME) + REPLY_TIME
  local quota = { quota_type = "reply", owner_type = "OA", owner_id = account.oa_id }
  local holder, total = follower, REPLIES
  if now >= ends or follower.free == 0 then
    quota.quota_type, holder, total, ends = "sub_quota", account, FREE, account.expires
  end
  holder.free = holder.free or total
  if holder.free == 0 then return nil end
  holder.free = holder.free - 1
  quota.total, quota.remain, quota.expired_date = ("%d"):format(total), ("%d"):format(holder.free), common.time(ends)
  return quota
end

-- The account and the follower that a message goes from and to; nil and a refusal when it cannot.
local function parties(request, board, rules)
  local account, refusal = accounts.usable(request, board, { { "recipient", "object", required = true },
    { "message", "object", required = true } })
  if not account then return nil, refusal end
  local wrong = common.complaint(request.json.recipient, { { "user_id", "text", required = true } }, "recipient.")
    or common.complaint(request.json.message, rules, "message.")
  if wrong then return nil, failure("invalid_argument", wrong) end
  local follower
  follower, refusal = follower_of(board, account, request.json.recipient.user_id, request.now)
  if not follower then return nil, refusal end
  return account, follower
end

-- How a kind of message is sent; of the fields of its rules at least one is needed.
local function sends(kind, rules)
  return function(request, board)
    local account, follower = parties(request, board, rules)
    if not account then return follower end
    local content = false
    for _, rule in ipairs(rules) do content = content or value.given(request.json.message[rule[1]]) end
    if not content then return failure("invalid_argument", "message." .. rules[1][1] .. " is missing") end
    local quota = take_quota(follower, account, request.now)
    if not quota then return failure("resource_exhausted", "All messages to this customer are used up") end
    follower.has_conversation, follower.updated_at = true, common.time(request.now)
    follower.last_conversation = { direction = "out", type = kind, message = request.json.message.text or "", attachments = {},
      sent_time = common.time(request.now) }
    return respond.json(200, {
      msg_id = common.new_id(board.state), direction = "out", type = kind, oa_id = account.oa_id, sender_id = account.oa_id,
      recipient_id = follower.zl_user_id, zl_user_id = follower.zl_user_id, shop_id = board.shop.id, user_id = "0",
      wl_partner_id = "0", quota = quota,
    })
  end
end

local BUTTONS = { ["oa.open.url"] = true, ["oa.query.show"] = true, ["oa.query.hide"] = true, ["oa.open.sms"] = true,
  ["oa.open.phone"] = true }

-- What is wrong with a list of objects, as a sentence.
local function list_complaint(list, where, rules)
  for index, item in ipairs(value.given(list) and list or {}) do
    local place = ("%s[%d]"):format(where, index)
    local wrong = not value.object(item) and place .. " must be an object" or common.complaint(item, rules, place .. ".")
    if wrong then return wrong end
  end
end

local TEXT = { { "content", "text", required = true }, { "align", "text" } }

-- What is wrong with a message on a transaction; the kinds of its members are checked already.
local function transaction_complaint(message)
  if not value.given(message.content_text) and not value.given(message.content_table) then return "message.content_text is missing" end
  for _, name in ipairs { "content_header", "content_text" } do
    local wrong = value.given(message[name]) and common.complaint(message[name], TEXT, "message." .. name .. ".")
    if wrong then return wrong end
  end
  if value.given(message.buttons) and #message.buttons > 4 then return "message.buttons has more than four" end
  return list_complaint(message.content_table, "message.content_table",
      { { "key", "text", required = true }, { "value", "text", required = true }, { "style", "text" } })
    or list_complaint(message.buttons, "message.buttons",
      { { "title", "text", required = true }, { "type", "text", required = true, enum = BUTTONS }, { "payload", "object" },
        { "image_icon", "text" } })
end

local function send_transaction(request, board)
  local account, follower = parties(request, board, { { "content_banner", "object" }, { "content_header", "object" },
    { "content_text", "object" }, { "content_table", "list" }, { "buttons", "list" } })
  if not account then return follower end
  local wrong = transaction_complaint(request.json.message)
  if wrong then return failure("invalid_argument", wrong) end
  return respond.json(200, { message_id = common.new_id(board.state) })
end

-- Requests to call. --------------------------------------------------------------------------------------------------------

local CALL_TYPES = { unknown = true, audio = true, video = true, audio_and_video = true }
local REASONS = { unknown = true, product_service_consulting = true, order_appointment_confirmation = true,
  delivery_notification = true, flight_announcement = true, update_order = true }

local CONSENT = { "id", "oa_id", "phone", "call_type", "reason_code", "reply_status", "status", "delivery_status", "delivery_time",
  "error_code", "error_message", "is_charged", "expires_at", "shop_id", "user_id", "created_at", "updated_at" }

-- As a number is written at home.
local function at_home(phone)
  return (phone:gsub("^%+?84", "0"))
end

local function phone_complaint(phone)
  return not at_home(phone):find("^0%d%d%d%d%d%d%d%d%d$") and "phone is no phone number of Vietnam" or nil
end
customers.phone_complaint = phone_complaint

local function new_consent(board, fields, now)
  local consent = {
    id = common.new_id(board.state), oa_id = fields.oa_id, phone = fields.phone,
    call_type = value.given(fields.call_type) and fields.call_type or "audio",
    reason_code = value.given(fields.reason_code) and fields.reason_code or "unknown",
    reply_status = "S", status = "P", delivery_status = "unknown", error_code = 0, error_message = "", is_charged = true,
    asked = now, expires_at = common.time(now + ASKED_FOR), shop_id = board.shop.id, user_id = "0",
    created_at = common.time(now), updated_at = common.time(now),
  }
  table.insert(board.consents, 1, consent)
  return consent
end

-- The requests as they are by now. Who has a number that ends in 9 does not agree.
local function consents(board, now)
  for _, consent in ipairs(board.consents) do
    local answered = consent.asked + THINKS
    if consent.reply_status == "S" and now >= answered then
      consent.reply_status = consent.phone:sub(-1) == "9" and "N" or "P"
      consent.delivery_status, consent.delivery_time = "seen", common.time(consent.asked + 1)
      consent.allowed_until, consent.updated_at = answered + ALLOWED_FOR, common.time(answered)
    end
  end
  return board.consents
end

-- The newest request that an account has sent to a number.
local function consent_of(board, account, phone, now)
  for _, consent in ipairs(consents(board, now)) do
    if consent.oa_id == account.oa_id and at_home(consent.phone) == at_home(phone) then return consent end
  end
end

local function request_consent(request, board)
  local body = request.json
  local account, refusal = accounts.usable(request, board, { { "phone", "text", required = true },
    { "call_type", "text", enum = CALL_TYPES }, { "reason_code", "text", enum = REASONS } })
  if not account then return refusal end
  local wrong = phone_complaint(body.phone)
  if wrong then return failure("invalid_argument", wrong) end
  local before = consent_of(board, account, body.phone, request.now)
  if before and before.reply_status == "S" then return failure("already_exists", "The customer was asked and has not answered yet") end
  return respond.json(200, common.pick(new_consent(board, body, request.now), CONSENT))
end

-- HTTP 200 whatever comes out; the numbers other than 0 are the sandbox's own.
local function check_consent(request, board)
  local account, refusal = accounts.usable(request, board, { { "phone", "text", required = true } })
  if not account then return refusal end
  local consent = consent_of(board, account, request.json.phone, request.now)
  local reply = consent and consent.reply_status
  if reply == "P" and request.now < consent.allowed_until then
    return respond.json(200, { error = 0, message = "Success", expired_time = common.time(consent.allowed_until) })
  elseif reply == "S" then
    return respond.json(200, { error = -12, message = "The customer has not answered yet" })
  end
  return respond.json(200, { error = -11, message = "The customer does not let the account call" })
end

local REPLIED = { Z = true, S = true, NS = true, P = true, N = true }
local SENT = { Z = true, P = true, N = true }
local CONSENT_FILTER = { { "oa_id", "text" }, { "phone", "text" }, { "call_type", "text", enum = CALL_TYPES },
  { "reason_code", "text", enum = REASONS }, { "reply_status", "text", enum = REPLIED }, { "status", "text", enum = SENT },
  { "is_charged", "boolean" }, { "user_id", "text" }, { "date_from", "time" }, { "date_to", "time" } }

local function list_consents(request, board)
  local filter, refusal = common.filter(request, CONSENT_FILTER)
  if not filter then return refusal end
  local found = {}
  for _, consent in ipairs(consents(board, request.now)) do
    if common.fits(consent, filter, { "oa_id", "phone", "call_type", "reason_code", "reply_status", "status", "is_charged", "user_id" })
      and common.within(filter, consent.asked) then
      found[#found + 1] = consent
    end
  end
  return common.page(request, found, "consents", function(consent) return common.pick(consent, CONSENT) end)
end

--- What the sample shop begins with: followers, of whom one lets the account call and one does not.
---@param board table
---@param now number
function customers.fill(board, now)
  local people = {
    { full_name = "Nguyễn Mai", phone = customers.GRANTED_PHONE, gender = "female", wrote = now - 3600, tags = { "thân thiết" } },
    { full_name = "Đỗ Hải", phone = "0900000069", gender = "male", wrote = now - 3 * DAY },
    { full_name = "Vũ Lan", phone = "0900000063", gender = "female", tags = { "thân thiết", "mới" } },
    { full_name = "Bùi Sơn", phone = "0900000064", gender = "unknown" },
    { full_name = "Hồ Cúc", phone = "0900000065", gender = "female", state = "unfollow" },
  }
  for index, person in ipairs(people) do
    person.zl_user_id = ("43000000000000000%02d"):format(index)
    new_follower(board, person, now - (20 - index) * DAY)
  end
  share(board.followers[1], now - DAY)
  for index = 1, 2 do new_consent(board, { oa_id = accounts.OA_ID, phone = people[index].phone, call_type = "audio" }, now - DAY) end
end

customers.operations = {
  ["zalo.followers.list"] = list_followers,
  ["zalo.followers.request_info"] = request_info,
  ["zalo.messages.send_text"] = sends("text", { { "text", "text" } }),
  ["zalo.messages.send_sticker"] = sends("sticker", { { "attachment_id", "text" } }),
  ["zalo.messages.send_image"] = sends("photo", { { "attachment_id", "text" }, { "image_url", "text" } }),
  ["zalo.messages.send_file"] = sends("file", { { "token", "text" } }),
  ["zalo.messages.send_transaction"] = send_transaction,
  ["zalo.consents.request"] = request_consent,
  ["zalo.consents.check"] = check_consent,
  ["zalo.consents.list"] = list_consents,
}

return customers
