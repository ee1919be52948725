--- Specs of eTelecom's switchboards, declared by etelecom_spec.lua.

local assert = require "luassert"
local busted = require "busted"
local lists = require "service.etelecom.lists"

local describe, it = busted.describe, busted.it

local SHOP = { authorization = "Bearer shop-1" }
local ID = "1180000000000000001"

-- What the sandbox begins with.
local function hotline_of(state)
  return state.hotlines[1].id
end

local function board_of(state)
  return state.boards["1170000000000000011"]
end

local TENANT = ('{"id":"%s","name":"Tiệm Hoa Nắng","domain":"hoa.voip.example","owner_id":"11","status":"Z"}'):format(ID)
local EXTENSION = ('{"id":"%s","extension_number":"104","extension_password":"p-104","tenant_id":"12","state":"P"}'):format(ID)

return function(etelecom)
  describe("etelecom: switchboards", function()
    lists.declare(etelecom, "pbx.tenants.list", {
      address = ".Etelecom/GetPartnerTenantList", items = "tenants",
      filter = { owner_id = "11", name = "Hoa" }, filter_sent = '{"name":"Hoa","owner_id":"11"}',
      prepare = function(client, sandbox)
        local other = assert(client.shops:authorize { email = "sen@tiem.example", phone = "0900000051", name = "Tiệm Sen",
          redirect_url = "https://p.example/" })
        local login = sandbox:send { method = "GET", url = other.auth_url }
        local id = login:header("location"):match "shop_id=(%d+)"
        local key = assert(client.shops:authorize { shop_id = id, redirect_url = "https://p.example/" }).auth_token
        assert(client:shop(key).pbx.tenants:create())
      end,
      in_sandbox = function(tenants)
        assert.same({ "Tiệm Sen", "Z" }, { tenants[1].name, tenants[1].status })
        assert.same({ "Tiệm Hoa Nắng", "P" }, { tenants[2].name, tenants[2].status })
      end,
    })

    etelecom:success("pbx.tenants.activate", "sends the four ids", {
      input = { tenant_id = "1", owner_id = "2", connection_id = "3", hotline_id = "4" },
      sends = { "POST", ".Etelecom/PartnerActivateTenant", '{"tenant_id":"1","owner_id":"2","connection_id":"3","hotline_id":"4"}' },
      answer = { 200, '{"updated":1}' },
      value = { updated = 1 },
      sandbox_input = function(state)
        local tenant = board_of(state).tenant
        tenant.status = "Z"
        return { tenant_id = tenant.id, owner_id = tenant.owner_id, connection_id = tenant.connection_id, hotline_id = hotline_of(state) }
      end,
      in_sandbox = function(answer, state)
        assert.same({ updated = 1 }, answer)
        assert.equal("P", board_of(state).tenant.status)
      end,
    })
    etelecom:refuses_other_types "pbx.tenants.activate"

    etelecom:success("pbx.tenants.create", "sends an empty object with the shop's key", {
      sends = { "POST", ".Etelecom/CreateTenant", "{}" },
      headers = SHOP,
      answer = { 200, TENANT },
      value = { id = ID, name = "Tiệm Hoa Nắng", domain = "hoa.voip.example", owner_id = "11", status = "Z" },
      prepare = function(state) state.boards = {} end,
      in_sandbox = function(tenant, state)
        assert.equal(board_of(state).tenant.id, tenant.id)
        assert.equal("Z", tenant.status)
      end,
    })
    etelecom:fails("pbx.tenants.create", "already_exists", "is refused for a shop that has one", {
      answer = { 409, '{"code":"already_exists","msg":"no"}' }, kind = "conflict",
    })

    etelecom:success("pbx.tenants.get", "sends an empty object with the shop's key", {
      sends = { "POST", ".Etelecom/GetTenant", "{}" },
      headers = SHOP,
      answer = { 200, TENANT },
      value = { id = ID, name = "Tiệm Hoa Nắng", domain = "hoa.voip.example", owner_id = "11", status = "Z" },
      in_sandbox = function(tenant, state) assert.equal(board_of(state).tenant.id, tenant.id) end,
    })

    it("are found under the name that the client was given", function()
      local client, transport = etelecom:client({ service_name = "ETelecom" }, { 200, TENANT })
      assert(client.pbx.tenants:get())
      assert.equal("https://api.etelecom.vn/v1/partner.ETelecom/GetTenant", transport.sent[1].url)
    end)
  end)

  describe("etelecom: hotlines", function()
    etelecom:success("pbx.hotlines.add", "sends every field", {
      input = { hotline = "0900000090", name = "Đường dây hai", description = "cho đơn hàng", is_free_charge = true, network = "viettel",
        owner_id = "11" },
      sends = { "POST", ".Etelecom/PartnerAddHotline",
        '{"hotline":"0900000090","name":"Đường dây hai","description":"cho đơn hàng","is_free_charge":true,"network":"viettel",'
          .. '"owner_id":"11"}' },
      answer = { 200, ('{"id":"%s","hotline":"0900000090","network":"viettel","status":"P"}'):format(ID) },
      value = { id = ID, hotline = "0900000090", network = "viettel", status = "P" },
      in_sandbox = function(hotline, state)
        assert.equal(hotline_of(state), hotline.id)
        assert.same({ "0900000090", "Đường dây hai", "cho đơn hàng", true, "viettel", "11" },
          { hotline.hotline, hotline.name, hotline.description, hotline.is_free_charge, hotline.network, hotline.owner_id })
      end,
    })
    etelecom:refuses_other_types "pbx.hotlines.add"
    etelecom:refuses("pbx.hotlines.add", {
      { "hotline", "required" },
      { "name", "required" },
      { "network", "enum", "carrier",
        'must be one of "unknown", "mobifone", "vinaphone", "viettel", "other" (got "carrier")' },
    })

    lists.declare(etelecom, "pbx.hotlines.list", {
      address = ".Etelecom/GetPartnerHotlineList", items = "hotlines",
      prepare = function(client) assert(client.pbx.hotlines:add { hotline = "0900000090", name = "Đường dây hai" }) end,
      in_sandbox = function(hotlines) assert.equal("0900000090", hotlines[1].hotline) end,
    })
  end)

  describe("etelecom: users of a shop", function()
    etelecom:success("pbx.users.create", "sends name, phone number and password to the service Shop", {
      input = { full_name = "Ngô Hạnh", phone = "0900000091", password = "mat-khau-1" },
      sends = { "POST", ".Shop/CreateAccountUser", '{"full_name":"Ngô Hạnh","phone":"0900000091","password":"mat-khau-1"}' },
      headers = SHOP,
      answer = { 200, ('{"id":"%s","full_name":"Ngô Hạnh","is_blocked":false}'):format(ID) },
      value = { id = ID, full_name = "Ngô Hạnh", is_blocked = false },
      in_sandbox = function(user, state)
        assert.same({ "Ngô Hạnh", "Hạnh", "0900000091" }, { user.full_name, user.short_name, user.phone })
        assert.equal(user.id, board_of(state).users[4].id)
      end,
    })
    etelecom:refuses_other_types "pbx.users.create"
    etelecom:refuses("pbx.users.create", { { "full_name", "required" }, { "phone", "required" }, { "password", "required" } })

    it("pbx.users.create does not show the password", function()
      local client = etelecom:client(nil, { 400, '{"code":"invalid_argument","msg":"mat-khau-1 is too short"}' })
      local _, err = client.pbx.users:create { full_name = "Ngô Hạnh", phone = "0900000091", password = "mat-khau-1" }
      assert.equal("(hidden) is too short", err.message)
    end)

    lists.declare(etelecom, "pbx.users.list", {
      address = ".Shop/GetAccountUsers", items = "account_users", headers = SHOP,
      filter = { extension_number = "101", has_extension = false, name = "Thu", phone = "0900000081", user_ids = { "1", "2" } },
      filter_sent = '{"extension_number":"101","has_extension":false,"name":"Thu","phone":"0900000081","user_ids":["1","2"]}',
      in_sandbox = function(users, client)
        assert.same({ 3, "Lê Thu" }, { #users, users[1].full_name })
        local found = assert(client.pbx.users:list { filter = { extension_number = "102", name = "bình" } })
        assert.same({ 1, "Trần Bình" }, { #found.account_users, found.account_users[1].full_name })
      end,
    })
  end)

  describe("etelecom: extensions", function()
    etelecom:success("pbx.extensions.create", "sends its number as a number", {
      input = { hotline_id = "21", extension_number = 104, user_id = "31" },
      sends = { "POST", ".Etelecom/CreateExtension", '{"hotline_id":"21","extension_number":104,"user_id":"31"}' },
      headers = SHOP,
      answer = { 200, EXTENSION },
      value = { id = ID, extension_number = "104", extension_password = "p-104", tenant_id = "12", state = "P" },
      sandbox_input = function(state) return { hotline_id = hotline_of(state), extension_number = 104 } end,
      in_sandbox = function(extension, state)
        assert.same({ "104", "P", "0" }, { extension.extension_number, extension.state, extension.user_id })
        assert.equal(extension.extension_password, board_of(state).extensions[4].extension_password)
      end,
    })
    etelecom:refuses_other_types "pbx.extensions.create"
    etelecom:refuses("pbx.extensions.create", {
      { "hotline_id", "required" },
      { "extension_number", "required" },
      { "extension_number", "min", 0, "must be at least 1" },
    })

    etelecom:success("pbx.extensions.get", "sends its number, or who uses it", {
      input = { extension_number = "101", email = "thu@tiem.example", phone = "0900000081" },
      sends = { "POST", ".Etelecom/GetExtensionInfo", '{"extension_number":"101","email":"thu@tiem.example","phone":"0900000081"}' },
      headers = SHOP,
      answer = { 200, '{"extension_number":"101","extension_password":"p-101","tenant_domain":"hoa.voip.example"}' },
      value = { extension_number = "101", extension_password = "p-101", tenant_domain = "hoa.voip.example" },
      in_sandbox = function(extension, state)
        local known = board_of(state).extensions[1]
        assert.same({ extension_number = "101", extension_password = known.extension_password, tenant_domain = known.tenant_domain,
          expires_at = known.expires_at }, extension)
      end,
    })
    etelecom:refuses_other_types "pbx.extensions.get"
    for _, input in ipairs { {}, { extension_number = "", email = "" } } do
      etelecom:refuses("pbx.extensions.get", { { "extension_number", "condition", input, "one of extension_number, email, phone is required" } })
    end

    lists.declare(etelecom, "pbx.extensions.list", {
      address = ".Etelecom/GetExtensions", items = "extensions", headers = SHOP,
      in_sandbox = function(extensions) assert.same({ 3, "103" }, { #extensions, extensions[3].extension_number }) end,
    })

    etelecom:success("pbx.extensions.assign", "sends both ids", {
      input = { extension_id = "41", user_id = "31" },
      sends = { "POST", ".Etelecom/AssignUserToExtension", '{"extension_id":"41","user_id":"31"}' },
      headers = SHOP,
      answer = { 200, '{"updated":1}' },
      value = { updated = 1 },
      sandbox_input = function(state)
        return { extension_id = board_of(state).extensions[1].id, user_id = board_of(state).users[2].id }
      end,
      in_sandbox = function(answer, state)
        assert.same({ updated = 1 }, answer)
        assert.equal(board_of(state).users[2].id, board_of(state).extensions[1].user_id)
      end,
    })
    etelecom:refuses_other_types "pbx.extensions.assign"
    etelecom:refuses("pbx.extensions.assign", { { "extension_id", "required" }, { "user_id", "required" } })

    etelecom:success("pbx.extensions.change_hotline", "sends the hotline, and the extension or its user", {
      input = { hotline_id = "21", extension_id = "41", user_id = "31" },
      sends = { "POST", ".Etelecom/UpdateHotlineForExtension", '{"hotline_id":"21","extension_id":"41","user_id":"31"}' },
      headers = SHOP,
      answer = { 200, '{"updated":0}' },
      value = { updated = 0 },
      sandbox_input = function(state) return { hotline_id = hotline_of(state), user_id = board_of(state).users[1].id } end,
      in_sandbox = function(answer) assert.same({ updated = 0 }, answer) end,
    })
    etelecom:refuses_other_types "pbx.extensions.change_hotline"
    etelecom:refuses("pbx.extensions.change_hotline", { { "hotline_id", "required" } })

    etelecom:success("pbx.extensions.remove_user", "sends the extension or its user", {
      input = { extension_id = "41", user_id = "31" },
      sends = { "POST", ".Etelecom/RemoveUserOfExtension", '{"extension_id":"41","user_id":"31"}' },
      headers = SHOP,
      answer = { 200, '{"updated":1}' },
      value = { updated = 1 },
      sandbox_input = function(state) return { user_id = board_of(state).users[3].id } end,
      in_sandbox = function(answer, state)
        assert.same({ updated = 1 }, answer)
        assert.equal("0", board_of(state).extensions[3].user_id)
      end,
    })
    etelecom:refuses_other_types "pbx.extensions.remove_user"
  end)

  describe("etelecom: calls", function()
    lists.declare(etelecom, "pbx.call_logs.list", {
      address = ".Etelecom/ListCallLogs", items = "call_logs", headers = SHOP, limit = 100,
      filter = { hotline_ids = { "21" }, extension_ids = { "41", "42" }, user_id = "31", department_id = "51", call_number = "0900000001",
        call_state = "answered", direction = "in", date_from = "2026-01-01T00:00:00+07:00", date_to = "2026-01-02T00:00:00+07:00",
        duration = { comparison = "less_than_or_equal_to", value = 60 }, external_id = "w-1", external_session_id = "s-1" },
      filter_sent = '{"hotline_ids":["21"],"extension_ids":["41","42"],"user_id":"31","department_id":"51","call_number":"0900000001",'
        .. '"call_state":"answered","direction":"in","date_from":"2026-01-01T00:00:00+07:00","date_to":"2026-01-02T00:00:00+07:00",'
        .. '"duration":{"comparison":"less_than_or_equal_to","value":60},"external_id":"w-1","external_session_id":"s-1"}',
      in_sandbox = function(found) assert.equal(230, #found) end,
    })
    etelecom:refuses("pbx.call_logs.list", {
      { "filter.call_state", "enum", "missed", 'must be one of "unknown", "answered", "not_answered" (got "missed")' },
      { "filter.direction", "enum", "inbound",
        'must be one of "unknown", "in", "out", "ext", "ext_in", "ext_out" (got "inbound")' },
    }, { input = {} })
  end)
end
