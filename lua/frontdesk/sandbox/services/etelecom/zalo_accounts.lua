--- The official accounts of the simulated eTelecom: how they are connected, and what they may still send today.

local common = require "frontdesk.sandbox.services.etelecom.common"
local ids = require "frontdesk.sandbox.ids"
local respond = require "frontdesk.sandbox.respond"
local value = require "frontdesk.sandbox.value"

local failure = common.failure

local accounts = {}

--- The account that the sample shop has connected, and the application it is connected through.
accounts.OA_ID, accounts.APP_ID = "4100000000000000001", "4200000000000000001"

local DAY, VIETNAM = 86400, 7 * 3600
local CODE_LIFE, AUTHORIZED_FOR = 600, 90 * DAY
local DAILY_QUOTA = 500

-- Quotas. ------------------------------------------------------------------------------------------------------------------

-- A day of Vietnam; at its end what was used is forgotten.
local function used_today(holder, now)
  local day = math.floor((now + VIETNAM) / DAY)
  if holder.day ~= day then holder.day, holder.used = day, 0 end
  return holder.used
end

--- How much of a day's quota is left.
---@param holder table what the quota belongs to
---@param quota integer a day
---@param now number
---@return integer
function accounts.left(holder, quota, now)
  return math.max(0, quota - used_today(holder, now))
end

--- Takes one off a day's quota.
---@param holder table
---@param now number
function accounts.spend(holder, now)
  holder.used = used_today(holder, now) + 1
end

-- Accounts. ----------------------------------------------------------------------------------------------------------------

local BRIEF = { "oa_id", "name", "description", "avatar", "cover", "is_verified", "app_id", "shop_id", "onwer_id", "connection_id",
  "connection_method", "status", "current_quality", "last_week_quality", "daily_quota", "remaining_quota", "expires_at",
  "created_at", "updated_at" }
local WHOLE = { "daily_quota_promotion", "monthly_promotion_quota", "remaining_monthly_promotion_quota",
  "estimated_next_month_promotion_quota", "webhook_url" }
for _, name in ipairs(BRIEF) do WHOLE[#WHOLE + 1] = name end

local function shown(account, names, now)
  account.status = now < account.expires and "P" or "N"
  account.expires_at, account.remaining_quota = common.time(account.expires), accounts.left(account, account.daily_quota, now)
  return common.pick(account, names)
end

local function new_account(board, fields, now)
  local account = {
    oa_id = fields.oa_id, name = fields.name, description = "", avatar = "https://pictures.sandbox.example/" .. fields.oa_id .. ".png",
    cover = "", is_verified = true, app_id = fields.app_id, shop_id = board.shop.id, onwer_id = board.shop.id,
    connection_id = common.new_id(board.state), connection_method = "direct", current_quality = "HIGH", last_week_quality = "HIGH",
    daily_quota = DAILY_QUOTA, daily_quota_promotion = 50, monthly_promotion_quota = 200, remaining_monthly_promotion_quota = 200,
    estimated_next_month_promotion_quota = 200, webhook_url = "", created = now, expires = now + AUTHORIZED_FOR,
    created_at = common.time(now), updated_at = common.time(now),
  }
  table.insert(board.accounts, 1, account)
  return account
end

local function find(board, oa_id)
  for _, account in ipairs(board.accounts) do
    if account.oa_id == oa_id then return account end
  end
end

--- The account that a request names by oa_id, the rest of the request being checked as well; nil and a refusal when there is none.
---@param request table
---@param board table
---@param rules? table[] of the other fields, as of `common.complaint`
---@return table? account
---@return table? response
function accounts.named(request, board, rules)
  local wrong = common.complaint(request.json, { { "oa_id", "text", required = true } })
    or common.complaint(request.json, rules or {})
  if wrong then return nil, failure("invalid_argument", wrong) end
  local account = find(board, request.json.oa_id)
  if not account then return nil, failure("not_found", "There is no such official account") end
  return account
end

--- The same for a request that does something with the account, which must still be authorized.
---@param request table
---@param board table
---@param rules? table[]
---@return table? account
---@return table? response
function accounts.usable(request, board, rules)
  local account, refusal = accounts.named(request, board, rules)
  if account and request.now >= account.expires then
    return nil, failure("failed_precondition", "The authorization of the official account has ended")
  end
  return account, refusal
end

-- Connecting one. ----------------------------------------------------------------------------------------------------------

local function escaped(text)
  return (text:gsub("[^%w%-%._~]", function(char) return ("%%%02X"):format(char:byte()) end))
end

-- The link to the owner's consent. Nobody need follow it: what the owner would come back with stands in its query.
local function link(board, fields, now)
  board.last_state = (board.last_state or 7000) + 1
  local grant = { code = ids.hex(32), state = board.last_state, oa_id = fields.oa_id, app_id = fields.app_id, expires = now + CODE_LIFE }
  board.grants[grant.code] = grant
  return respond.json(200, {
    url = ("https://oauth.sandbox.example/permission?app_id=%s&redirect_uri=%s&code=%s&oa_id=%s&state=%d"):format(
      escaped(fields.app_id), escaped(fields.redirect_uri), grant.code, grant.oa_id, grant.state),
  })
end

local function authorize(request, board)
  local body = request.json
  local wrong = common.complaint(body, { { "app_id", "text", required = true }, { "app_secret", "text", required = true },
    { "redirect_uri", "text", required = true } })
  if not wrong and not body.redirect_uri:find("^https?://[^/?#%s]+[^%s]*$") then wrong = "redirect_uri is no web address" end
  if wrong then return failure("invalid_argument", wrong) end
  board.state.last_oa = (board.state.last_oa or 1) + 1
  return link(board, { app_id = body.app_id, redirect_uri = body.redirect_uri, oa_id = ("4100000000000%06d"):format(board.state.last_oa) },
    request.now)
end

local function reauthorize(request, board)
  local account, refusal = accounts.named(request, board)
  if not account then return refusal end
  return link(board, { app_id = account.app_id, redirect_uri = "https://oauth.sandbox.example/done", oa_id = account.oa_id }, request.now)
end

local function connect(request, board)
  local body = request.json
  local wrong = common.complaint(body, { { "code", "text", required = true }, { "oa_id", "text", required = true },
    { "state", "integer", required = true } })
  if wrong then return failure("invalid_argument", wrong) end
  local grant = board.grants[body.code]
  if not grant or request.now >= grant.expires then return failure("invalid_argument", "code is wrong, used or too old") end
  if grant.state ~= body.state or grant.oa_id ~= body.oa_id then
    return failure("invalid_argument", "code, state and oa_id do not belong together")
  end
  board.grants[body.code] = nil
  local account = find(board, grant.oa_id)
  if account then
    account.expires, account.updated_at = request.now + AUTHORIZED_FOR, common.time(request.now)
  else
    account = new_account(board, { oa_id = grant.oa_id, app_id = grant.app_id, name = board.shop.name }, request.now)
  end
  return respond.json(200, shown(account, BRIEF, request.now))
end

-- Reading and changing them. -----------------------------------------------------------------------------------------------

local FILTER = { { "oa_id", "text" }, { "app_id", "text" }, { "name", "text" }, { "date_from", "time" }, { "date_to", "time" } }

local function list(request, board)
  local filter, refusal = common.filter(request, FILTER)
  if not filter then return refusal end
  local found = {}
  for _, account in ipairs(board.accounts) do
    if common.fits(account, filter, { "oa_id", "app_id", "name" }) and common.within(filter, account.created) then
      found[#found + 1] = account
    end
  end
  return common.page(request, found, "accounts", function(account) return shown(account, BRIEF, request.now) end)
end

local function get(request, board)
  local account, refusal = accounts.named(request, board)
  return account and respond.json(200, shown(account, WHOLE, request.now)) or refusal
end

local function update(request, board)
  local account, refusal = accounts.named(request, board, { { "webhook_url", "text" } })
  if not account then return refusal end
  local url = request.json.webhook_url
  if value.given(url) and not url:find("^https?://[^/?#%s]+[^%s]*$") then
    return failure("invalid_argument", "webhook_url is no web address")
  end
  if not value.absent(url) then account.webhook_url, account.updated_at = url, common.time(request.now) end
  return respond.json(200, shown(account, WHOLE, request.now))
end

--- What the sample shop begins with: one connected account.
---@param board table
---@param now number
function accounts.fill(board, now)
  new_account(board, { oa_id = accounts.OA_ID, app_id = accounts.APP_ID, name = board.shop.name }, now - 30 * DAY)
end

accounts.operations = {
  ["zalo.accounts.authorize"] = authorize,
  ["zalo.accounts.reauthorize"] = reauthorize,
  ["zalo.accounts.connect"] = connect,
  ["zalo.accounts.list"] = list,
  ["zalo.accounts.get"] = get,
  ["zalo.accounts.update"] = update,
}

return accounts
