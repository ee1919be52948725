local null = require("frontdesk").null
local suite = require "support.service_suite"

local BASE = "https://chat.imbee.example"
local imbee = suite.new("imbee", {
  base = BASE,
  options = { base_url = BASE .. "/", auth = "auth-1", corporate_key = "corp-1", user_apikey = "user-1" },
  headers = { accept = "application/json", authorization = "auth-1", ["x-woos-key"] = "corp-1" },
})

local AGENT = "9d41c0a7e2b65f38"

local function envelope(code, body, message)
  return ('{"time":0.0021,"code":%d,"message":"%s","body":%s}'):format(code, message or "Ok", body or "{}")
end

-- What every call does with an answer whose code is not 0.
local function refuses_codes(operation)
  imbee:fails(operation, "1", "is an error for the code 1, also in a HTTP 200", {
    answer = { 200, envelope(1, "{}", "It did not work") }, kind = "rejected", message = "It did not work", retryable = false,
  })
  imbee:fails(operation, "1", "takes the kind of a code 1 from the HTTP status", {
    answer = { 401, envelope(1, "{}", "Who are you") }, kind = "auth", message = "Who are you",
  })
  imbee:fails(operation, "1", "is an error for the code 1 without a word", {
    answer = { 200, '{"code":1}' }, kind = "rejected",
  })
  imbee:fails(operation, "37", "is an error for a code that nobody documented", {
    answer = { 200, envelope(37, "{}", "Thirty-seven") }, kind = "rejected", message = "Thirty-seven",
  })
  imbee:fails(operation, nil, "is an error without a code", {
    answer = { 200, '{"message":"Ok","body":{}}' }, kind = "rejected",
  })
  imbee:fails(operation, "0", "is an error with HTTP 500, even when the code is 0", {
    answer = { 500, envelope(0) }, kind = "unavailable", outcome = "unknown", retryable = false,
  })
end

describe("imbee: making an access link", function()
  imbee:success("tokens.create", "sends the user, the bot and where the link goes", {
    input = { virtual_user = "user-7", bot_idsha = "bot-welcome", mail = "linh@khach.example" },
    sends = { "POST", "/token/new", '{"virtual_user":"user-7","bot_idsha":"bot-welcome","mail":"linh@khach.example"}' },
    answer = { 200, envelope(0, '{"url":"https://chat.imbee.example/t/1","user_idsha":"user-7","date_limit":"2030-01-31","max_retries":5,'
      .. '"previously_created":false}') },
    value = { url = "https://chat.imbee.example/t/1", user_idsha = "user-7", date_limit = "2030-01-31", max_retries = 5, previously_created = false },
    in_sandbox = function(link)
      assert.matches("^https://", link.url)
      assert.equal("user-7", link.user_idsha)
      assert.is_false(link.previously_created)
    end,
  })

  imbee:success("tokens.create", "sends every field", {
    input = { virtual_user = "user-7", bot_idsha = "bot-welcome", mail = "linh@khach.example", celullar = "0900000001", max_retries = 3,
      date_limit = "2028-02-29" },
    sends = { "POST", "/token/new", '{"virtual_user":"user-7","bot_idsha":"bot-welcome","mail":"linh@khach.example","celullar":"0900000001",'
      .. '"max_retries":3,"date_limit":"2028-02-29"}' },
    answer = { 200, envelope(0, '{"url":"https://chat.imbee.example/t/2","max_retries":3}') },
    value = { url = "https://chat.imbee.example/t/2", max_retries = 3 },
    in_sandbox = function(link)
      assert.equal("2028-02-29", link.date_limit)
      assert.equal(3, link.max_retries)
    end,
  })

  imbee:accepts("tokens.create", "virtual_user", "alias", "takes the manual's other spelling of the user, and sends the right one", {
    { { virutal_user = "user-7", bot_idsha = "b", celullar = "0900000001" }, '{"virtual_user":"user-7","bot_idsha":"b","celullar":"0900000001"}' },
  })

  local SOMEWHERE = "one of mail, celullar is required"
  imbee:refuses("tokens.create", {
    { "virtual_user", "required" },
    { "virtual_user", "type", 7, "must be a string" },
    { "bot_idsha", "required" },
    { "bot_idsha", "type", 7, "must be a string" },
    { "mail", "condition", { virtual_user = "u", bot_idsha = "b" }, SOMEWHERE },
    { "mail", "condition", { virtual_user = "u", bot_idsha = "b", mail = "", celullar = null }, SOMEWHERE },
    { "mail", "type", 7, "must be a string" },
    { "celullar", "type", 900000001, "must be a string" },
    { "max_retries", "type", "3", "must be an integer" },
    { "max_retries", "type", 2.5, "must be an integer" },
    { "max_retries", "min", -1, "must be at least 0" },
    { "date_limit", "type", 20300131, "must be a string" },
    { "date_limit", "date", "2030-02-29", "must be a date that exists" },
    { "date_limit", "date", "31/01/2030", "must be a date that exists" },
    { "virtualuser", "unknown", "u", 'is not a field of this operation (did you mean "virtual_user"?)' },
    { "cellular", "unknown", "0900000001", 'is not a field of this operation (did you mean "celullar"?)' },
  })

  it("tokens.create refuses both spellings of the user at once", function()
    imbee:expect_refusal("tokens.create", { virtual_user = "u", virutal_user = "u", bot_idsha = "b", mail = "m@khach.example" }, nil,
      "virtual_user", "is given twice")
  end)

  refuses_codes "tokens.create"
end)

describe("imbee: registering somebody from outside", function()
  imbee:success("users.create", "sends the one field that is needed", {
    input = { uniqueIdSha = "visitor-7" },
    sends = { "POST", "/third_parties/user/new", '{"uniqueIdSha":"visitor-7"}' },
    answer = { 200, envelope(0, '{"virtualUser":"vu-7","pass":"pw-7","apikey":"key-7","previously_registered":false}', "Ok.") },
    value = { virtualUser = "vu-7", pass = "pw-7", apikey = "key-7", previously_registered = false },
    in_sandbox = function(user, state)
      assert.equal(user.apikey, state.users["visitor-7"].apikey)
      assert.is_false(user.previously_registered)
    end,
  })

  imbee:success("users.create", "sends what is known of the device, also for a user who was there before", {
    input = { uniqueIdSha = "first-visitor", platform = "web", deviceName = "till", hardwareId = "hw-1", osVersion = "12" },
    sends = { "POST", "/third_parties/user/new",
      '{"uniqueIdSha":"first-visitor","platform":"web","deviceName":"till","hardwareId":"hw-1","osVersion":"12"}' },
    answer = { 200, envelope(0, '{"virtualUser":"vu-7","previously_registered":true}') },
    value = { virtualUser = "vu-7", previously_registered = true },
    in_sandbox = function(user, state)
      assert.equal(state.users["first-visitor"].virtualUser, user.virtualUser)
      assert.is_true(user.previously_registered)
    end,
  })

  imbee:refuses("users.create", {
    { "uniqueIdSha", "required" },
    { "uniqueIdSha", "type", 7, "must be a string" },
    { "platform", "type", 7, "must be a string" },
    { "deviceName", "type", 7, "must be a string" },
    { "hardwareId", "type", 7, "must be a string" },
    { "osVersion", "type", 12, "must be a string" },
    { "uniqueIdsha", "unknown", "x", 'is not a field of this operation (did you mean "uniqueIdSha"?)' },
  })

  refuses_codes "users.create"
end)

describe("imbee: opening a chat", function()
  imbee:success("chats.create", "sends the user's own key where the company's stands elsewhere", {
    input = { contacts = { { idsha = AGENT } } },
    sends = { "POST", "/chat/create", '{"type":"chat","contacts":[{"idsha":"9d41c0a7e2b65f38"}]}' },
    headers = { ["x-woos-key"] = "user-1" },
    answer = { 200, envelope(0, '{"contacts":[{"idsha":"vu-7","isadmin":1},{"idsha":"9d41c0a7e2b65f38","isadmin":0}],"conversationId":"c-1",'
      .. '"previously_created":false}') },
    value = { contacts = { { idsha = "vu-7", isadmin = 1 }, { idsha = AGENT, isadmin = 0 } }, conversationId = "c-1", previously_created = false },
    in_sandbox = function(chat, state)
      assert.equal(1, state.chat_count)
      assert.equal(AGENT, chat.contacts[2].idsha)
      assert.equal(1, chat.contacts[1].isadmin)
    end,
  })

  imbee:accepts("chats.create", "apikey", "option", "takes the user's key with the call, before that of the client", {
    { { apikey = "user-2", contacts = { { idsha = "a" }, { idsha = "b" } } }, '{"type":"chat","contacts":[{"idsha":"a"},{"idsha":"b"}]}' },
  }, { headers = { ["x-woos-key"] = "user-2" } })

  imbee:accepts("chats.create", "type", "default", "is a chat unless another type is named", {
    { { contacts = { { idsha = "a" } } }, '{"type":"chat","contacts":[{"idsha":"a"}]}' },
    { { type = "group", contacts = { { idsha = "a" } } }, '{"type":"group","contacts":[{"idsha":"a"}]}' },
  })

  imbee:refuses("chats.create", {
    { "apikey", "required" },
    { "apikey", "type", 7, "must be a string" },
    { "apikey", "header", "user-secret\r\nX-Other: 1", "must not contain line breaks" },
    { "type", "type", 7, "must be a string" },
    { "contacts", "required" },
    { "contacts", "nonempty", {}, "must not be empty" },
    { "contacts", "type", "a", "must be a list" },
    { "contacts", "type", { idsha = "a" }, "must be a list" },
    { "contacts[1]", "type", "a", "must be an object" },
    { "contacts[1].idsha", "required" },
    { "contacts[1].idsha", "type", 7, "must be a string" },
    { "contacts[1].id", "unknown", "a", "is not a field of contacts[1]" },
    { "contact", "unknown", "a", 'is not a field of this operation (did you mean "contacts"?)' },
  }, { input = { apikey = "user-2", contacts = { { idsha = "a" } } }, options = { user_apikey = false } })

  it("chats.create is open to a client of the user's own", function()
    local client, transport = imbee:client({ user_apikey = false }, { 200, envelope(0) }, { 200, envelope(0) })
    local user = client:user "user-3"
    assert.is_table((user.chats:create { contacts = { { idsha = "a" } } }))
    assert.is_table((user.users:create { uniqueIdSha = "v" }))
    assert.equal("user-3", transport.sent[1].headers["x-woos-key"])
    assert.equal("corp-1", transport.sent[2].headers["x-woos-key"])
  end)

  it("chats.create does not show a key that it refuses", function()
    local client = imbee:client()
    local _, err = client.chats:create { apikey = "user-secret\n", contacts = { { idsha = "a" } } }
    assert.is_nil(tostring(err):find("user-secret", 1, true))
  end)

  refuses_codes "chats.create"
end)

describe("imbee: the keys", function()
  it("travel as they are given, with no scheme", function()
    local client, transport = imbee:client({ auth = "Basic nothing" }, { 200, envelope(0) })
    assert.is_table((client.users:create { uniqueIdSha = "v" }))
    assert.equal("Basic nothing", transport.sent[1].headers.authorization)
  end)

  it("that are missing are asked for by name", function()
    local client, transport = imbee:client { corporate_key = false }
    local _, err = client.users:create { uniqueIdSha = "v" }
    assert.equal("auth", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal("there is no credential to send; give the client auth and corporate_key", err.message)
    assert.equal(0, #transport.sent)
  end)

  it("are not shown when a service echoes them", function()
    local client = imbee:client({ auth = "auth-secret", corporate_key = "corp-secret" },
      { 401, envelope(1, "{}", "not auth-secret, not corp-secret") })
    local _, err = client.users:create { uniqueIdSha = "v" }
    assert.equal("not (hidden), not (hidden)", err.message)
  end)

  it("are not shown when a service echoes the key of the user who opens a chat", function()
    local client = imbee:client({ user_apikey = "user-secret" }, { 401, envelope(1, "{}", "not user-secret") },
      { 401, envelope(1, "{}", "not other-secret") })
    local _, err = client.chats:create { contacts = { { idsha = "a" } } }
    assert.equal("not (hidden)", err.message)
    _, err = client.chats:create { apikey = "other-secret", contacts = { { idsha = "a" } } }
    assert.equal("not (hidden)", err.message)
  end)

  it("go nowhere without an address, which the client asks for", function()
    assert.error_matches(function() imbee:client { base_url = false } end, "base_url is missing")
  end)

  it("do not travel over plain http to another machine", function()
    local client, transport = imbee:client { base_url = "http://chat.imbee.example" }
    local _, err = client.users:create { uniqueIdSha = "v" }
    assert.equal("base_url", err.field)
    assert.equal(0, #transport.sent)
  end)
end)

imbee:leaves_nothing_out()
