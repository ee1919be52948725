local core = require "frontdesk.core"
local frontdesk = require "frontdesk"
local live_sandbox = require "support.live_sandbox"

-- One workflow a service, over a real nginx; each begins with fresh states.
describe("over a real server,", function()
  local live, server

  lazy_setup(function()
    live = live_sandbox.start()
    server = live.server
  end)

  lazy_teardown(function()
    server:stop()
  end)

  before_each(function()
    assert(server:reset())
  end)

  -- A value that the service's simulation offers to try.
  local function sample(service, name)
    for _, row in ipairs(require("frontdesk.sandbox.services." .. service).samples) do
      if row[1] == name then
        return row[2]
      end
    end
  end

  it("a kiosk greets a customer and is cleared, with one login", function()
    local hearme = live:client "hearme"
    assert.equal(2, #assert(hearme.users:permissions(sample("hearme", "org_id"))))
    local kiosk = sample("hearme", "device_id")
    assert(hearme.customers:send_feedback { device_id = kiosk, customer = { name = "Hoàng Mỹ Linh", phone = "0900000001" }, attach_info = { bill = 7 } })
    local _, err = hearme.customers:send_feedback { device_id = kiosk, customer = { name = "Hoàng Mỹ Linh", phone = "0900000001" } }
    assert.equal("CUS03", err.code)
    assert(hearme.devices:reset_customer(kiosk))
    assert(hearme.devices:reset_feedback(kiosk))
    _, err = hearme.devices:reset_customer "kiosk-on-the-moon"
    assert.equal("API04", err.code)
    _, err = hearme.devices:reset_customer "kiosk-store-room"
    assert.equal("SOB02", err.code)
    assert.same({ "auth.login 200", "users.permissions 200", "customers.send_feedback 200", "customers.send_feedback 400",
      "devices.reset_customer 200", "devices.reset_feedback 200", "devices.reset_customer 400", "devices.reset_customer 400" }, live:log())
  end)

  it("contacts are added, changed, found, read and listed to the last", function()
    local omicall = live:client "omicall"
    assert(omicall.contacts:add { refId = "KH-0100", fullName = "Hoàng Mỹ Linh", tags = { "Lead" },
      phones = { { data = "0900000001", type = "personal" } } })
    local _, err = omicall.contacts:add { phones = { { data = "0900000001", type = "office" } } }
    assert.equal("phone_or_email_assigned_on_other_contact", err.code)
    assert.equal("conflict", err.kind)
    assert(omicall.contacts:update { refId = "KH-0100", tags = { "VIP" }, tagRemoves = { "Lead" }, jobTitle = "Baker" })

    local page = assert(omicall.contacts:search { keyword = "Mỹ Linh" })
    assert.equal(1, page.total_items)
    assert.same({ "VIP" }, page.items[1].tags)
    local contact = assert(omicall.contacts:get(page.items[1].public_id))
    assert.equal(page.items[1].created_date, contact.created_date)
    local _, not_found = omicall.contacts:get "nobody"
    assert.equal("-9999", not_found.code)

    local rows = {}
    for i = 1, 30 do
      rows[i] = { refId = ("KH-1%03d"):format(i), fullName = "Khách " .. i, phones = { { data = ("09000000%02d"):format(40 + i), type = "home" } } }
    end
    assert(omicall.contacts:add_many { data = rows })
    local count = 0
    for found, problem in omicall.contacts:each { size = 7 } do
      assert(found, problem)
      count = count + 1
    end
    assert.equal(5 + 1 + 30, count)
    assert.equal("full_name", assert(omicall.attributes:list())[1].field_code)
    assert.equal("funnel-sales", assert(omicall.states:list())[1].id)
  end)

  it("a visitor becomes a chat user, gets a link, and talks to an agent", function()
    local imbee = live:client "imbee"
    local visitor = assert(imbee.users:create { uniqueIdSha = "visitor-7", platform = "web" })
    assert.is_false(visitor.previously_registered)
    assert.is_true(assert(imbee.users:create { uniqueIdSha = "visitor-7" }).previously_registered)
    local link = assert(imbee.tokens:create { virtual_user = visitor.virtualUser, bot_idsha = "bot-welcome", mail = "linh@khach.example" })
    assert.equal(visitor.virtualUser, link.user_idsha)
    local contacts = { { idsha = sample("imbee", "idsha") } }
    local chat = assert(imbee.chats:create { apikey = visitor.apikey, contacts = contacts })
    assert.is_false(chat.previously_created)
    local again = assert(imbee:user(visitor.apikey).chats:create { contacts = contacts })
    assert.is_true(again.previously_created)
    assert.equal(chat.conversationId, again.conversationId)
    local _, err = imbee.chats:create { contacts = { { idsha = "nobody" } } }
    assert.equal("1", err.code)
    _, err = imbee.chats:create { apikey = "wrong", contacts = contacts }
    assert.equal("auth", err.kind)
  end)

  -- What the shop's browser does: follows the login link to where it is sent.
  local function log_in(url)
    local engine = assert(core.engine())
    local transfer = assert(engine:submit { method = "GET", url = url, timeout = 5 })
    while not transfer:done() do
      engine:perform(transfer)
    end
    engine:close()
    return transfer:header "location"
  end

  it("a shop is connected by its login, and read with its own key", function()
    local etelecom = live:client("etelecom", { shop_key = false })
    assert.equal("partner", assert(etelecom.misc:current_account()).type)
    local first = assert(etelecom.shops:authorize { email = "moi@tiem.example", phone = "0900000033", name = "Tiệm Mới",
      redirect_url = "https://partner.example/back?from=script" })
    assert.equal("shop_request", first.type)
    local redirect = assert(etelecom.parse_redirect(log_in(first.auth_url)))
    assert.equal("script", redirect.from)
    local second = assert(etelecom.shops:authorize { shop_id = redirect.shop_id, redirect_url = "https://partner.example/back" })
    assert.equal("shop_key", second.type)
    local shop = assert(etelecom:shop(second.auth_token).shops:current())
    assert.equal(redirect.shop_id, shop.id)
    assert.equal("Tiệm Mới", shop.name)
    local _, err = etelecom.shops:authorize { shop_id = "1", redirect_url = "https://partner.example/back" }
    assert.equal("permission_denied", err.code)
    _, err = etelecom:shop("nonsense").shops:current()
    assert.equal("unauthenticated", err.code)
  end)

  it("staff and roles are set up, edited in every way, and taken down", function()
    local pos = live:client "pos"
    local function find(list, field, wanted)
      for _, item in ipairs(list) do
        if item[field] == wanted then
          return item
        end
      end
      error("there is no " .. wanted)
    end
    assert.equal("SUCCESS", assert(pos.auth:check()).result)
    assert.equal("Trịnh Gia Hân", assert(pos.me:info()).name)
    assert.equal(#assert(pos.permissions:list()), #assert(pos.me:permissions()))
    assert.equal(1, #assert(pos.permissions:get "order.view"))

    assert(pos.roles:create("Ca đêm", { "order.view" }))
    local role_id = find(assert(pos.roles:list()), "role_name", "Ca đêm").role_id
    assert(pos.roles:rename(role_id, "Ca tối"))
    assert(pos.roles:set_permissions(role_id, { "order.view", "order.edit" }))
    assert.same({ "order.view", "order.edit" }, assert(pos.roles:get(role_id)).permission)

    assert(pos.people:create { name = "Lê Thu Hà", username = "thu.ha", password = "pw-thu-ha", role_id = "2", visible = true, location = { "kho-1" } })
    local id = find(assert(pos.people:list { name = "Thu Hà" }), "person_name", "Lê Thu Hà").person_id
    assert(pos.people:rename(id, "Lê Thu Hương"))
    assert(pos.people:set_username(id, "thu.huong"))
    assert(pos.people:set_password(id, "pw-thu-huong"))
    assert(pos.people:set_role(id, role_id))
    assert(pos.people:set_visible(id, false))
    assert(pos.people:set_location(id, { "kho-1", "kho-2" }))
    assert(pos.people:link_customer(id, "0900000022"))
    assert.same({ person_id = id, person_name = "Lê Thu Hương", username = "thu.huong", visible = false, role_id = role_id,
      role_name = "Ca tối", linking_customerVuadungcu = "Y", location = { "kho-1", "kho-2" } }, (assert(pos.people:get(id))))

    local _, err = pos.people:delete(id)
    assert.equal("PERSON_LINKING_CUSTOMERVUADUNGCU", err.code)
    _, err = pos.roles:delete(role_id)
    assert.equal("EXIST_PERSON_IN_ROLE", err.code)
    assert(pos.people:unlink_customer(id))
    assert(pos.people:delete(id))
    _, err = pos.people:get(id)
    assert.equal("NOT_FOUND_PERSON", err.code)
    assert(pos.roles:delete(role_id))
  end)

  it("a login that waits is verified and may work then", function()
    local tokens = require("frontdesk.sandbox.services.pos.samples").tokens
    local pos = live:client("pos", { token = tokens.pending, device_id = "till-02" })
    local _, err = pos.auth:check()
    assert.equal("NOT_VERIFIED_POS", err.code)
    _, err = pos.verify:confirm("wrong", true)
    assert.equal("INVALID_SELLER_UUID", err.code)
    local _, waiting = pos.auth:check()
    assert(pos.verify:confirm(waiting.body.seller_uuid, true))
    assert.equal("SUCCESS", assert(pos.auth:check()).result)
  end)

  it("every service sends what the sandbox serves, over TLS and HTTP/2", function()
    local calls = {
      hearme = function(client) return client.devices:reset_customer(sample("hearme", "device_id")) end,
      pos = function(client) return client.roles:list() end,
      etelecom = function(client) return client.misc:current_account() end,
      imbee = function(client) return client.users:create { uniqueIdSha = "visitor-7" } end,
      omicall = function(client) return client.contacts:search { size = 2 } end,
    }
    for _, service in ipairs(require "frontdesk.catalogue") do
      local client, transport = live:client(service, { https = true })
      assert(calls[service](client))
      assert.equal("2", transport.seen[#transport.seen]:http_version())
      client, transport = live:client(service, { https = true, http_version = "1.1" })
      assert(calls[service](client))
      assert.equal("1.1", transport.seen[#transport.seen]:http_version())
    end
  end)

  it("a server of unknown authority is not talked to", function()
    local imbee = live:client("imbee", { https = true, ca_file = false })
    local _, err = imbee.users:create { uniqueIdSha = "visitor-7" }
    assert.equal("tls", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.same({}, live:log())
  end)

  it("connections are kept and used again, plain and with TLS", function()
    for _, https in ipairs { false, true } do
      local imbee, transport = live:client("imbee", { https = https })
      for _ = 1, 3 do
        assert(imbee.users:create { uniqueIdSha = "visitor-7" })
      end
      assert.is_false(transport.seen[1]:reused())
      assert.is_true(transport.seen[2]:reused())
      assert.is_true(transport.seen[3]:reused())
    end
  end)

  it("clients without a transport of their own share one", function()
    local options = server:options "imbee"
    assert(frontdesk.imbee(options).users:create { uniqueIdSha = "visitor-7" })
    local _, _, response = frontdesk.imbee(options).users:create { uniqueIdSha = "visitor-7" }
    assert.equal(200, response.status)
    assert.equal("application/json", response.headers["content-type"])
    assert.is_true(response.timings.total > 0)
    assert.is_true(response.timings.first_byte <= response.timings.total)
  end)

  it("a page of thousands of contacts is read whole, or refused where a limit says so", function()
    local omicall = live:client "omicall"
    local rows = {}
    for i = 1, 3000 do
      rows[i] = { refId = ("KH-%06d"):format(i), fullName = "Nguyễn Khách Hàng", note = ("Ghi chú %d "):format(i):rep(4) }
    end
    assert(omicall.contacts:add_many { data = rows })
    local page, _, response = omicall.contacts:search { size = 5000 }
    assert.equal(3005, #page.items)
    assert.equal("Nguyễn Khách Hàng", page.items[3005].attribute_structure[1].value[1].display_value)
    assert.is_true(tonumber(response.headers["content-length"]) > 2 * 1024 * 1024)

    local narrow = live:client("omicall", { max_body = 100000 })
    local _, err = narrow.contacts:search { size = 5000 }
    assert.equal("too_large", err.kind)
    assert.equal("unknown", err.outcome)
    assert.equal(2, #assert(narrow.contacts:search { size = 2 }).items)
  end)

  it("tokens expire, and logins replace them", function()
    local omicall = live:client "omicall"
    assert(omicall.contacts:search())
    assert(server:advance(86400))
    assert(omicall.contacts:search())
    assert.same({ "auth.token 200", "contacts.search 200", "contacts.search 401", "auth.token 200", "contacts.search 200" }, live:log())
  end)

  it("a wrong login is an error of the login, and is not tried twice", function()
    local hearme = live:client("hearme", { password = "not-the-password" })
    local _, err = hearme.devices:reset_customer "kiosk-front-door"
    assert.equal("auth", err.kind)
    assert.equal("auth.login", err.operation)
    assert.is_nil(tostring(err):find("not-the-password", 1, true))
    assert.same({ "auth.login 401" }, live:log())
  end)

  it("a server that is gone is a network error, and nothing was sent", function()
    local other = live_sandbox.start { services = { "imbee" }, https = false }
    local imbee = other:client "imbee"
    other.server:stop()
    local _, err = imbee.users:create { uniqueIdSha = "visitor-7" }
    assert.equal("network", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_true(err.retryable)
  end)
end)
