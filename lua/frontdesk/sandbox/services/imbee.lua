--- Imbee, simulated: access links, outside users and their chats. Every answer is an envelope; its `code` tells success.

local ids = require "frontdesk.sandbox.ids"
local respond = require "frontdesk.sandbox.respond"
local value = require "frontdesk.sandbox.value"

local AUTH, CORPORATE_KEY = "imbee-sandbox-auth", "imbee-sandbox-corporate"
local AGENT, VISITOR, VISITOR_KEY = "9d41c0a7e2b65f38", "3be8127f60d9a4c5", "imbee-sandbox-user"
local DEFAULT_RETRIES, DEFAULT_DAYS = 5, 30

local function envelope(status, code, message, body)
  return respond.json(status, { time = 0.00042, code = code, message = message, body = body or {} })
end

local function done(body)
  return envelope(200, 0, "Ok", body)
end

-- No document says which HTTP status an error has: what the service understood and refused is a 200 with code 1.
local function refused(message)
  return envelope(200, 1, message)
end

local function wrong_text(body, names)
  for _, name in ipairs(names) do
    if not value.absent(body[name]) and not value.text(body[name]) then return name end
  end
end

local function create_token(request, state)
  local body = request.json
  local wrong = wrong_text(body, { "virtual_user", "bot_idsha", "mail", "celullar" })
  if wrong then return refused(wrong .. " must be a string") end
  if not value.given(body.virtual_user) then return refused("virtual_user can not be null or empty") end
  if not value.given(body.bot_idsha) then return refused("bot_idsha is needed") end
  if not value.given(body.mail) and not value.given(body.celullar) then return refused("mail or celullar is needed") end
  if not value.absent(body.max_retries) and not (value.integer(body.max_retries) and body.max_retries >= 0) then
    return refused("max_retries must be a whole number")
  end
  if not value.absent(body.date_limit) and not value.date(body.date_limit) then
    return refused("date_limit must be a date, YYYY-MM-DD")
  end
  local key = body.virtual_user .. "\0" .. body.bot_idsha
  local known = state.tokens[key]
  state.tokens[key] = true
  return done({
    url = "https://chat.imbee.example/enter/" .. ids.hex(24),
    user_idsha = body.virtual_user,
    date_limit = value.given(body.date_limit) and body.date_limit or os.date("!%Y-%m-%d", request.now + DEFAULT_DAYS * 86400),
    max_retries = value.absent(body.max_retries) and DEFAULT_RETRIES or body.max_retries,
    previously_created = known or false,
  })
end

local function create_user(request, state)
  local body = request.json
  local wrong = wrong_text(body, { "uniqueIdSha", "platform", "deviceName", "hardwareId", "osVersion" })
  if wrong then return refused(wrong .. " must be a string") end
  if not value.given(body.uniqueIdSha) then return refused("uniqueIdSha is needed") end
  local user = state.users[body.uniqueIdSha]
  local known = user ~= nil
  if not known then
    user = { virtualUser = ids.hex(16), pass = ids.hex(12), apikey = "key-" .. ids.hex(24) }
    state.users[body.uniqueIdSha] = user
    state.by_key[user.apikey], state.by_idsha[user.virtualUser] = user, user
  end
  return done({ virtualUser = user.virtualUser, pass = user.pass, apikey = user.apikey, previously_registered = known })
end

-- The chat's members in a fixed order, or what is wrong with the contacts.
local function members_of(contacts, creator, state)
  if not value.array(contacts) or #contacts == 0 then return nil, "contacts must be a list with at least one user" end
  local seen, members = { [creator.virtualUser] = true }, {}
  for _, contact in ipairs(contacts) do
    if not value.object(contact) or not value.given(contact.idsha) or not value.text(contact.idsha) then
      return nil, "each contact needs an idsha"
    elseif not state.by_idsha[contact.idsha] then
      return nil, "no user has one of these idsha"
    elseif not seen[contact.idsha] then
      seen[contact.idsha] = true
      members[#members + 1] = contact.idsha
    end
  end
  if #members == 0 then return nil, "a chat needs somebody else" end
  table.sort(members)
  return members
end

local function chat_key(kind, creator, members)
  local everybody = { creator.virtualUser }
  for _, idsha in ipairs(members) do everybody[#everybody + 1] = idsha end
  table.sort(everybody)
  return kind .. "\0" .. table.concat(everybody, "\0")
end

local function create_chat(request, state)
  local body = request.json
  local creator = state.by_key[request.headers["x-woos-key"]]
  if not value.given(body.type) or not value.text(body.type) then return refused("type must be a string") end
  local members, problem = members_of(body.contacts, creator, state)
  if not members then return refused(problem) end
  local key = chat_key(body.type, creator, members)
  local known = state.chats[key]
  if not known then
    state.chats[key] = ids.hex(20)
    state.chat_count = state.chat_count + 1
  end
  local contacts = { { idsha = creator.virtualUser, isadmin = 1 } }
  for _, idsha in ipairs(members) do contacts[#contacts + 1] = { idsha = idsha, isadmin = 0 } end
  return done({ contacts = contacts, conversationId = state.chats[key], previously_created = known ~= nil })
end

local statuses = { route = 404, method = 405, media_type = 415, not_acceptable = 406, json = 400 }

local reasons = {
  route = "There is no such web service",
  method = "Wrong method",
  media_type = "Content-Type must be application/json",
  not_acceptable = "The answer can only be application/json",
  json = "The body is not a JSON object",
}

return {
  credentials = { auth = AUTH, corporate_key = CORPORATE_KEY, user_apikey = VISITOR_KEY },

  samples = {
    { "idsha", AGENT, "a user to chat with" },
    { "bot_idsha", "bot-welcome", "any bot id will do" },
  },

  state = function()
    local agent = { virtualUser = AGENT, pass = ids.hex(12), apikey = "key-" .. ids.hex(24) }
    local visitor = { virtualUser = VISITOR, pass = ids.hex(12), apikey = VISITOR_KEY }
    return {
      revoked = {},
      tokens = {},
      users = { ["desk-agent"] = agent, ["first-visitor"] = visitor },
      by_key = { [agent.apikey] = agent, [visitor.apikey] = visitor },
      by_idsha = { [AGENT] = agent, [VISITOR] = visitor },
      chats = {},
      chat_count = 0,
    }
  end,

  -- Two raw header values. The second is the company's, but for a chat it is that of the user who opens it.
  authenticate = function(request, operation, state)
    local auth, key = request.headers.authorization, request.headers["x-woos-key"]
    if auth ~= AUTH or state.revoked[auth] then return envelope(401, 1, "Authorization is missing or wrong") end
    local known
    if operation == "chats.create" then
      known = state.by_key[key or ""] ~= nil
    else
      known = key == CORPORATE_KEY
    end
    if not known then return envelope(401, 1, "X-WOOS-KEY is missing or wrong") end
  end,

  revoke = function(request, state)
    state.revoked[request.headers.authorization or ""] = true
  end,

  refuse = function(_, why)
    return envelope(statuses[why], 1, reasons[why])
  end,

  count = function(state)
    local users = 0
    for _ in pairs(state.users) do users = users + 1 end
    return { users = users, chats = state.chat_count }
  end,

  operations = {
    ["tokens.create"] = create_token,
    ["users.create"] = create_user,
    ["chats.create"] = create_chat,
  },
}
