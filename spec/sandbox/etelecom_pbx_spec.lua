local simulated = require "support.simulated"

local API_KEY, SHOP_KEY = "etelecom-sandbox-partner-key", "shop1170000000000000011:etelecom-sandbox-shop-key"

describe("eTelecom's switchboards, simulated", function()
  local etelecom

  local function call(method, body, key)
    return etelecom:send("POST", "/v1/partner." .. method, { body = body or {}, token = key or SHOP_KEY })
  end

  local function partner(method, body)
    return call(method, body, API_KEY)
  end

  local function refused(answer)
    return { answer.status, answer.json.code, answer.json.msg }
  end

  -- The key of a shop that is new here.
  local function new_shop()
    local state = etelecom:state()
    local shop = { id = "1170000000000000013", name = "Tiệm Sen", key = "shop-13" }
    state.shops[shop.id], state.keys[shop.key] = shop, shop
    return shop.key
  end

  before_each(function()
    etelecom = simulated.new "etelecom"
  end)

  describe("setting one up", function()
    it("takes a switchboard, its activation, and then extensions", function()
      local key = new_shop()
      local hotline = partner("Etelecom/PartnerAddHotline", { hotline = "0900000090", name = "Sen" }).json
      local order = { hotline_id = hotline.id, extension_number = 201 }
      assert.same({ 412, "failed_precondition", "The shop has no switchboard" }, refused(call("Etelecom/CreateExtension", order, key)))
      local tenant = call("Etelecom/CreateTenant", {}, key).json
      assert.same({ "Tiệm Sen", "Z" }, { tenant.name, tenant.status })
      assert.same({ 412, "failed_precondition", "The switchboard is not activated" }, refused(call("Etelecom/CreateExtension", order, key)))
      assert.same({ updated = 1 }, partner("Etelecom/PartnerActivateTenant", { tenant_id = tenant.id, hotline_id = hotline.id }).json)
      assert.equal("P", call("Etelecom/GetTenant", {}, key).json.status)
      local extension = call("Etelecom/CreateExtension", order, key).json
      assert.same({ "201", tenant.id, tenant.domain, hotline.id, "0" }, { extension.extension_number, extension.tenant_id,
        extension.tenant_domain, extension.hotline_id, extension.user_id })
    end)

    it("makes nothing twice", function()
      assert.same({ 409, "already_exists", "The shop has a switchboard" }, refused(call "Etelecom/CreateTenant"))
      local hotline = { hotline = "0900000080", name = "Hai" }
      assert.same({ 409, "already_exists", "There is a hotline with this number" }, refused(partner("Etelecom/PartnerAddHotline", hotline)))
      local user = { full_name = "Lê Thu", phone = "0900000081", password = "m" }
      assert.same({ 409, "already_exists", "There is a user with this phone number" }, refused(call("Shop/CreateAccountUser", user)))
      local extension = { hotline_id = etelecom:state().hotlines[1].id, extension_number = 101 }
      assert.same({ 409, "already_exists", "There is an extension with this number" }, refused(call("Etelecom/CreateExtension", extension)))
    end)

    it("changes nothing where all is as it shall be", function()
      local tenant = call("Etelecom/GetTenant").json
      assert.same({ updated = 0 }, partner("Etelecom/PartnerActivateTenant", { owner_id = tenant.owner_id }).json)
    end)

    it("refuses what it does not know, and what does not fit", function()
      local hotline_id = etelecom:state().hotlines[1].id
      local tenant = call("Etelecom/GetTenant").json
      local key = new_shop()
      local cases = {
        { partner("Etelecom/PartnerActivateTenant", {}), "invalid_argument", "tenant_id is missing" },
        { partner("Etelecom/PartnerActivateTenant", { tenant_id = "7" }), "not_found", "There is no such switchboard" },
        { partner("Etelecom/PartnerActivateTenant", { tenant_id = tenant.id, hotline_id = "7" }), "not_found", "There is no such hotline" },
        { partner("Etelecom/PartnerActivateTenant", { tenant_id = tenant.id, connection_id = "7" }), "invalid_argument",
          "connection_id is not the switchboard's" },
        { partner("Etelecom/PartnerAddHotline", { hotline = "hot", name = "x" }), "invalid_argument", "hotline is no phone number" },
        { partner("Etelecom/PartnerAddHotline", { hotline = "0900000090", name = "x", network = "x" }), "invalid_argument",
          "network is none of the known words" },
        { call("Etelecom/GetTenant", {}, key), "not_found", "The shop has no switchboard" },
        { call("Shop/CreateAccountUser", { full_name = "A", phone = "0900000090" }), "invalid_argument", "password is missing" },
        { call("Shop/CreateAccountUser", { full_name = "A", phone = "x", password = "m" }), "invalid_argument", "phone is no phone number" },
        { call("Etelecom/CreateExtension", { hotline_id = hotline_id, extension_number = "104" }), "invalid_argument",
          "extension_number must be an integer" },
        { call("Etelecom/CreateExtension", { hotline_id = hotline_id, extension_number = 0 }), "invalid_argument",
          "extension_number is out of range" },
        { call("Etelecom/CreateExtension", { hotline_id = "7", extension_number = 104 }), "not_found", "There is no such hotline" },
        { call("Etelecom/CreateExtension", { hotline_id = hotline_id, extension_number = 104, user_id = "7" }), "not_found",
          "There is no such user" },
        { call("Etelecom/GetExtensionInfo", {}), "invalid_argument", "extension_number is missing" },
        { call("Etelecom/GetExtensionInfo", { extension_number = "999" }), "not_found", "There is no such extension" },
        { call("Etelecom/ListCallLogs", { filter = { duration = { comparison = "like", value = 1 } } }), "invalid_argument",
          "filter.duration is not usable" },
        { call("Etelecom/ListCallLogs", { filter = { date_from = "yesterday" } }), "invalid_argument", "filter.date_from must be a time" },
        { call("Etelecom/ListCallLogs", { filter = { date_to = "2026-01-01T24:00:00Z" } }), "invalid_argument", "filter.date_to must be a time" },
        { call("Etelecom/ListCallLogs", { filter = { hotline_ids = { 7 } } }), "invalid_argument",
          "filter.hotline_ids must be a list of strings" },
        { call("Etelecom/RemoveUserOfExtension", { user_id = "0" }), "not_found", "There is no such extension" },
        { call("Shop/GetAccountUsers", { filter = "x" }), "invalid_argument", "filter must be an object" },
      }
      for _, case in ipairs(cases) do
        assert.same({ case[2], case[3] }, { case[1].json.code, case[1].json.msg })
      end
    end)

    it("wants the partner's key for the partner's calls and the shop's for the others", function()
      assert.same({ 401, "unauthenticated", "The key is missing or wrong" }, refused(call "Etelecom/GetPartnerTenantList"))
      assert.same({ 401, "unauthenticated", "The key is missing or wrong" }, refused(partner "Etelecom/GetExtensions"))
    end)
  end)

  describe("extensions", function()
    local extensions

    local function who(index)
      return call("Etelecom/GetExtensions").json.extensions[index].user_id
    end

    before_each(function()
      extensions = call("Etelecom/GetExtensions").json.extensions
    end)

    it("go from one user to another, and from none", function()
      local users = call("Shop/GetAccountUsers").json.account_users
      local body = { extension_id = extensions[1].id, user_id = users[2].user_id }
      assert.same({ updated = 1 }, call("Etelecom/AssignUserToExtension", body).json)
      assert.same({ updated = 0 }, call("Etelecom/AssignUserToExtension", body).json)
      assert.equal(users[2].user_id, who(1))
      assert.same({ updated = 1 }, call("Etelecom/RemoveUserOfExtension", { extension_id = extensions[1].id }).json)
      assert.same({ updated = 0 }, call("Etelecom/RemoveUserOfExtension", { extension_id = extensions[1].id }).json)
      assert.equal("0", who(1))
      assert.same({ 404, "not_found", "There is no such user" },
        refused(call("Etelecom/AssignUserToExtension", { extension_id = extensions[1].id, user_id = "7" })))
    end)

    it("change their hotline", function()
      local hotline = partner("Etelecom/PartnerAddHotline", { hotline = "0900000090", name = "Hai" }).json
      local body = { user_id = extensions[2].user_id, hotline_id = hotline.id }
      assert.same({ updated = 1 }, call("Etelecom/UpdateHotlineForExtension", body).json)
      assert.equal(hotline.id, call("Etelecom/GetExtensions").json.extensions[2].hotline_id)
      assert.equal("hotline_id is missing", call("Etelecom/UpdateHotlineForExtension", { user_id = extensions[2].user_id }).json.msg)
      assert.equal("extension_id is missing", call("Etelecom/UpdateHotlineForExtension", { hotline_id = hotline.id }).json.msg)
      body.hotline_id = "7"
      assert.equal("There is no such hotline", call("Etelecom/UpdateHotlineForExtension", body).json.msg)
    end)

    it("are found by the phone number of who uses them", function()
      local answer = call("Etelecom/GetExtensionInfo", { phone = "0900000082" }).json
      assert.same({ "102", extensions[2].extension_password }, { answer.extension_number, answer.extension_password })
    end)
  end)

  describe("calls", function()
    local function calls(filter, paging)
      return call("Etelecom/ListCallLogs", { filter = filter, paging = paging }).json
    end

    it("are a week of them, newest first, in pages of a hundred", function()
      local first = calls()
      assert.same({ 100, "" }, { #first.call_logs, first.paging.prev })
      assert.equal(100, first.paging.limit)
      local second = calls(nil, { after = first.paging.next })
      local third = calls(nil, { after = second.paging.next })
      assert.same({ 100, 30, "" }, { #second.call_logs, #third.call_logs, third.paging.next })
      assert.is_true(first.call_logs[1].started_at > first.call_logs[100].started_at)
      assert.is_true(first.call_logs[100].started_at > second.call_logs[1].started_at)
      assert.equal("2025-10-09T", first.call_logs[1].started_at:sub(1, 11))
    end)

    it("are walked backwards as well", function()
      local first = calls(nil, { limit = 10 })
      local second = calls(nil, { limit = 10, after = first.paging.next })
      assert.same(first.call_logs, calls(nil, { limit = 10, after = second.paging.prev }).call_logs)
      assert.same(first.call_logs, calls(nil, { limit = 10, before = first.paging.next }).call_logs)
      assert.same({ 400, "invalid_argument", "the cursor is not one of ours" },
        refused(call("Etelecom/ListCallLogs", { paging = { after = "page 2" } })))
      assert.equal("paging.limit must be from 1 to 1000", call("Etelecom/ListCallLogs", { paging = { limit = 0 } }).json.msg)
    end)

    it("end before the place that is asked for, also when less than a page stands there", function()
      local first = calls(nil, { limit = 5 })
      local before = calls(nil, { limit = 10, before = first.paging.next })
      assert.same(first.call_logs, before.call_logs)
      assert.same({ first.paging.next, "" }, { before.paging.next, before.paging.prev })
    end)

    it("are filtered", function()
      local all = calls(nil, { limit = 1000 }).call_logs
      local function matching(fits)
        local ids = {}
        for _, entry in ipairs(all) do if fits(entry) then ids[#ids + 1] = entry.id end end
        assert.is_true(#ids > 0 and #ids < #all)
        return ids
      end
      local function found(filter)
        local ids = {}
        for index, entry in ipairs(calls(filter, { limit = 1000 }).call_logs) do ids[index] = entry.id end
        return ids
      end
      local one = all[7]
      assert.same(matching(function(c) return c.direction == "out" end), found { direction = "out" })
      assert.same(matching(function(c) return c.call_state == "not_answered" end), found { call_state = "not_answered" })
      assert.same(matching(function(c) return c.extension_id == one.extension_id end), found { extension_ids = { one.extension_id } })
      assert.same(matching(function(c) return c.user_id == one.user_id end), found { user_id = one.user_id })
      assert.same(matching(function(c) return c.caller == one.caller or c.callee == one.caller end), found { call_number = one.caller })
      assert.same(matching(function(c) return c.started_at >= one.started_at end), found { date_from = one.started_at })
      assert.same(matching(function(c) return c.duration <= 60 end),
        found { duration = { comparison = "less_than_or_equal_to", value = 60 } })
      assert.same({ one.id }, found { external_id = one.external_id })
      assert.same({}, found { department_id = "7" })
      assert.same({}, found { hotline_ids = { "7" } })
    end)

    it("are none for a shop that is new", function()
      assert.same({}, call("Etelecom/ListCallLogs", {}, new_shop()).json.call_logs)
    end)
  end)

  it("lists users by who they are and what they have", function()
    local function names(filter)
      local list = {}
      for index, user in ipairs(call("Shop/GetAccountUsers", { filter = filter }).json.account_users) do list[index] = user.full_name end
      return list
    end
    local id = call("Shop/GetAccountUsers").json.account_users[3].user_id
    assert.same({ "Lê Thu", "Trần Bình", "Phạm Dung" }, names())
    assert.same({ "Phạm Dung" }, names { user_ids = { id, "7" } })
    assert.same({ "Trần Bình" }, names { extension_number = "102" })
    assert.same({}, names { has_extension = false })
    assert.equal(200, call("Shop/CreateAccountUser", { full_name = "Ngô Hạnh", phone = "0900000091", password = "m" }).status)
    assert.same({ "Ngô Hạnh" }, names { has_extension = false })
  end)
end)
