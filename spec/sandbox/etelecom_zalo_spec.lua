local simulated = require "support.simulated"

local SHOP_KEY = "shop1170000000000000011:etelecom-sandbox-shop-key"
local OA_ID = "4100000000000000001"
local DAY = 86400

describe("eTelecom's Zalo Cloud, simulated", function()
  local etelecom

  -- A call about the sample account; `false` leaves a field out.
  local function call(method, fields, key)
    local body = { oa_id = OA_ID }
    for name, content in pairs(fields or {}) do body[name] = content or nil end
    return etelecom:send("POST", "/v1/partner.Zalo/" .. method, { body = body, token = key or SHOP_KEY })
  end

  local function list(method, filter, paging)
    return etelecom:send("POST", "/v1/partner.Zalo/" .. method, { body = { filter = filter, paging = paging }, token = SHOP_KEY }).json
  end

  local function refused(answer)
    return { answer.json.code, answer.json.msg }
  end

  -- Refusals of a call: { fields, code, message }.
  local function refuses(method, cases)
    for _, case in ipairs(cases) do assert.same({ case[2], case[3] }, refused(call(method, case[1]))) end
  end

  before_each(function()
    etelecom = simulated.new "etelecom"
  end)

  describe("official accounts", function()
    local function link(answer)
      local code, oa_id, state = answer.json.url:match("code=(%x+)&oa_id=(%d+)&state=(%d+)$")
      return { code = code, oa_id = oa_id, state = tonumber(state) }
    end

    local function authorize()
      return link(call("AuthorizeOA", { app_id = "9", app_secret = "s", redirect_uri = "https://p.example/back" }))
    end

    it("are connected with what authorize hands out, once", function()
      local grant = authorize()
      local account = call("ConnectOA", grant).json
      assert.same({ grant.oa_id, "9", "P", 500, 500 },
        { account.oa_id, account.app_id, account.status, account.daily_quota, account.remaining_quota })
      assert.is_nil(account.webhook_url)
      assert.equal("", call("GetShopOA", { oa_id = grant.oa_id }).json.webhook_url)
      assert.same({ "invalid_argument", "code is wrong, used or too old" }, refused(call("ConnectOA", grant)))
      assert.equal(2, #list("ListOA").accounts)
      assert.equal(grant.oa_id, list("ListOA", { app_id = "9" }).accounts[1].oa_id)
    end)

    it("are refused for a wrong code, state or account, and for a code that is too old", function()
      local grant = authorize()
      refuses("ConnectOA", {
        { { code = "c0de", oa_id = grant.oa_id, state = grant.state }, "invalid_argument", "code is wrong, used or too old" },
        { { code = grant.code, oa_id = grant.oa_id, state = 1 }, "invalid_argument", "code, state and oa_id do not belong together" },
        { { code = grant.code, state = grant.state }, "invalid_argument", "code, state and oa_id do not belong together" },
        { { code = grant.code, oa_id = grant.oa_id, state = "7001" }, "invalid_argument", "state must be an integer" },
      })
      etelecom:advance(600)
      assert.same({ "invalid_argument", "code is wrong, used or too old" }, refused(call("ConnectOA", grant)))
    end)

    it("end some day, and are authorized again", function()
      etelecom:advance(1)
      assert.equal("P", call("GetShopOA").json.status)
      etelecom:advance(60 * DAY)
      assert.equal("N", call("GetShopOA").json.status)
      assert.same({ "failed_precondition", "The authorization of the official account has ended" },
        refused(call("CheckConsent", { phone = "0900000061" })))
      local account = call("ConnectOA", link(call "RefreshToken")).json
      assert.same({ OA_ID, "P" }, { account.oa_id, account.status })
      assert.equal(1, #list("ListOA").accounts)
    end)

    it("remember where their events go", function()
      assert.equal("https://p.example/e", call("UpdateShopOA", { webhook_url = "https://p.example/e" }).json.webhook_url)
      assert.equal("https://p.example/e", call("GetShopOA").json.webhook_url)
      assert.equal("", call("UpdateShopOA", { webhook_url = "" }).json.webhook_url)
      refuses("UpdateShopOA", { { { webhook_url = "nowhere" }, "invalid_argument", "webhook_url is no web address" } })
    end)

    it("belong to one shop", function()
      local state = etelecom:state()
      state.keys["shop-12"] = state.shops["1170000000000000012"]
      local answer = call("GetShopOA", {}, "shop-12")
      assert.same({ 404, "not_found", "There is no such official account" }, { answer.status, answer.json.code, answer.json.msg })
      assert.equal(401, call("GetShopOA", {}, "etelecom-sandbox-partner-key").status)
    end)

    it("need their fields", function()
      refuses("AuthorizeOA", {
        { {}, "invalid_argument", "app_id is missing" },
        { { app_id = "9", app_secret = "s", redirect_uri = "back" }, "invalid_argument", "redirect_uri is no web address" },
      })
      refuses("GetShopOA", { { { oa_id = false }, "invalid_argument", "oa_id is missing" }, { { oa_id = 7 }, "invalid_argument", "oa_id must be a string" } })
    end)
  end)

  describe("followers", function()
    it("are walked forwards and backwards", function()
      local first = list("ListFollowers", nil, { limit = 2 })
      local second = list("ListFollowers", nil, { limit = 2, after = first.paging.next })
      local third = list("ListFollowers", nil, { limit = 2, after = second.paging.next })
      assert.same({ 2, 2, 1, "" }, { #first.followers, #second.followers, #third.followers, third.paging.next })
      assert.same(first.followers, list("ListFollowers", nil, { limit = 2, after = second.paging.prev }).followers)
      assert.same(second.followers, list("ListFollowers", nil, { limit = 2, before = second.paging.next }).followers)
    end)

    it("are filtered", function()
      local function names(filter)
        local found = {}
        for index, follower in ipairs(list("ListFollowers", filter).followers) do found[index] = follower.full_name end
        return found
      end
      assert.same({ "Nguyễn Mai", "Vũ Lan" }, names { tags = { "thân thiết" } })
      assert.same({ "Vũ Lan" }, names { tags = { "mới", "thân thiết" } })
      assert.same({ "Đỗ Hải" }, names { gender = "male" })
      assert.same({ "Hồ Cúc" }, names { state = "unfollow" })
      assert.same({ "Nguyễn Mai", "Đỗ Hải" }, names { has_conversation = true })
      assert.same({ "Nguyễn Mai" }, names { phone = "0900000061" })
      assert.same({ "Bùi Sơn", "Hồ Cúc" }, names { zl_user_ids = { "4300000000000000005", "4300000000000000004" } })
      assert.same({ "Bùi Sơn" }, names { name = "Bùi Sơn" })
      assert.same({}, names { oa_id = "7" })
      assert.same({ "Bùi Sơn", "Hồ Cúc" }, names { date_from = "2025-09-23T00:00:00Z" })
    end)

    it("tell name and phone number some seconds after they were asked, once", function()
      local function shared() return list("ListFollowers", { zl_user_id = "4300000000000000003" }).followers[1] end
      assert.same({ updated = 1 }, call("RequestUserInfo", { zl_user_id = "4300000000000000003" }).json)
      assert.same({ updated = 0 }, call("RequestUserInfo", { zl_user_id = "4300000000000000003" }).json)
      assert.equal("", shared().phone)
      etelecom:advance(10)
      assert.same({ "0900000063", "Vũ Lan" }, { shared().phone, shared().shared_info.name })
      assert.same({ updated = 0 }, call("RequestUserInfo", { zl_user_id = "4300000000000000001" }).json)
    end)

    it("are written to, eight times for nothing after they wrote, and ten times more", function()
      local function send(user_id)
        return call("OASendText", { recipient = { user_id = user_id or "4300000000000000001" }, message = { text = "Chào" } })
      end
      for left = 7, 0, -1 do
        local quota = send().json.quota
        assert.same({ "reply", "8", tostring(left), OA_ID }, { quota.quota_type, quota.total, quota.remain, quota.owner_id })
      end
      local quota = send().json.quota
      assert.same({ "sub_quota", "10", "9" }, { quota.quota_type, quota.total, quota.remain })
      assert.equal("8", send("4300000000000000002").json.quota.remain)
      for _ = 1, 8 do assert.equal(200, send("4300000000000000004").status) end
      local answer = send()
      assert.same({ 403, "resource_exhausted" }, { answer.status, answer.json.code })
    end)

    it("are not written to where it cannot be", function()
      local to = { user_id = "4300000000000000001" }
      refuses("OASendText", {
        { { recipient = to }, "invalid_argument", "message is missing" },
        { { message = { text = "Chào" } }, "invalid_argument", "recipient is missing" },
        { { recipient = {}, message = { text = "Chào" } }, "invalid_argument", "recipient.user_id is missing" },
        { { recipient = to, message = { content = "Chào" } }, "invalid_argument", "message.text is missing" },
        { { recipient = { user_id = "7" }, message = { text = "Chào" } }, "not_found", "There is no such customer" },
        { { recipient = { user_id = "4300000000000000005" }, message = { text = "Chào" } }, "failed_precondition",
          "The customer does not follow the official account any more" },
      })
      refuses("OASendImage", { { { recipient = to, message = { text = "Chào" } }, "invalid_argument", "message.attachment_id is missing" } })
      local button = { title = "Xem", type = "oa.open.url", payload = { url = "https://p.example/" } }
      refuses("SendZNSTxn", {
        { { recipient = to, message = { buttons = { button } } }, "invalid_argument", "message.content_text is missing" },
        { { recipient = to, message = { content_text = { content = "a" }, buttons = { button, button, button, button, button } } },
          "invalid_argument", "message.buttons has more than four" },
        { { recipient = to, message = { content_text = { content = "a" }, buttons = { { title = "Xem", type = "open" } } } },
          "invalid_argument", "message.buttons[1].type is none of the known words" },
        { { recipient = to, message = { content_table = { { key = "Mã" } } } }, "invalid_argument", "message.content_table[1].value is missing" },
      })
    end)
  end)

  describe("requests to call", function()
    it("are answered after some seconds", function()
      local function check() return call("CheckConsent", { phone = "0900000070" }) end
      assert.equal(-11, check().json.error)
      local consent = call("RequestConsent", { phone = "0900000070", call_type = "video" }).json
      assert.same({ "S", "P", "unknown", "video" }, { consent.reply_status, consent.status, consent.delivery_status, consent.call_type })
      assert.same({ 200, -12 }, { check().status, check().json.error })
      assert.same({ "already_exists", "The customer was asked and has not answered yet" }, refused(call("RequestConsent", { phone = "84900000070" })))
      etelecom:advance(10)
      assert.same({ 200, 0, "Success", "2025-11-08T08:53:30Z" }, { check().status, check().json.error, check().json.message, check().json.expired_time })
      assert.equal(0, call("CheckConsent", { phone = "+84900000070" }).json.error)
      local listed = list("ListRequestConsent", { phone = "0900000070" }).consents[1]
      assert.same({ consent.id, "P", "seen" }, { listed.id, listed.reply_status, listed.delivery_status })
      etelecom:advance(30 * DAY)
      assert.equal(-11, check().json.error)
    end)

    it("are refused by numbers that end in 9", function()
      assert.equal("S", call("RequestConsent", { phone = "0900000079" }).json.reply_status)
      etelecom:advance(10)
      assert.same({ 200, -11 }, { call("CheckConsent", { phone = "0900000079" }).status, call("CheckConsent", { phone = "0900000079" }).json.error })
      assert.equal("N", list("ListRequestConsent", { phone = "0900000079" }).consents[1].reply_status)
      assert.equal("S", call("RequestConsent", { phone = "0900000079" }).json.reply_status)
    end)

    it("stand there already for two customers", function()
      assert.equal(0, call("CheckConsent", { phone = "0900000061" }).json.error)
      assert.equal(-11, call("CheckConsent", { phone = "0900000069" }).json.error)
      assert.equal(2, #list("ListRequestConsent", { oa_id = OA_ID }).consents)
      assert.equal(0, #list("ListRequestConsent", { reply_status = "S" }).consents)
    end)

    it("need a phone number and known words", function()
      refuses("RequestConsent", {
        { {}, "invalid_argument", "phone is missing" },
        { { phone = "12" }, "invalid_argument", "phone is no phone number of Vietnam" },
        { { phone = "0900000070", call_type = "voice" }, "invalid_argument", "call_type is none of the known words" },
        { { phone = "0900000070", oa_id = "7" }, "not_found", "There is no such official account" },
      })
    end)
  end)
end)
