local simulated = require "support.simulated"

local AGENT = "9d41c0a7e2b65f38"

describe("Imbee in the sandbox", function()
  local imbee, key

  -- Sends with the keys at hand; gives status and document.
  local function send(method, path, body, headers)
    local all = { authorization = "imbee-sandbox-auth", ["x-woos-key"] = key }
    for name, value in pairs(headers or {}) do all[name] = value end
    local answer = imbee:send(method, path, { body = body, headers = all })
    return answer.status, answer.json
  end

  before_each(function()
    imbee, key = simulated.new("imbee"), "imbee-sandbox-corporate"
  end)

  local function refused(status, document)
    assert.equal(200, status)
    assert.equal(1, document.code)
    assert.is_string(document.message)
    assert.is_number(document.time)
  end

  describe("access links", function()
    local function create(changes)
      local body = { virtual_user = "guest-1", bot_idsha = "bot-1", mail = "guest@mail.example" }
      for name, value in pairs(changes or {}) do body[name] = value or nil end
      return send("POST", "/token/new", body)
    end

    it("come with the server's defaults", function()
      local status, document = create()
      assert.equal(200, status)
      assert.equal(0, document.code)
      assert.equal("guest-1", document.body.user_idsha)
      assert.matches("^https://", document.body.url)
      assert.equal(os.date("!%Y-%m-%d", imbee.application:now() + 30 * 86400), document.body.date_limit)
      assert.equal(5, document.body.max_retries)
      assert.is_false(document.body.previously_created)
    end)

    it("keep the limits asked for, and tell a second time", function()
      create()
      local _, document = create({ max_retries = 2, date_limit = "2032-02-29", mail = false, celullar = "0900000001" })
      assert.equal(2, document.body.max_retries)
      assert.equal("2032-02-29", document.body.date_limit)
      assert.is_true(document.body.previously_created)
    end)

    for name, changes in pairs({ ["no user"] = { virtual_user = "" }, ["no bot"] = { bot_idsha = false },
      ["neither mail nor celullar"] = { mail = false }, ["a number as user"] = { virtual_user = 7 },
      ["retries in words"] = { max_retries = "3" }, ["a day that does not exist"] = { date_limit = "2031-02-29" },
      ["a date in another form"] = { date_limit = "1/2/2031" } }) do
      it("are refused for " .. name, function()
        refused(create(changes))
      end)
    end
  end)

  describe("users", function()
    it("are registered once", function()
      local _, first = send("POST", "/third_parties/user/new", { uniqueIdSha = "u-1", platform = "web" })
      assert.equal(0, first.code)
      assert.is_false(first.body.previously_registered)
      local _, second = send("POST", "/third_parties/user/new", { uniqueIdSha = "u-1" })
      assert.is_true(second.body.previously_registered)
      assert.equal(first.body.virtualUser, second.body.virtualUser)
      assert.equal(first.body.apikey, second.body.apikey)
    end)

    it("are refused without an id, and with a field of the wrong type", function()
      refused(send("POST", "/third_parties/user/new", {}))
      refused(send("POST", "/third_parties/user/new", { uniqueIdSha = "u", osVersion = 12 }))
    end)
  end)

  describe("chats", function()
    local user

    before_each(function()
      user = select(2, send("POST", "/third_parties/user/new", { uniqueIdSha = "u-1" })).body
      key = user.apikey
    end)

    local function create(contacts, kind)
      return send("POST", "/chat/create", { type = kind or "chat", contacts = contacts })
    end

    it("are opened by the user whose key is sent", function()
      local status, document = create({ { idsha = AGENT } })
      assert.equal(200, status)
      assert.equal(0, document.code)
      assert.same({ { idsha = user.virtualUser, isadmin = 1 }, { idsha = AGENT, isadmin = 0 } }, document.body.contacts)
      assert.is_false(document.body.previously_created)
    end)

    it("are found again for the same people", function()
      local _, first = create({ { idsha = AGENT } })
      local _, second = create({ { idsha = AGENT }, { idsha = AGENT } })
      assert.is_true(second.body.previously_created)
      assert.equal(first.body.conversationId, second.body.conversationId)
      assert.equal(1, imbee.application:counts().imbee.chats)
    end)

    for name, contacts in pairs({ ["no contacts"] = require("frontdesk.sandbox.json").array({}), ["contacts as an object"] = {},
      ["contacts in words"] = "somebody", ["a contact without idsha"] = { { id = AGENT } }, ["an unknown idsha"] = { { idsha = "x" } },
      ["an idsha that is a number"] = { { idsha = 3 } } }) do
      it("are refused with " .. name, function()
        refused(create(contacts))
      end)
    end

    it("are refused with nobody but the user, and without a type", function()
      refused(create({ { idsha = user.virtualUser } }))
      refused(send("POST", "/chat/create", { contacts = { { idsha = AGENT } } }))
    end)

    it("are not opened with the company's key", function()
      local status, document = send("POST", "/chat/create", { type = "chat", contacts = { { idsha = AGENT } } },
        { ["x-woos-key"] = "imbee-sandbox-corporate" })
      assert.equal(401, status)
      assert.equal(1, document.code)
    end)
  end)

  it("wants both headers, raw", function()
    local body = { uniqueIdSha = "u" }
    for _, headers in ipairs({ { authorization = false }, { authorization = "Bearer imbee-sandbox-auth" }, { ["x-woos-key"] = false },
      { ["x-woos-key"] = "imbee-sandbox-user" } }) do
      local status, document = send("POST", "/third_parties/user/new", body, headers)
      assert.equal(401, status)
      assert.equal(1, document.code)
    end
  end)

  it("takes a revoked key no more", function()
    imbee.application:fault({ kind = "revoked", service = "imbee" })
    for _ = 1, 2 do assert.equal(401, (send("POST", "/third_parties/user/new", { uniqueIdSha = "u" }))) end
  end)

  it("refuses what is not its own way of talking, in its envelope", function()
    local cases = { { 404, "POST", "/user/new", {} }, { 405, "GET", "/token/new" },
      { 415, "POST", "/token/new", "{}", { ["content-type"] = "application/xml" } }, { 400, "POST", "/token/new", "{" } }
    for _, case in ipairs(cases) do
      local status, document = send(case[2], case[3], case[4], case[5])
      assert.equal(case[1], status)
      assert.equal(1, document.code)
    end
  end)
end)
