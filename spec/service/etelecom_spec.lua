local frontdesk = require "frontdesk"
local suite = require "support.service_suite"

local null = frontdesk.null

local etelecom = suite.new("etelecom", {
  base = "https://api.etelecom.vn/v1/partner",
  options = { api_key = "partner-1", shop_key = "shop-1", sms_username = "sms-user", sms_password = "sms-word" },
  headers = { accept = "application/json", authorization = "Bearer partner-1" },
})

local SHOP = { authorization = "Bearer shop-1" }
local FIRST = { email = "hoa@tiem.example", phone = "0900000031", name = "Hoa", redirect_url = "https://partner.example/back" }
local LINKED, UNLINKED = "1170000000000000011", "1170000000000000012"

local function refusal(status, code, message)
  return { status, ('{"code":"%s","msg":"%s"}'):format(code, message or "no") }
end

describe("etelecom: the partner's account", function()
  etelecom:success("misc.current_account", "sends an empty object, to service and method behind a dot", {
    sends = { "POST", ".Misc/CurrentAccount", "{}" },
    answer = { 200, '{"id":"1170000000000000001","name":"Nắng","type":"partner","redirect_urls":[]}' },
    value = { id = "1170000000000000001", name = "Nắng", type = "partner", redirect_urls = {} },
    in_sandbox = function(account)
      assert.equal("1170000000000000001", account.id)
      assert.equal("partner", account.type)
    end,
  })

  etelecom:refuses("misc.current_account", { { "id", "unknown", "1", "is not a field of this operation" } })

  etelecom:fails("misc.current_account", "unauthenticated", "is refused for a wrong key, which the error does not show", {
    answer = refusal(401, "unauthenticated", "partner-1 is wrong"), kind = "auth", message = "(hidden) is wrong",
  })
  etelecom:fails("misc.current_account", "bad_route", "is refused where the address is wrong", {
    answer = refusal(404, "bad_route", "no handler for path"), kind = "rejected", message = "no handler for path",
  })
end)

describe("etelecom: connecting a shop", function()
  etelecom:success("shops.authorize", "asks for a login link for a shop that comes for the first time", {
    input = FIRST,
    sends = { "POST", ".Shop/AuthorizeShop",
      '{"email":"hoa@tiem.example","phone":"0900000031","name":"Hoa","redirect_url":"https://partner.example/back"}' },
    answer = { 200, '{"code":"ok","msg":"","type":"shop_request","auth_token":"request:t-1","expires_in":900,'
      .. '"auth_url":"https://login.etelecom.example/?token=request:t-1"}' },
    value = { code = "ok", msg = "", type = "shop_request", auth_token = "request:t-1", expires_in = 900,
      auth_url = "https://login.etelecom.example/?token=request:t-1" },
    in_sandbox = function(answer)
      assert.equal("shop_request", answer.type)
      assert.equal(900, answer.expires_in)
      assert.matches("^http://.+/login%?token=", answer.auth_url)
    end,
  })

  etelecom:success("shops.authorize", "asks for the key of a shop that signed in before", {
    input = { shop_id = LINKED, redirect_url = "https://partner.example/back" },
    sends = { "POST", ".Shop/AuthorizeShop", '{"shop_id":"1170000000000000011","redirect_url":"https://partner.example/back"}' },
    answer = { 200, '{"code":"ok","msg":"","type":"shop_key","auth_token":"shop1170000000000000011:k","expires_in":-1}' },
    value = { code = "ok", msg = "", type = "shop_key", auth_token = "shop1170000000000000011:k", expires_in = -1 },
    in_sandbox = function(answer, state)
      assert.equal("shop_key", answer.type)
      assert.equal(state.shops[LINKED].key, answer.auth_token)
      assert.equal(-1, answer.expires_in)
    end,
  })

  etelecom:success("shops.authorize", "may be given a login link although a shop_id was sent", {
    input = { shop_id = UNLINKED, redirect_url = "https://partner.example/back" },
    sends = { "POST", ".Shop/AuthorizeShop", '{"shop_id":"1170000000000000012","redirect_url":"https://partner.example/back"}' },
    answer = { 200, '{"code":"ok","type":"shop_request","auth_url":"https://login.etelecom.example/"}' },
    value = { code = "ok", type = "shop_request", auth_url = "https://login.etelecom.example/" },
    in_sandbox = function(answer)
      assert.equal("shop_request", answer.type)
    end,
  })

  etelecom:success("shops.authorize", "sends every field", {
    input = { shop_id = LINKED, email = "hoa@tiem.example", phone = "0900000031", name = "Hoa", redirect_url = "https://partner.example/?a=1",
      external_shop_id = "s-1", external_user_id = "u-1", extra_token = "x-1", shop_name = "Tiệm Hoa", config = { "shipment" } },
    sends = { "POST", ".Shop/AuthorizeShop",
      '{"shop_id":"1170000000000000011","email":"hoa@tiem.example","phone":"0900000031","name":"Hoa",'
        .. '"redirect_url":"https://partner.example/?a=1","external_shop_id":"s-1","external_user_id":"u-1","extra_token":"x-1",'
        .. '"shop_name":"Tiệm Hoa","config":["shipment"]}' },
    answer = { 200, '{"code":"ok","type":"shop_key","auth_token":"k","meta":{"a":"b"}}' },
    value = { code = "ok", type = "shop_key", auth_token = "k", meta = { a = "b" } },
    in_sandbox = function(answer)
      assert.equal("shop_key", answer.type)
    end,
  })

  etelecom:accepts("shops.authorize", "config", "empty", "sends an empty config as a list", {
    { { shop_id = "1", redirect_url = "r", config = {} }, '{"shop_id":"1","redirect_url":"r","config":[]}' },
  })

  etelecom:refuses("shops.authorize", {
    { "redirect_url", "required" },
    { "redirect_url", "type", 7, "must be a string" },
    { "shop_id", "type", 1170000000000000011, "must be a string" },
    { "config", "type", "shipment", "must be a list" },
    { "config[1]", "type", 7, "must be a string" },
    { "config[1]", "enum", "payment", 'must be "shipment"' },
    { "shopid", "unknown", "1", 'is not a field of this operation (did you mean "shop_id"?)' },
  })
  for _, field in ipairs { "email", "phone", "name" } do
    local words = field .. " is required when shop_id is not given"
    for _, shop_id in ipairs { "absent", "", null } do
      local input = { email = "e", phone = "p", name = "n", redirect_url = "r", shop_id = shop_id ~= "absent" and shop_id or nil }
      input[field] = nil
      etelecom:refuses("shops.authorize", { { field, "condition", input, words } })
    end
  end
  for _, field in ipairs { "email", "phone", "name", "external_shop_id", "external_user_id", "extra_token", "shop_name" } do
    etelecom:refuses("shops.authorize", { { field, "type", 900000031, "must be a string" } })
  end

  etelecom:fails("shops.authorize", "invalid_argument", "is refused for a value that is not accepted", {
    answer = refusal(400, "invalid_argument", "phone looks odd"), kind = "invalid_input", message = "phone looks odd", retryable = false,
  })
  etelecom:fails("shops.authorize", "unauthenticated", "is refused for a wrong key", { answer = refusal(401, "unauthenticated"), kind = "auth" })
  etelecom:fails("shops.authorize", "permission_denied", "is refused for a shop that never signed in", {
    answer = { 403, '{"code":"permission_denied","msg":"not yours","meta":{"reason":"never signed in"}}' }, kind = "forbidden", message = "not yours",
  })
  etelecom:fails("shops.authorize", "bad_route", "is refused where the address is wrong", { answer = refusal(404, "bad_route"), kind = "rejected" })
  etelecom:fails("shops.authorize", "already_exists", "is refused where there is one already", {
    answer = refusal(409, "already_exists"), kind = "conflict",
  })

  it("shops.authorize keeps what a refusal says besides its code", function()
    local client = etelecom:client(nil, { 403, '{"code":"permission_denied","msg":"not yours","meta":{"reason":"never signed in"}}' })
    local _, err = client.shops:authorize { shop_id = "1", redirect_url = "r" }
    assert.equal("never signed in", err.body.meta.reason)
    assert.matches("authorize again without it", err.hint)
  end)

  it("shops.authorize does not show the extra_token", function()
    local client = etelecom:client(nil, refusal(400, "invalid_argument", "extra-secret is odd"))
    local _, err = client.shops:authorize { shop_id = "1", redirect_url = "r", extra_token = "extra-secret" }
    assert.equal("(hidden) is odd", err.message)
  end)
end)

describe("etelecom: a shop", function()
  etelecom:success("shops.current", "is read with the shop's key", {
    sends = { "POST", ".Shop/CurrentShop", "{}" },
    headers = SHOP,
    answer = { 200, '{"id":"1170000000000000011","name":"Tiệm Hoa Nắng","type":"unknown","image_url":"","website":""}' },
    value = { id = LINKED, name = "Tiệm Hoa Nắng", type = "unknown", image_url = "", website = "" },
    in_sandbox = function(shop)
      assert.equal(LINKED, shop.id)
      assert.equal("Tiệm Hoa Nắng", shop.name)
    end,
  })

  etelecom:success("shops.current", "is read where the answer says ok too", {
    sends = { "POST", ".Shop/CurrentShop", "{}" },
    headers = SHOP,
    answer = { 200, '{"code":"ok","id":"1170000000000000011"}' },
    value = { code = "ok", id = LINKED },
    sandbox = false,
  })

  etelecom:refuses("shops.current", { { "shop_id", "unknown", "1", "is not a field of this operation" } })

  etelecom:fails("shops.current", "unauthenticated", "is refused for a wrong key", { answer = refusal(401, "unauthenticated"), kind = "auth" })
  etelecom:fails("shops.current", "bad_route", "is refused where the address is wrong", { answer = refusal(404, "bad_route"), kind = "rejected" })

  it("has a client of its own, which keeps the partner's key for the partner's calls", function()
    local client, transport = etelecom:client({ shop_key = false }, { 200, '{"id":"1"}' }, { 200, '{"id":"2"}' })
    local shop = client:shop "shop-2"
    assert.same({ id = "1" }, (shop.shops:current()))
    assert.same({ id = "2" }, (shop.misc:current_account()))
    assert.equal("Bearer shop-2", transport.sent[1].headers.authorization)
    assert.equal("Bearer partner-1", transport.sent[2].headers.authorization)
  end)

  it("cannot be read without its key, which is asked for", function()
    local client, transport = etelecom:client { shop_key = false }
    local _, err = client.shops:current()
    assert.equal("auth", err.kind)
    assert.equal("there is no credential to send; give the client shop_key", err.message)
    assert.equal(0, #transport.sent)
  end)
end)

describe("etelecom: every code", function()
  local codes = {
    { "aborted", 409, "conflict" }, { "already_exists", 409, "conflict" }, { "bad_route", 404, "rejected" },
    { "canceled", 408, "unavailable", "unknown" }, { "data_loss", 500, "unavailable", "unknown" },
    { "deadline_exceeded", 408, "timeout", "unknown" }, { "failed_precondition", 412, "conflict" },
    { "internal", 500, "unavailable", "unknown" }, { "invalid_argument", 400, "invalid_input" }, { "malformed", 400, "invalid_input" },
    { "not_found", 404, "not_found" }, { "out_of_range", 400, "invalid_input" }, { "permission_denied", 403, "forbidden" },
    { "resource_exhausted", 403, "rate_limited" }, { "unauthenticated", 401, "auth" },
    { "unavailable", 503, "unavailable", "unknown" }, { "unimplemented", 501, "rejected", "unknown" },
    { "unknown", 500, "unavailable", "unknown" },
  }
  for _, row in ipairs(codes) do
    local code, status, kind, outcome = row[1], row[2], row[3], row[4]
    etelecom:fails("shops.authorize", code, "is told by its kind: " .. code, {
      answer = refusal(status, code, "a word from them"), kind = kind, outcome = outcome, message = "a word from them",
    })
  end

  etelecom:fails("misc.current_account", "internal", "is an error in a HTTP 200 too", {
    answer = refusal(200, "internal", "broken"), kind = "unavailable", message = "broken",
  })
  etelecom:fails("misc.current_account", "brand_new", "that nobody documented takes the kind of its status", {
    answer = refusal(409, "brand_new", "surprise"), kind = "conflict", message = "surprise",
  })
  etelecom:fails("misc.current_account", nil, "may be missing", { answer = { 502, "{}" }, kind = "unavailable", outcome = "unknown" })

  it("that may pass says whether the call may be sent again", function()
    local client = etelecom:client(nil, refusal(500, "internal"), refusal(500, "internal"), refusal(403, "resource_exhausted"))
    local _, err = client.misc:current_account()
    assert.is_true(err.retryable)
    _, err = client.shops:authorize(FIRST)
    assert.is_false(err.retryable)
    _, err = client.shops:authorize(FIRST)
    assert.is_true(err.retryable)
  end)
end)

describe("etelecom: the address", function()
  it("is joined by one dot, however the base address ends", function()
    for _, ending in ipairs { "", "/", ".", "/." } do
      local client, transport = etelecom:client({ base_url = "https://partner.example/v1/partner" .. ending }, { 200, '{"id":"1"}' })
      assert.is_table((client.misc:current_account()))
      assert.equal("https://partner.example/v1/partner.Misc/CurrentAccount", transport.sent[1].url)
    end
  end)

  it("is that of the environment that is named", function()
    for environment, host in pairs { sandbox = "api-sandbox", development = "api-dev", production = "api" } do
      local client, transport = etelecom:client({ environment = environment }, { 200, '{"id":"1"}' })
      assert.is_table((client.misc:current_account()))
      assert.equal("https://" .. host .. ".etelecom.vn/v1/partner.Misc/CurrentAccount", transport.sent[1].url)
    end
  end)

  it("is joined by a dot for calls that are not described, too", function()
    local client, transport = etelecom:client(nil, { 200, '{"tenants":[]}' })
    assert.same({ tenants = {} }, (client:request { method = "POST", path = "Etelecom/GetPartnerTenantList", body = { paging = { limit = 10 } } }))
    assert.equal("https://api.etelecom.vn/v1/partner.Etelecom/GetPartnerTenantList", transport.sent[1].url)
    assert.equal('{"paging":{"limit":10}}', transport.sent[1].body)
  end)
end)

describe("etelecom: the redirect", function()
  local read = frontdesk.etelecom.parse_redirect

  it("is read with its ids as strings", function()
    assert.same({ token = "t-1", shop_id = LINKED }, read("https://partner.example/back?token=t-1&shop_id=" .. LINKED))
  end)

  it("is read with two question marks, where the last value of a name counts", function()
    assert.same({ token = "t-2", shop_id = LINKED, lang = "vi" },
      read("https://partner.example/back?lang=vi&token=old&shop_id=1?token=t-2&shop_id=" .. LINKED))
  end)

  it("that lacks something is a sentence", function()
    local values, message = read "https://partner.example/back?token=t-1"
    assert.is_nil(values)
    assert.matches("no shop_id", message)
  end)

  it("is read by every client as well", function()
    local client = etelecom:client()
    assert.equal("t-1", client.parse_redirect("https://partner.example/?token=t-1&shop_id=1").token)
  end)

  it("leads to the shop's key in the sandbox", function()
    local sandbox = frontdesk.sandbox.transport { services = { "etelecom" } }
    local client = frontdesk.etelecom(sandbox:options("etelecom", { shop_key = nil }))
    local first = assert(client.shops:authorize { email = "moi@tiem.example", phone = "0900000033", name = "Mới",
      redirect_url = "https://partner.example/back?from=script" })
    local login = sandbox:send { method = "GET", url = first.auth_url }
    local redirect = assert(frontdesk.etelecom.parse_redirect(login:header "location"))
    assert.equal("script", redirect.from)
    local second = assert(client.shops:authorize { shop_id = redirect.shop_id, redirect_url = "https://partner.example/back" })
    assert.equal("shop_key", second.type)
    assert.equal(redirect.shop_id, assert(client:shop(second.auth_token).shops:current()).id)
  end)
end)

for _, part in ipairs { "pbx", "zalo", "zalo_customers", "zalo_zns", "sms" } do
  require("service.etelecom." .. part)(etelecom)
end

etelecom:leaves_nothing_out()
