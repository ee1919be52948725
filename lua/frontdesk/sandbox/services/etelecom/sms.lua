--- The text messages of the simulated eTelecom: another address, user and password in the body, and refusals that are HTTP 200.

local common = require "frontdesk.sandbox.services.etelecom.common"
local json = require "frontdesk.sandbox.json"
local respond = require "frontdesk.sandbox.respond"
local value = require "frontdesk.sandbox.value"

local sms = {}

sms.USERNAME, sms.PASSWORD = "sms-sandbox", "sms-sandbox-password"
sms.PATH = "/sms/api"

local CHANNELS = { ["1"] = "ZNS", ["2"] = "AUTOCALL", ["3"] = "SMS" }
local ON_ITS_WAY = 5 -- seconds that a message is under way

--- Templates of the account: their variables.
local TEMPLATES = { DON_HANG = { "ten", "ma" }, LOI_CHAO = {} }

--- Refuses a wrong login, as plain text.
---@param request table
---@return table? response
function sms.authenticate(request)
  local body = request.json or {}
  if body.username ~= sms.USERNAME or body.password ~= sms.PASSWORD then return respond.text(401, "Unauthorized") end
end

local function refusal(status, words)
  return respond.json(200, { status = status, code = words })
end

-- The channels asked for, "13" or { "1", "3" }; "?" stands for one that is unknown.
local function channels_of(rule)
  local list = {}
  if value.text(rule) then
    for digit in rule:gmatch("%S") do list[#list + 1] = CHANNELS[digit] or "?" end
  elseif value.array(rule) then
    for index, digit in ipairs(rule) do list[index] = CHANNELS[digit] or "?" end
  end
  return list
end

local function send(request, state)
  local body = request.json
  local template = value.text(body.templatecode) and TEMPLATES[body.templatecode]
  local channels = channels_of(body.routerule)
  if not value.text(body.phonenumber) or not body.phonenumber:gsub("^0", "84"):find("^84%d%d%d%d%d%d%d%d%d$") then
    return refusal("-1", "the number has to be 84 and nine digits")
  elseif not template then
    return refusal("-6", "no template has this code")
  elseif #channels == 0 then
    return refusal("-8", "routerule names no channel")
  end
  for _, channel in ipairs(channels) do
    if channel == "?" then return refusal("-9", "a channel of routerule is not set up") end
  end
  local given = value.object(body.list_param) and body.list_param or {}
  for _, name in ipairs(template) do
    if not value.text(given[name]) then return refusal("-2", name .. " has no usable value") end
  end
  if state.sms_left == 0 then return refusal("-3", "all messages of the account are used up") end
  state.sms_left = state.sms_left - 1
  local id = "ICOMNI" .. ("%030d"):format(tonumber(common.new_id(state):sub(-12)))
  state.texts[id] = {
    phonenumber = body.phonenumber:gsub("^0", "84"), list_param = json.encode(given), channel = channels[1],
    templatecode = body.templatecode, sent = request.now,
  }
  return respond.json(200, { status = "1", code = "Success", idOmniMess = id })
end

-- A number that ends in 99 is never reached.
local function status(request, state)
  local message = value.text(request.json.idOmniMess) and state.texts[request.json.idOmniMess]
  if not message then return refusal("-10", "no message has this id") end
  local failed = message.phonenumber:sub(-2) == "99"
  local settled = request.now - message.sent >= ON_ITS_WAY
  return respond.json(200, {
    phonenumber = message.phonenumber, list_param = message.list_param, channel = message.channel,
    templatecode = message.templatecode, createdatetime = os.date("!%d/%m/%Y %H:%M:%S", math.floor(message.sent)),
    status = not settled and "PROCESSING" or failed and "FAIL" or "SUCCESS", errorCode = settled and failed and "UNREACHABLE" or "",
    mtcount = message.channel == "SMS" and 1 or nil, telcoid = message.channel == "SMS" and "1" or nil,
  })
end

--- Adds what the messages begin with.
---@param state table
function sms.prepare(state)
  state.texts, state.sms_left = {}, 1000
end

--- Values worth trying.
sms.samples = {
  { "templatecode", "DON_HANG", "a text message with the variables ten and ma" },
  { "phonenumber", "84900000099", "a number that is never reached, as all that end in 99" },
}

sms.operations = { ["sms.messages.send"] = send, ["sms.messages.status"] = status }

return sms
