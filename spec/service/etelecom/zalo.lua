--- Specs of eTelecom's official accounts and of those who follow them, declared by etelecom_spec.lua.

local assert = require "luassert"
local busted = require "busted"
local frontdesk = require "frontdesk"
local lists = require "service.etelecom.lists"

local describe, it = busted.describe, busted.it

local SHOP = { authorization = "Bearer shop-1" }
local OA_ID, FOLLOWER = "4100000000000000001", "4300000000000000002"

local function connected(client)
  local link = assert(client.zalo.accounts:authorize { app_id = "9", app_secret = "s", redirect_uri = "https://p.example/" }).url
  local code, oa_id, state = link:match "code=(%w+)&oa_id=(%d+)&state=(%d+)"
  return client.zalo.accounts:connect { code = code, oa_id = oa_id, state = tonumber(state) }
end

return function(etelecom)
  describe("etelecom: official accounts", function()
    etelecom:success("zalo.accounts.authorize", "sends the application and where to come back", {
      input = { app_id = "9", app_secret = "app-secret-1", redirect_uri = "https://partner.example/zalo?a=1" },
      sends = { "POST", ".Zalo/AuthorizeOA",
        '{"app_id":"9","app_secret":"app-secret-1","redirect_uri":"https://partner.example/zalo?a=1"}' },
      headers = SHOP,
      answer = { 200, '{"url":"https://oauth.example/permission?state=7001"}' },
      value = { url = "https://oauth.example/permission?state=7001" },
      in_sandbox = function(answer)
        assert.matches("redirect_uri=https%3A%2F%2Fpartner.example%2Fzalo%3Fa%3D1&code=", answer.url, 1, true)
      end,
    })
    etelecom:refuses_other_types "zalo.accounts.authorize"

    it("zalo.accounts.authorize does not show the application's secret", function()
      local client = etelecom:client(nil, { 400, '{"code":"invalid_argument","msg":"app-secret-1 is wrong"}' })
      local _, err = client.zalo.accounts:authorize { app_id = "9", app_secret = "app-secret-1" }
      assert.equal("(hidden) is wrong", err.message)
    end)

    etelecom:success("zalo.accounts.reauthorize", "sends the account", {
      input = { oa_id = OA_ID },
      sends = { "POST", ".Zalo/RefreshToken", '{"oa_id":"4100000000000000001"}' },
      headers = SHOP,
      answer = { 200, '{"url":"https://oauth.example/permission?state=7002"}' },
      value = { url = "https://oauth.example/permission?state=7002" },
      in_sandbox = function(answer) assert.matches("&oa_id=" .. OA_ID .. "&state=%d+$", answer.url) end,
    })
    etelecom:refuses_other_types "zalo.accounts.reauthorize"

    etelecom:success("zalo.accounts.connect", "sends what the owner came back with, the state as a number", {
      input = { code = "code-1", oa_id = "4100000000000000002", state = 7001 },
      sends = { "POST", ".Zalo/ConnectOA", '{"code":"code-1","oa_id":"4100000000000000002","state":7001}' },
      headers = SHOP,
      answer = { 200, '{"oa_id":"4100000000000000002","onwer_id":"11","status":"P","daily_quota":500}' },
      value = { oa_id = "4100000000000000002", onwer_id = "11", status = "P", daily_quota = 500 },
      sandbox = false,
    })
    etelecom:refuses_other_types "zalo.accounts.connect"

    it("zalo.accounts.connect takes what authorize has led to, in the sandbox", function()
      local client = frontdesk.etelecom(frontdesk.sandbox.transport({ services = { "etelecom" } }):options "etelecom")
      local account = assert(connected(client))
      assert.same({ "9", "P", 500 }, { account.app_id, account.status, account.remaining_quota })
      assert.equal(account.oa_id, assert(client.zalo.accounts:get { oa_id = account.oa_id }).oa_id)
    end)

    lists.declare(etelecom, "zalo.accounts.list", {
      address = ".Zalo/ListOA", items = "accounts", headers = SHOP,
      filter = { oa_id = OA_ID, app_id = "9", name = "Hoa", date_from = "2026-01-01T00:00:00Z", date_to = "2026-02-01T00:00:00Z" },
      filter_sent = '{"oa_id":"4100000000000000001","app_id":"9","name":"Hoa","date_from":"2026-01-01T00:00:00Z",'
        .. '"date_to":"2026-02-01T00:00:00Z"}',
      prepare = connected,
      in_sandbox = function(accounts) assert.same({ 2, "9", OA_ID }, { #accounts, accounts[1].app_id, accounts[2].oa_id }) end,
    })

    etelecom:success("zalo.accounts.get", "sends the account", {
      input = { oa_id = OA_ID },
      sends = { "POST", ".Zalo/GetShopOA", '{"oa_id":"4100000000000000001"}' },
      headers = SHOP,
      answer = { 200, '{"oa_id":"4100000000000000001","remaining_quota":12,"webhook_url":""}' },
      value = { oa_id = OA_ID, remaining_quota = 12, webhook_url = "" },
      in_sandbox = function(account) assert.same({ "Tiệm Hoa Nắng", 500, "" }, { account.name, account.remaining_quota, account.webhook_url }) end,
    })
    etelecom:refuses_other_types "zalo.accounts.get"

    etelecom:success("zalo.accounts.update", "sends where events go", {
      input = { oa_id = OA_ID, webhook_url = "https://partner.example/events" },
      sends = { "POST", ".Zalo/UpdateShopOA", '{"oa_id":"4100000000000000001","webhook_url":"https://partner.example/events"}' },
      headers = SHOP,
      answer = { 200, '{"oa_id":"4100000000000000001","webhook_url":"https://partner.example/events"}' },
      value = { oa_id = OA_ID, webhook_url = "https://partner.example/events" },
      in_sandbox = function(account) assert.equal("https://partner.example/events", account.webhook_url) end,
    })
    etelecom:refuses_other_types "zalo.accounts.update"

    it("may be sent again when nobody knows whether they were changed, but not connected again", function()
      local client = etelecom:client(nil, { 500, '{"code":"internal"}' }, { 500, '{"code":"internal"}' })
      local _, err = client.zalo.accounts:update { oa_id = OA_ID, webhook_url = "https://partner.example/" }
      assert.is_true(err.retryable)
      _, err = client.zalo.accounts:connect { code = "c", oa_id = OA_ID, state = 1 }
      assert.is_false(err.retryable)
    end)
  end)

  describe("etelecom: followers", function()
    lists.declare(etelecom, "zalo.followers.list", {
      address = ".Zalo/ListFollowers", items = "followers", headers = SHOP, limit = 2,
      filter = { oa_id = OA_ID, zl_user_id = "1", zl_user_ids = { "1", "2" }, name = "Mai", phone = "0900000061", gender = "female",
        state = "follow", has_conversation = true, tags = { "mới" }, assigned_user_id = "31", date_from = "2026-01-01T00:00:00Z",
        date_to = "2026-02-01T00:00:00Z" },
      filter_sent = '{"oa_id":"4100000000000000001","zl_user_id":"1","zl_user_ids":["1","2"],"name":"Mai","phone":"0900000061",'
        .. '"gender":"female","state":"follow","has_conversation":true,"tags":["mới"],"assigned_user_id":"31",'
        .. '"date_from":"2026-01-01T00:00:00Z","date_to":"2026-02-01T00:00:00Z"}',
      in_sandbox = function(followers, client)
        assert.equal(5, #followers)
        assert.equal("0900000061", followers[1].shared_info.phone)
        local left = assert(client.zalo.followers:list { filter = { state = "unfollow" } }).followers
        assert.same({ 1, "Hồ Cúc" }, { #left, left[1].full_name })
      end,
    })
    etelecom:refuses("zalo.followers.list", {
      { "filter.gender", "enum", "f", 'must be one of "unknown", "male", "female", "other" (got "f")' },
      { "filter.state", "enum", "gone", 'must be one of "follow", "unfollow" (got "gone")' },
    }, { input = {} })

    etelecom:success("zalo.followers.request_info", "sends the account and the customer", {
      input = { oa_id = OA_ID, zl_user_id = FOLLOWER },
      sends = { "POST", ".Zalo/RequestUserInfo", '{"oa_id":"4100000000000000001","zl_user_id":"4300000000000000002"}' },
      headers = SHOP,
      answer = { 200, '{"updated":1}' },
      value = { updated = 1 },
    })
    etelecom:refuses_other_types "zalo.followers.request_info"
  end)
end
