local simulated = require "support.simulated"

local SHOP_KEY = "shop1170000000000000011:etelecom-sandbox-shop-key"
local OA_ID, ORDER, LOGIN = "4100000000000000001", 510001, 510002
local DAY = 86400

describe("eTelecom's ZNS messages, simulated", function()
  local etelecom

  local function call(method, fields)
    local body = { oa_id = OA_ID }
    for name, content in pairs(fields or {}) do body[name] = content end
    return etelecom:send("POST", "/v1/partner.Zalo/" .. method, { body = body, token = SHOP_KEY })
  end

  local function list(method, filter, paging)
    return etelecom:send("POST", "/v1/partner.Zalo/" .. method, { body = { filter = filter, paging = paging }, token = SHOP_KEY }).json
  end

  local function refused(answer)
    return { answer.json.code, answer.json.msg }
  end

  -- The fields of a message about an order, with changes.
  local function order(changes)
    local fields = { phone = "0900000070", template_id = ORDER, template_data = { ten = "Mai", ma = "A1" } }
    for name, content in pairs(changes or {}) do fields[name] = content end
    return fields
  end

  local function login(changes)
    local fields = { phone = "0900000070", template_id = LOGIN, template_data = { otp = "482913" } }
    for name, content in pairs(changes or {}) do fields[name] = content end
    return call("SendZNS", fields)
  end

  local function left()
    return call("GetShopOA").json.remaining_quota
  end

  before_each(function()
    etelecom = simulated.new "etelecom"
  end)

  it("are brought and then read, as the clock goes on", function()
    local sent = call("SendZNS", order { tracking_id = "don-1" }).json
    assert.same({ "P", "unknown", 0, 300, true, "don-1" },
      { sent.status, sent.delivery_status, sent.error_code, sent.fee_main, sent.is_charged, sent.tracking_id })
    local function now() return call("GetMessage", { msg_id = sent.msg_id }).json end
    etelecom:advance(2)
    assert.equal("unknown", now().delivery_status)
    etelecom:advance(1)
    assert.same({ "received", "2025-10-09T08:53:23Z" }, { now().delivery_status, now().delivery_time })
    etelecom:advance(7)
    assert.same({ "seen", "2025-10-09T08:53:23Z", "2025-10-09T08:53:30Z" }, { now().delivery_status, now().delivery_time, now().updated_at })
    assert.same({ "not_found", "There is no such message" }, refused(call("GetMessage", { msg_id = "m-7" })))
    assert.same({ "invalid_argument", "msg_id is missing" }, refused(call "GetMessage"))
  end)

  it("fail for numbers that end in 99, without a price and without touching the quota", function()
    local sent = call("SendZNS", order { phone = "0900000099" }).json
    assert.same({ "N", -99, false, 0 }, { sent.status, sent.error_code, sent.is_charged, sent.fee_main })
    etelecom:advance(20)
    assert.equal("unknown", call("GetMessage", { msg_id = sent.msg_id }).json.delivery_status)
    assert.equal(500, left())
  end)

  it("are checked against their template's variables", function()
    for _, case in ipairs {
      { {}, "template_data.ten is missing" },
      { { ten = "Mai", ma = "" }, "template_data.ma is missing" },
      { { ten = "Mai", ma = 7 }, "template_data.ma must be a string" },
      { { ten = "Mai", ma = ("x"):rep(21) }, "template_data.ma is too long" },
      { { ten = "Mai", ma = "A1", so_tien = "many" }, "template_data.so_tien must be a number" },
      { { ten = "Mai", ma = "A1", khac = "x" }, "template_data.khac is no variable of the template" },
      { "Mai", "template_data must be an object" },
    } do
      assert.same({ "invalid_argument", case[2] }, refused(call("SendZNS", order { template_data = case[1] })))
    end
    for _, amount in ipairs { 120000, "120000" } do
      assert.equal(200, call("SendZNS", order { template_data = { ten = ("ễ"):rep(30), ma = "A1", so_tien = amount } }).status)
    end
    assert.same({ "not_found", "There is no such template" }, refused(call("SendZNS", order { template_id = 7 })))
    assert.same({ "invalid_argument", "template_id must be an integer" }, refused(call("SendZNS", order { template_id = "510001" })))
    assert.same({ "invalid_argument", "phone is no phone number of Vietnam" }, refused(call("SendZNS", order { phone = "7" })))
    assert.same({ "invalid_argument", "mode is none of the known words" }, refused(call("SendZNS", order { mode = "x" })))
  end)

  describe("the account's quota", function()
    before_each(function()
      assert.equal(200, call("SendZNS", order()).status)
      local account = etelecom:state().zalo["1170000000000000011"].accounts[1]
      account.daily_quota = 3
    end)

    it("counts down, is used up, and is full again the next day", function()
      assert.equal(2, left())
      assert.equal(200, call("SendZNS", order()).status)
      assert.equal(200, call("SendZNS", order()).status)
      assert.equal(0, left())
      local answer = call("SendZNS", order())
      assert.same({ 403, "resource_exhausted", "The daily quota of the official account is used up" },
        { answer.status, answer.json.code, answer.json.msg })
      assert.equal(3, #etelecom:state().zns)
      etelecom:advance(DAY)
      assert.equal(3, left())
      assert.equal(200, call("SendZNS", order()).status)
    end)

    it("does not count trials, and tag3 goes beyond it", function()
      local trial = call("SendZNS", order { mode = "development" }).json
      assert.same({ true, false, 0 }, { trial.is_development, trial.is_charged, trial.fee_main })
      assert.equal(2, left())
      for _ = 1, 2 do call("SendZNS", order()) end
      assert.equal(0, left())
      assert.equal("P", call("SendZNS", order { mode = "development" }).json.status)
      local beyond = call("SendZNS", order { sending_mode = "tag3" }).json
      assert.same({ "P", "tag3", true }, { beyond.status, beyond.sending_mode, beyond.is_charged })
      assert.equal(403, call("SendZNS", order { sending_mode = "default" }).status)
      assert.equal(0, left())
    end)
  end)

  it("count for a template that has a quota of its own", function()
    local function template() return call("GetTemplate", { template_id = LOGIN }).json.template_remaining_quota end
    assert.equal(3, template())
    for _ = 1, 3 do assert.equal(200, login().status) end
    assert.equal(0, template())
    assert.same({ "resource_exhausted", "The daily quota of the template is used up" }, refused(login()))
    assert.equal(200, call("SendZNS", order()).status)
    etelecom:advance(DAY)
    assert.equal(200, login().status)
  end)

  it("are listed by what became of them", function()
    call("SendZNS", order { tracking_id = "don-1" })
    call("SendZNS", order { tracking_id = "don-2", phone = "0900000099" })
    etelecom:advance(5)
    login { tracking_id = "vao-1" }
    local function found(filter)
      local ids = {}
      for index, message in ipairs(list("ListMessages", filter).messages) do ids[index] = message.tracking_id end
      return ids
    end
    assert.same({ "vao-1", "don-2", "don-1" }, found())
    assert.same({ "don-2" }, found { status = "N" })
    assert.same({ "don-1" }, found { delivery_status = "received" })
    assert.same({ "vao-1" }, found { template_id = LOGIN })
    assert.same({ "don-2", "don-1" }, found { template_id = ORDER })
    assert.same({ "don-2" }, found { is_charged = false })
    assert.same({}, found { msg_type = "journey" })
    assert.same({ "vao-1" }, found { tracking_id = "vao-1", msg_type = "template" })
    assert.same({ "don-2", "don-1" }, found { time_type = "request_time", date_to = "2025-10-09T08:53:21Z" })
    assert.same({ "don-2" }, found { date_to = "2025-10-09T08:53:21Z" })
    assert.same({}, found { time_type = "submit_time", date_to = "2030-01-01T00:00:00Z" })
    local first = list("ListMessages", nil, { limit = 2 })
    local second = list("ListMessages", nil, { limit = 2, after = first.paging.next })
    assert.same({ 2, 1, "" }, { #first.messages, #second.messages, second.paging.next })
    assert.equal(first.messages[1].msg_id, list("ListMessages", nil, { limit = 2, after = second.paging.prev }).messages[1].msg_id)
  end)

  describe("templates", function()
    it("are taken up when Zalo has approved them, once", function()
      local template = call("CreateTemplate", { template_id = 510003, type = "text" }).json
      assert.same({ "Lời cảm ơn", "text", "ENABLE", false }, { template.template_name, template.type, template.template_status,
        template.apply_template_quota })
      assert.same({ "already_exists", "The template is known already" }, refused(call("CreateTemplate", { template_id = 510003 })))
      assert.same({ "not_found", "Zalo has approved no such template" }, refused(call("CreateTemplate", { template_id = 7 })))
      assert.equal(200, call("SendZNS", { phone = "0900000070", template_id = 510003, template_data = { ten = "Mai" } }).status)
    end)

    it("are not taken up as what they are not", function()
      assert.same({ "invalid_argument", "type is not the template's" }, refused(call("CreateTemplate", { template_id = 510003, type = "otp" })))
      assert.same({ "invalid_argument", "template_id is missing" }, refused(call "CreateTemplate"))
    end)
  end)

  describe("journeys", function()
    local function journey(fields)
      local given = { phone = "0900000070" }
      for name, content in pairs(fields or {}) do given[name] = content end
      return call("CreateJourney", given).json
    end

    it("take messages to their number, of which the first one pays", function()
      local opened = journey()
      assert.same({ "P", 0, false, "2025-10-16T08:53:20Z" }, { opened.status, opened.error_code, opened.is_charged, opened.expired_at })
      local first = call("SendZNSJourney", order { journey_id = opened.journey_id }).json
      local second = call("SendZNSJourney", order { journey_id = opened.journey_id }).json
      assert.same({ "journey", true, 900, 0 }, { first.type, first.is_charged, first.fee_token, first.fee_main })
      assert.same({ false, 0, 0 }, { second.is_charged, second.fee_token, second.fee_main })
      assert.is_true(call("GetJourney", { journey_id = opened.journey_id }).json.is_charged)
      assert.equal(498, left())
      assert.equal(2, #list("ListMessages", { journey_id = opened.journey_id }).messages)
    end)

    it("end, after seven days or thirty", function()
      local short, long = journey(), journey { token_type = "token_coach_bus_30" }
      etelecom:advance(7 * DAY)
      assert.equal("N", call("GetJourney", { journey_id = short.journey_id }).json.status)
      assert.equal(long.journey_id, list("ListJourneys", { status = "P" }).journeys[1].journey_id)
      assert.same({ "failed_precondition", "The journey has ended, or never began" },
        refused(call("SendZNSJourney", order { journey_id = short.journey_id })))
      assert.equal(200, call("SendZNSJourney", order { journey_id = long.journey_id }).status)
    end)

    it("are for one number, which has Zalo", function()
      local opened = journey()
      assert.same({ "invalid_argument", "phone is not the journey's" },
        refused(call("SendZNSJourney", order { journey_id = opened.journey_id, phone = "0900000071" })))
      assert.same({ "not_found", "There is no such journey" }, refused(call("SendZNSJourney", order { journey_id = "7" })))
      assert.same({ "invalid_argument", "journey_id is missing" }, refused(call("SendZNSJourney", order())))
      local failed = journey { phone = "0900000099" }
      assert.same({ "N", -99 }, { failed.status, failed.error_code })
      assert.same({ "invalid_argument", "token_type is none of the known words" },
        refused(call("CreateJourney", { phone = "0900000070", token_type = "x" })))
    end)
  end)
end)
