--- The switchboards of the simulated eTelecom: one a shop, with hotlines of the partner, users, extensions and calls.

local calls = require "frontdesk.sandbox.services.etelecom.calls"
local common = require "frontdesk.sandbox.services.etelecom.common"
local ids = require "frontdesk.sandbox.ids"
local respond = require "frontdesk.sandbox.respond"
local value = require "frontdesk.sandbox.value"

local failure = common.failure

local pbx = {}

local DIRECTIONS = { unknown = true, ["in"] = true, out = true, ext = true, ext_in = true, ext_out = true }
local CALL_STATES = { unknown = true, answered = true, not_answered = true }
local NETWORKS = { unknown = true, mobifone = true, vinaphone = true, viettel = true, other = true }
local YEAR = 365 * 86400

-- Looking things up. -------------------------------------------------------------------------------------------------------

local function find(list, name, wanted)
  for _, entry in ipairs(list) do
    if entry[name] == wanted then return entry end
  end
end

-- The switchboard of a shop: there is a table for it before it is made.
local function board_of(state, shop)
  local board = state.boards[shop.id]
  if not board then
    board = { users = {}, extensions = {} }
    state.boards[shop.id] = board
  end
  return board
end

-- A list that asks for nothing lets everything through.
local function asked_for(list, wanted)
  return not value.given(list) or #list == 0 or common.among(list, wanted)
end

local function refuse(message)
  return failure("invalid_argument", message)
end

-- Switchboards. ------------------------------------------------------------------------------------------------------------

local function new_tenant(state, shop, now)
  return {
    id = common.new_id(state), name = shop.name, domain = "shop" .. shop.id:sub(-4) .. ".voip.sandbox.example",
    owner_id = shop.id, connection_id = common.new_id(state), connection_method = "direct", status = "Z",
    created_at = common.time(now), updated_at = common.time(now),
  }
end

local function create_tenant(request, state, shop)
  local board = board_of(state, shop)
  if board.tenant then return failure("already_exists", "The shop has a switchboard") end
  board.tenant = new_tenant(state, shop, request.now)
  return respond.json(200, board.tenant)
end

local function get_tenant(_, state, shop)
  local tenant = board_of(state, shop).tenant
  return tenant and respond.json(200, tenant) or failure("not_found", "The shop has no switchboard")
end

local function all_tenants(state)
  local tenants = {}
  for _, board in pairs(state.boards) do tenants[#tenants + 1] = board.tenant end
  table.sort(tenants, function(a, b) return a.id > b.id end)
  return tenants
end

local function list_tenants(request, state)
  local filter, refusal = common.filter(request, { { "name", "text" }, { "owner_id", "text" } })
  if not filter then return refusal end
  local found = {}
  for _, tenant in ipairs(all_tenants(state)) do
    if common.fits(tenant, filter, { "name", "owner_id" }) then found[#found + 1] = tenant end
  end
  return common.page(request, found, "tenants")
end

local function activate_tenant(request, state)
  local body = request.json
  local wrong = common.complaint(body, { { "tenant_id", "text" }, { "owner_id", "text" }, { "connection_id", "text" },
    { "hotline_id", "text" } })
  if wrong then return refuse(wrong) end
  local tenants = all_tenants(state)
  local tenant
  if value.given(body.tenant_id) then
    tenant = find(tenants, "id", body.tenant_id)
  elseif value.given(body.owner_id) then
    tenant = find(tenants, "owner_id", body.owner_id)
  else
    return refuse("tenant_id is missing")
  end
  if not tenant then return failure("not_found", "There is no such switchboard") end
  if value.given(body.hotline_id) and not find(state.hotlines, "id", body.hotline_id) then
    return failure("not_found", "There is no such hotline")
  end
  for _, name in ipairs { "owner_id", "connection_id" } do
    if value.given(body[name]) and body[name] ~= tenant[name] then return refuse(name .. " is not the switchboard's") end
  end
  local changed = tenant.status ~= "P"
  tenant.status, tenant.updated_at = "P", common.time(request.now)
  return common.updated(changed)
end

-- Hotlines. ----------------------------------------------------------------------------------------------------------------

local function new_hotline(state, fields, now)
  local hotline = {
    id = common.new_id(state), hotline = fields.hotline, name = fields.name,
    description = value.given(fields.description) and fields.description or "",
    is_free_charge = fields.is_free_charge == true, network = value.given(fields.network) and fields.network or "unknown",
    owner_id = value.given(fields.owner_id) and fields.owner_id or "0", connection_id = "0", connection_method = "direct",
    status = "P", created_at = common.time(now), updated_at = common.time(now),
  }
  table.insert(state.hotlines, 1, hotline)
  return hotline
end

local function add_hotline(request, state)
  local body = request.json
  local wrong = common.complaint(body, { { "hotline", "text", required = true }, { "name", "text", required = true },
    { "description", "text" }, { "is_free_charge", "boolean" }, { "network", "text", enum = NETWORKS }, { "owner_id", "text" } })
  if not wrong and not body.hotline:find("^%+?%d+$") then wrong = "hotline is no phone number" end
  if wrong then return refuse(wrong) end
  if find(state.hotlines, "hotline", body.hotline) then return failure("already_exists", "There is a hotline with this number") end
  return respond.json(200, new_hotline(state, body, request.now))
end

local function list_hotlines(request, state)
  return common.page(request, state.hotlines, "hotlines")
end

-- Users. -------------------------------------------------------------------------------------------------------------------

local function new_user(state, board, fields, now)
  local user = {
    id = common.new_id(state), full_name = fields.full_name, short_name = fields.full_name:match("(%S+)%s*$") or fields.full_name,
    phone = fields.phone, email = "", is_blocked = false, block_reason = "", ref_aff = "", ref_sale = "", source = "unknown",
    total_shop = 1, created_at = common.time(now), updated_at = common.time(now),
  }
  board.users[#board.users + 1] = user
  return user
end

local function create_user(request, state, shop)
  local body = request.json
  local wrong = common.complaint(body, { { "full_name", "text", required = true }, { "phone", "text", required = true },
    { "password", "text", required = true } })
  if not wrong and not body.phone:find("^%+?%d+$") then wrong = "phone is no phone number" end
  if wrong then return refuse(wrong) end
  local board = board_of(state, shop)
  if find(board.users, "phone", body.phone) then return failure("already_exists", "There is a user with this phone number") end
  return respond.json(200, new_user(state, board, body, request.now))
end

local USER_FILTER = { { "extension_number", "text" }, { "has_extension", "boolean" }, { "name", "text" }, { "phone", "text" },
  { "user_ids", "texts" } }

local function user_fits(filter, user, extension)
  return common.fits(user, filter, { "phone" })
    and asked_for(filter.user_ids, user.id)
    and (not value.given(filter.name) or user.full_name:lower():find(filter.name:lower(), 1, true) ~= nil)
    and (type(filter.has_extension) ~= "boolean" or filter.has_extension == (extension ~= nil))
    and (not value.given(filter.extension_number) or (extension and extension.extension_number) == filter.extension_number)
end

local function list_users(request, state, shop)
  local board = board_of(state, shop)
  local filter, refusal = common.filter(request, USER_FILTER)
  if not filter then return refusal end
  local found = {}
  for _, user in ipairs(board.users) do
    if user_fits(filter, user, find(board.extensions, "user_id", user.id)) then
      found[#found + 1] = {
        user_id = user.id, account_id = shop.id, full_name = user.full_name, short_name = user.short_name, phone = user.phone,
        email = user.email, position = "", department_id = "0", roles = respond.array({ "telecom_customerservice" }),
        permissions = respond.array({}), deleted = false,
      }
    end
  end
  return common.page(request, found, "account_users")
end

-- Extensions. --------------------------------------------------------------------------------------------------------------

local function new_extension(state, board, shop, fields, now)
  local extension = {
    id = common.new_id(state), extension_number = ("%d"):format(fields.extension_number), extension_password = ids.hex(16),
    tenant_id = board.tenant.id, tenant_domain = board.tenant.domain, hotline_id = fields.hotline_id,
    user_id = value.given(fields.user_id) and fields.user_id or "0", account_id = shop.id, subscription_id = common.new_id(state),
    state = "P", expires_at = common.time(now + YEAR), created_at = common.time(now), updated_at = common.time(now),
  }
  board.extensions[#board.extensions + 1] = extension
  return extension
end

local function create_extension(request, state, shop)
  local board, body = board_of(state, shop), request.json
  local wrong = common.complaint(body, { { "hotline_id", "text", required = true },
    { "extension_number", "integer", required = true }, { "user_id", "text" } })
  if not wrong and (body.extension_number < 1 or body.extension_number > 999999) then wrong = "extension_number is out of range" end
  if wrong then return refuse(wrong) end
  if not board.tenant then return failure("failed_precondition", "The shop has no switchboard") end
  if board.tenant.status ~= "P" then return failure("failed_precondition", "The switchboard is not activated") end
  if not find(state.hotlines, "id", body.hotline_id) then return failure("not_found", "There is no such hotline") end
  if value.given(body.user_id) and not find(board.users, "id", body.user_id) then
    return failure("not_found", "There is no such user")
  end
  if find(board.extensions, "extension_number", ("%d"):format(body.extension_number)) then
    return failure("already_exists", "There is an extension with this number")
  end
  return respond.json(200, new_extension(state, board, shop, body, request.now))
end

local function get_extension(request, state, shop)
  local board, body = board_of(state, shop), request.json
  local wrong = common.complaint(body, { { "extension_number", "text" }, { "email", "text" }, { "phone", "text" } })
  if wrong then return refuse(wrong) end
  local extension
  if value.given(body.extension_number) then
    extension = find(board.extensions, "extension_number", body.extension_number)
  elseif value.given(body.phone) or value.given(body.email) then
    local user = find(board.users, value.given(body.phone) and "phone" or "email", value.given(body.phone) and body.phone or body.email)
    extension = user and find(board.extensions, "user_id", user.id)
  else
    return refuse("extension_number is missing")
  end
  if not extension then return failure("not_found", "There is no such extension") end
  return respond.json(200, common.pick(extension, { "extension_number", "extension_password", "tenant_domain", "expires_at" }))
end

local function list_extensions(request, state, shop)
  return common.page(request, board_of(state, shop).extensions, "extensions")
end

-- The extension that a request means; nil and the refusal when there is none.
local function extension_of(body, board)
  local wrong = common.complaint(body, { { "extension_id", "text" }, { "user_id", "text" }, { "hotline_id", "text" } })
  if wrong then return nil, refuse(wrong) end
  local name = value.given(body.extension_id) and "id" or "user_id"
  local wanted = value.given(body.extension_id) and body.extension_id or body.user_id
  if not value.given(wanted) then return nil, refuse("extension_id is missing") end
  local extension = wanted ~= "0" and find(board.extensions, name, wanted) -- "0" stands where there is no user
  if not extension then return nil, failure("not_found", "There is no such extension") end
  return extension
end

local function set(extension, name, new, now)
  local changed = extension[name] ~= new
  extension[name], extension.updated_at = new, common.time(now)
  return common.updated(changed)
end

local function assign(request, state, shop)
  local board, body = board_of(state, shop), request.json
  local wrong = common.complaint(body, { { "extension_id", "text", required = true }, { "user_id", "text", required = true } })
  if wrong then return refuse(wrong) end
  local extension, refusal = extension_of(body, board)
  if not extension then return refusal end
  if not find(board.users, "id", body.user_id) then return failure("not_found", "There is no such user") end
  return set(extension, "user_id", body.user_id, request.now)
end

local function change_hotline(request, state, shop)
  local extension, refusal = extension_of(request.json, board_of(state, shop))
  if not value.given(request.json.hotline_id) then return refuse("hotline_id is missing") end
  if not extension then return refusal end
  if not find(state.hotlines, "id", request.json.hotline_id) then return failure("not_found", "There is no such hotline") end
  return set(extension, "hotline_id", request.json.hotline_id, request.now)
end

local function remove_user(request, state, shop)
  local extension, refusal = extension_of(request.json, board_of(state, shop))
  return extension and set(extension, "user_id", "0", request.now) or refusal
end

-- Calls. -------------------------------------------------------------------------------------------------------------------

local CALL_FILTER = { { "hotline_ids", "texts" }, { "extension_ids", "texts" }, { "user_id", "text" }, { "department_id", "text" },
  { "call_number", "text" }, { "call_state", "text", enum = CALL_STATES }, { "direction", "text", enum = DIRECTIONS },
  { "date_from", "time" }, { "date_to", "time" }, { "duration", "object" }, { "external_id", "text" },
  { "external_session_id", "text" } }

local COMPARE = {
  less_than_or_equal_to = function(a, b) return a <= b end,
  greater_than_or_equal_to = function(a, b) return a >= b end,
  equal_to = function(a, b) return a == b end,
}

-- Whether a call is one of those asked for.
local function call_fits(filter, call)
  local length = value.given(filter.duration) and filter.duration
  return common.fits(call, filter,
      { "user_id", "department_id", "call_state", "direction", "external_id", "external_session_id" })
    and (not value.given(filter.call_number) or filter.call_number == call.caller or filter.call_number == call.callee)
    and asked_for(filter.hotline_ids, call.hotline_id) and asked_for(filter.extension_ids, call.extension_id)
    and common.within(filter, call.started)
    and (not length or COMPARE[length.comparison](call.duration, length.value))
end

local CALL_MEMBERS = { "id", "direction", "caller", "callee", "call_state", "call_status", "duration", "started_at", "ended_at",
  "extension_id", "user_id", "contact_id", "call_targets", "recording_urls", "external_id", "external_session_id", "note",
  "created_at", "updated_at" }

local function list_calls(request, state, shop)
  local filter, refusal = common.filter(request, CALL_FILTER)
  if not filter then return refusal end
  local length = value.given(filter.duration) and filter.duration
  if length and not (COMPARE[length.comparison] and value.integer(length.value)) then return refuse("filter.duration is not usable") end
  local found = {}
  for _, call in ipairs(calls.of(state, board_of(state, shop), request.now)) do
    if call_fits(filter, call) then found[#found + 1] = call end
  end
  return common.page(request, found, "call_logs", function(call) return common.pick(call, CALL_MEMBERS) end)
end

--- Adds what the switchboards begin with: one shop has a hotline, three users with extensions, and a week of calls.
---@param state table
---@param shop table
function pbx.prepare(state, shop)
  local now = os.time()
  state.boards, state.hotlines = {}, {}
  local board = board_of(state, shop)
  board.tenant, board.has_history = new_tenant(state, shop, now), true
  board.tenant.status = "P"
  local hotline = new_hotline(state, { hotline = "0900000080", name = "Đường dây chính", owner_id = shop.id }, now)
  for index, name in ipairs { "Lê Thu", "Trần Bình", "Phạm Dung" } do
    local user = new_user(state, board, { full_name = name, phone = ("09000000%d"):format(80 + index) }, now)
    new_extension(state, board, shop, { extension_number = 100 + index, hotline_id = hotline.id, user_id = user.id }, now)
  end
end

--- The calls that the partner makes, by its own key.
pbx.partner = {
  ["pbx.tenants.list"] = list_tenants,
  ["pbx.tenants.activate"] = activate_tenant,
  ["pbx.hotlines.add"] = add_hotline,
  ["pbx.hotlines.list"] = list_hotlines,
}

--- The calls of a shop: functions of the request, the state and the shop.
pbx.shop = {
  ["pbx.tenants.create"] = create_tenant,
  ["pbx.tenants.get"] = get_tenant,
  ["pbx.users.create"] = create_user,
  ["pbx.users.list"] = list_users,
  ["pbx.extensions.create"] = create_extension,
  ["pbx.extensions.get"] = get_extension,
  ["pbx.extensions.list"] = list_extensions,
  ["pbx.extensions.assign"] = assign,
  ["pbx.extensions.change_hotline"] = change_hotline,
  ["pbx.extensions.remove_user"] = remove_user,
  ["pbx.call_logs.list"] = list_calls,
}

return pbx
