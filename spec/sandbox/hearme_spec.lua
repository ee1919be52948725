local simulated = require "support.simulated"

local FEEDBACK, EVENT = "/main/customer/sending_feedback", "/main/v201/object_emit_event"
local KIOSK, OFFLINE = "kiosk-front-door", "kiosk-store-room"
local DAY = 86400

describe("hearme in the sandbox", function()
  local hearme, authorization

  -- Sends with the token of the last sign-in; gives status, document and the whole answer.
  local function send(method, path, body, headers)
    local all = { authorization = authorization }
    for name, value in pairs(headers or {}) do all[name] = value end
    local answer = hearme:send(method, path, { body = body, headers = all })
    return answer.status, answer.json, answer
  end

  local function login(extra)
    local body = { username = "front.desk", password = "hearme-sandbox-password" }
    for name, value in pairs(extra or {}) do body[name] = value end
    return send("POST", "/oauth/auth/login", body, { authorization = false })
  end

  local function signed_in(extra)
    local _, document = login(extra)
    authorization = "BEARER " .. document.token
  end

  before_each(function()
    hearme, authorization = simulated.new("hearme"), nil
  end)

  describe("login", function()
    it("gives a new token each time", function()
      local status, first = login()
      assert.equal(200, status)
      local _, second = login()
      assert.is_string(first.token)
      assert.not_equal(first.token, second.token)
    end)

    it("refuses a wrong password with 401", function()
      local status, document = login({ password = "guess" })
      assert.equal(401, status)
      assert.is_nil(document.token)
      assert.is_nil(document.code)
    end)

    for name, extra in pairs({ ["a missing user name"] = { username = "" }, ["a number as password"] = { password = 7 },
      ["half a day"] = { life_time = 0.5 },
      ["a negative life time"] = { life_time = -1 }, ["a life time in words"] = { life_time = "7" } }) do
      it("refuses " .. name, function()
        assert.equal(400, (login(extra)))
      end)
    end

    for name, case in pairs({ ["14 days when nothing is said"] = { nil, 14 }, ["as many days as asked"] = { 3, 3 } }) do
      it("gives a token for " .. name, function()
        signed_in({ life_time = case[1] })
        hearme:advance(case[2] * DAY - 1)
        assert.equal(200, (send("GET", "/oauth/user/permissions/any")))
        hearme:advance(1)
        assert.equal(401, (send("GET", "/oauth/user/permissions/any")))
      end)
    end

    it("gives a token for ever with life_time 0", function()
      signed_in({ life_time = 0 })
      hearme:advance(10000 * DAY)
      assert.equal(200, (send("GET", "/oauth/user/permissions/any")))
    end)
  end)

  describe("token", function()
    for name, header in pairs({ ["no header"] = false, ["an unknown token"] = "BEARER nonsense", ["another scheme"] = "Token x" }) do
      it("is checked: " .. name .. " is a 401", function()
        assert.equal(401, (send("GET", "/oauth/user/permissions/any", nil, { authorization = header })))
        assert.equal(401, (send("POST", FEEDBACK, {}, { authorization = header })))
        assert.equal(401, (send("POST", EVENT, { event = "reset_customer" }, { authorization = header })))
      end)
    end

    it("works with the scheme in any case", function()
      signed_in()
      local token = authorization:match(" (.*)")
      assert.equal(200, (send("GET", "/oauth/user/permissions/any", nil, { authorization = "Bearer " .. token })))
    end)

    it("can be revoked by a fault", function()
      signed_in()
      hearme.application:fault({ kind = "revoked", service = "hearme" })
      assert.equal(401, (send("GET", "/oauth/user/permissions/any")))
      signed_in()
      assert.equal(200, (send("GET", "/oauth/user/permissions/any")))
    end)
  end)

  describe("permissions", function()
    before_each(function() signed_in() end)

    it("are a bare list", function()
      local status, list = send("GET", "/oauth/user/permissions/5a0dbe57a0c4411e9f2b8d3c6e7f1024")
      assert.equal(200, status)
      assert.equal(2, #list)
      assert.equal("operator", list[1].permission_id)
      assert.equal("organization", list[1].resource_type)
    end)

    it("are an empty list, not an object, where there are none", function()
      local _, _, answer = send("GET", "/oauth/user/permissions/elsewhere")
      assert.equal("[]", answer.text)
    end)
  end)

  describe("feedback", function()
    before_each(function() signed_in() end)

    local function feedback(customer, extra)
      local body = { device_id = KIOSK, customer = customer }
      for name, value in pairs(extra or {}) do body[name] = value end
      return send("POST", FEEDBACK, body)
    end

    it("puts a new customer on the kiosk", function()
      local status, document = feedback({ name = "Lê Thị Hoa", phone = "0900000001" }, { attach_info = { bill = 12 } })
      assert.equal(200, status)
      assert.same({ message = "OK", status = 0 }, document)
      local kiosk = hearme:state().devices[KIOSK]
      assert.equal("Lê Thị Hoa", kiosk.customer.name)
      assert.same({ bill = 12 }, kiosk.attach_info)
    end)

    it("knows a customer by ext_id, with or without a name", function()
      assert.equal(200, (feedback({ ext_id = "KH-1", name = "Lê Thị Hoa" })))
      assert.equal(200, (feedback({ ext_id = "KH-1" })))
      assert.equal(200, (feedback({ ext_id = "KH-1", name = "Lê Hoa" })))
      assert.equal(1, hearme.application:counts().hearme.customers)
      assert.equal("Lê Hoa", hearme:state().devices[KIOSK].customer.name)
    end)

    it("takes null for what is not known", function()
      local null = require("frontdesk.sandbox.json").null
      assert.equal(200, (feedback({ name = "Lê Thị Hoa", ext_id = null, company = null, birthday = null })))
    end)

    local refusals = {
      { "CUS01", "a customer without name and ext_id", { phone = "0900000001" } },
      { "CUS01", "an empty name without ext_id", { name = "", ext_id = "" } },
      { "CUS02", "a phone number that is a number", { name = "Hoa", phone = 900000001 } },
      { "CUS02", "a phone number with letters", { name = "Hoa", phone = "zero nine" } },
      { "CUS02", "a mail address without an at sign", { name = "Hoa", email = "hoa.example" } },
      { "CUS02", "an ext_id that is a number", { ext_id = 7 } },
      { "CUS02", "a name that is a list", { name = { "Hoa" } } },
      { "CUS01", "no customer", nil },
      { "CUS02", "a customer in words", "Hoa" },
      { "CUS01", "no device", { name = "Hoa" }, { device_id = "" } },
      { "CUS02", "a device that is a number", { name = "Hoa" }, { device_id = 5 } },
      { "API04", "a device that does not exist", { name = "Hoa" }, { device_id = "nowhere" } },
    }
    local numbers = { CUS01 = 1, CUS02 = 2, API04 = 0 }
    for _, case in ipairs(refusals) do
      it("refuses " .. case[2] .. " with " .. case[1], function()
        local status, document = feedback(case[3], case[4])
        assert.equal(400, status)
        assert.equal(case[1], document.code)
        assert.equal(numbers[case[1]], document.status)
        assert.equal(0, hearme.application:counts().hearme.customers)
      end)
    end

    it("refuses a customer that is there already with CUS03, unless the ext_id is given", function()
      assert.equal(200, (feedback({ name = "Lê Thị Hoa", phone = "0900000001", ext_id = "KH-1" })))
      for _, again in ipairs({ { name = "Hoa", phone = "0900000001" }, { name = "Lê Thị Hoa" } }) do
        local status, document = feedback(again)
        assert.equal(400, status)
        assert.same({ "CUS03", 3 }, { document.code, document.status })
      end
      assert.equal(200, (feedback({ name = "Lê Thị Hoa", phone = "0900000002" })))
    end)
  end)

  describe("events", function()
    before_each(function() signed_in() end)

    it("clear the customer, or the whole feedback, from the kiosk", function()
      local kiosk = hearme:state().devices[KIOSK]
      send("POST", FEEDBACK, { device_id = KIOSK, customer = { name = "Hoa" }, attach_info = "x" })
      local status, document = send("POST", EVENT, { obj_id = KIOSK, event = "reset_customer" })
      assert.equal(200, status)
      assert.same({ message = "OK", status = 0 }, document)
      assert.is_nil(kiosk.customer)
      assert.equal("x", kiosk.attach_info)
      assert.equal(200, (send("POST", EVENT, { obj_id = KIOSK, event = "reset_feedback" })))
      assert.is_nil(kiosk.attach_info)
    end)

    it("are logged as two operations", function()
      send("POST", EVENT, { obj_id = KIOSK, event = "reset_customer" })
      send("POST", EVENT, { obj_id = KIOSK, event = "reset_feedback" })
      local log = hearme.application:requests()
      assert.equal("devices.reset_customer", log[#log - 1].operation)
      assert.equal("devices.reset_feedback", log[#log].operation)
    end)

    for name, case in pairs({ ["an unknown device"] = { { obj_id = "nowhere", event = "reset_customer" }, "API04", 0 },
      ["no device"] = { { event = "reset_customer" }, "API04", 0 },
      ["a device out of reach"] = { { obj_id = OFFLINE, event = "reset_feedback" }, "SOB02", 2 },
      ["an unknown event"] = { { obj_id = KIOSK, event = "dance" }, "SOB02", 2 } }) do
      it("refuse " .. name .. " with " .. case[2], function()
        local status, document = send("POST", EVENT, case[1])
        assert.equal(400, status)
        assert.same({ case[2], case[3] }, { document.code, document.status })
      end)
    end
  end)

  it("refuses what is not its own way of talking", function()
    assert.equal(404, (send("GET", "/oauth/user")))
    local status, _, answer = send("GET", "/oauth/auth/login")
    assert.equal(405, status)
    assert.equal("POST", answer.headers.allow)
    assert.equal(415, (send("POST", "/oauth/auth/login", "{}", { ["content-type"] = "text/plain" })))
    assert.equal(406, (send("POST", "/oauth/auth/login", "{}", { accept = "text/html" })))
    assert.equal(400, (send("POST", "/oauth/auth/login", "{oops")))
    assert.equal(400, (send("POST", "/oauth/auth/login", "[]")))
  end)
end)
