local simulated = require "support.simulated"

local API_KEY = "etelecom-sandbox-partner-key"
local SHOP_ID, UNLINKED_SHOP_ID = "1170000000000000011", "1170000000000000012"
local REDIRECT = "https://partner.example/back"

describe("eTelecom, simulated", function()
  local etelecom

  local function call(method, body, key)
    return etelecom:send("POST", "/v1/partner." .. method, { body = body or {}, token = key or API_KEY,
      headers = { host = "127.0.0.1:8080" } })
  end

  local function authorize(fields)
    fields.redirect_url = fields.redirect_url or REDIRECT
    return call("Shop/AuthorizeShop", fields)
  end

  local function first_connection(changes)
    local fields = { email = "sen@tiem.example", phone = "0900000051", name = "Tiệm Sen" }
    for name, content in pairs(changes or {}) do fields[name] = content end
    return authorize(fields)
  end

  local function follow(auth_url)
    return etelecom:send("GET", (auth_url:gsub("^http://127%.0%.0%.1:8080/etelecom", "")))
  end

  local function refused(answer)
    return { answer.status, answer.json.code }
  end

  before_each(function()
    etelecom = simulated.new("etelecom")
  end)

  describe("a first connection", function()
    it("is answered with a login link at the host that was asked", function()
      local answer = first_connection()
      assert.equal(200, answer.status)
      assert.same({ "ok", "", "shop_request", 900 }, { answer.json.code, answer.json.msg, answer.json.type, answer.json.expires_in })
      assert.equal("http://127.0.0.1:8080/etelecom/login?token=" .. answer.json.auth_token, answer.json.auth_url)
      assert.truthy(answer.json.auth_token:find("^request:"))
    end)

    it("leads through the login to the shop's key", function()
      local login = follow(first_connection().json.auth_url)
      assert.equal(302, login.status)
      local token, shop_id = login.headers.location:match("^https://partner%.example/back%?token=(%w+)&shop_id=(%d+)$")
      assert.truthy(token)
      local answer = authorize({ shop_id = shop_id })
      assert.same({ "ok", "shop_key", -1 }, { answer.json.code, answer.json.type, answer.json.expires_in })
      assert.truthy(answer.json.auth_token:find("^shop" .. shop_id .. ":"))
      assert.is_nil(answer.json.auth_url)
      assert.same({ id = shop_id, name = "Tiệm Sen", type = "shop", website = "", image_url = "" },
        call("Shop/CurrentShop", {}, answer.json.auth_token).json)
    end)

    it("puts the redirect's fields behind a query as they are", function()
      local login = follow(first_connection({ redirect_url = REDIRECT .. "?a=1" }).json.auth_url)
      assert.truthy(login.headers.location:find("back?a=1?token=", 1, true))
    end)

    it("needs four fields", function()
      for _, name in ipairs({ "email", "phone", "name" }) do
        local answer = first_connection({ [name] = "" })
        assert.same({ 400, "invalid_argument" }, refused(answer))
        assert.equal(name .. " is missing", answer.json.msg)
      end
      assert.equal("redirect_url is missing", call("Shop/AuthorizeShop", { email = "a@b.example", phone = "1", name = "A" }).json.msg)
    end)

    it("takes the further fields and gives the shop its own name", function()
      local login = follow(first_connection({ shop_name = "Sen Quán", external_shop_id = "S1", external_user_id = "U1",
        extra_token = "t", config = { "shipment" } }).json.auth_url)
      local key = authorize({ shop_id = login.headers.location:match("shop_id=(%d+)") }).json.auth_token
      assert.equal("Sen Quán", call("Shop/CurrentShop", {}, key).json.name)
    end)

    it("refuses values of the wrong type", function()
      for name, content in pairs({ email = 5, phone = { "x" }, name = true, shop_name = 1, config = "shipment", redirect_url = 7 }) do
        assert.same({ 400, "invalid_argument" }, refused(first_connection({ [name] = content })))
      end
      assert.same({ 400, "invalid_argument" }, refused(first_connection({ config = { "other" } })))
      assert.same({ 400, "invalid_argument" }, refused(first_connection({ email = "nobody" })))
      assert.same({ 400, "invalid_argument" }, refused(first_connection({ redirect_url = "partner.example" })))
    end)
  end)

  describe("a login link", function()
    it("serves once and for fifteen minutes", function()
      local once = first_connection().json.auth_url
      assert.equal(302, follow(once).status)
      assert.equal(410, follow(once).status)
      local late = first_connection().json.auth_url
      etelecom:advance(900)
      assert.equal(410, follow(late).status)
      assert.equal(410, follow("/login").status)
    end)

    it("leads a mail address to one and the same shop", function()
      local function shop_id() return follow(first_connection().json.auth_url).headers.location:match("shop_id=(%d+)") end
      assert.equal(shop_id(), shop_id())
    end)

    it("changes nothing in the state after a reset", function()
      local link = first_connection().json.auth_url
      etelecom.application:reset()
      follow(link)
      assert.same({ 403, "permission_denied" }, refused(authorize({ shop_id = "1170000000000000013" })))
    end)
  end)

  describe("a connected shop", function()
    it("is answered with its key, every time the same", function()
      local first, second = authorize({ shop_id = SHOP_ID }).json, authorize({ shop_id = SHOP_ID }).json
      assert.equal("shop_key", first.type)
      assert.equal(first.auth_token, second.auth_token)
    end)

    it("needs a redirect_url all the same", function()
      assert.same({ 400, "invalid_argument" }, refused(call("Shop/AuthorizeShop", { shop_id = SHOP_ID })))
    end)

    it("that took its consent back is asked to log in again", function()
      local answer = authorize({ shop_id = UNLINKED_SHOP_ID })
      assert.same({ 200, "shop_request" }, { answer.status, answer.json.type })
      assert.equal(UNLINKED_SHOP_ID, follow(answer.json.auth_url).headers.location:match("shop_id=(%d+)"))
      assert.equal("shop_key", authorize({ shop_id = UNLINKED_SHOP_ID }).json.type)
    end)

    it("loses its key when the key is revoked", function()
      local key = authorize({ shop_id = SHOP_ID }).json.auth_token
      etelecom.application:fault({ service = "etelecom", kind = "revoked" })
      assert.equal(401, call("Shop/CurrentShop", {}, key).status)
      assert.equal("shop_request", authorize({ shop_id = SHOP_ID }).json.type)
    end)

    it("that nobody knows is denied with a reason", function()
      local answer = authorize({ shop_id = "1170000000000000099" })
      assert.same({ 403, "permission_denied" }, refused(answer))
      assert.truthy(answer.json.meta.reason)
    end)
  end)

  describe("keys", function()
    it("are needed, the partner's and the shop's each in its place", function()
      local shop_key = authorize({ shop_id = SHOP_ID }).json.auth_token
      assert.same({ 401, "unauthenticated" }, refused(call("Misc/CurrentAccount", {}, "wrong")))
      assert.same({ 401, "unauthenticated" }, refused(call("Misc/CurrentAccount", {}, shop_key)))
      assert.same({ 401, "unauthenticated" }, refused(call("Shop/AuthorizeShop", {}, shop_key)))
      assert.same({ 401, "unauthenticated" }, refused(call("Shop/CurrentShop", {}, API_KEY)))
      assert.same({ 401, "unauthenticated" }, refused(etelecom:send("POST", "/v1/partner.Misc/CurrentAccount", { body = {} })))
    end)

    it("tell whose they are", function()
      local account = call("Misc/CurrentAccount")
      assert.same({ 200, "partner" }, { account.status, account.json.type })
      assert.is_nil(account.json.code)
      assert.equal(SHOP_ID, call("Shop/CurrentShop", {}, authorize({ shop_id = SHOP_ID }).json.auth_token).json.id)
    end)
  end)

  describe("a bad route", function()
    local function bad_route(path, options, method)
      options.token = API_KEY
      local answer = etelecom:send(method or "POST", path, options)
      assert.same({ 404, "bad_route" }, refused(answer))
      return answer.json.msg
    end

    it("is a request that says nothing of JSON", function()
      local path = "/v1/partner.Misc/CurrentAccount"
      assert.equal('unexpected Content-Type: ""', bad_route(path, { body = "{}", headers = { ["content-type"] = false } }))
      assert.equal('unexpected Content-Type: "text/plain"', bad_route(path, { body = "{}", headers = { ["content-type"] = "text/plain" } }))
      assert.equal(200, etelecom:send("POST", path,
        { body = "{}", token = API_KEY, headers = { ["content-type"] = "application/json; charset=utf-8" } }).status)
    end)

    it("is a path in other letter case, without the dot, or of another method", function()
      bad_route("/v1/partner.misc/CurrentAccount", { body = {} })
      bad_route("/v1/partner/Misc/CurrentAccount", { body = {} })
      bad_route("/v1/partner.Misc/CurrentAccount", {}, "GET")
    end)
  end)

  it("refuses bodies that are no JSON object", function()
    for _, body in ipairs({ "{", "[1]", "null" }) do
      assert.same({ 400, "malformed" }, refused(call("Misc/CurrentAccount", body)))
    end
    assert.equal(200, call("Misc/CurrentAccount", "").status)
  end)
end)
