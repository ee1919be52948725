local json = require "frontdesk.sandbox.json"
local samples = require "frontdesk.sandbox.services.pos.samples"
local simulated = require "support.simulated"

local TOKENS = samples.tokens

describe("POS people, simulated", function()
  local pos

  local function call(method, path, body, token)
    return pos:send(method, path, { body = body, token = token or TOKENS.manager })
  end

  local function edit(id, body)
    return call("PUT", "/people/" .. id, body)
  end

  local function get(path, token)
    return call("GET", path, nil, token)
  end

  local function person(id)
    return get("/people/" .. id).json.person
  end

  local function names(path)
    local list = {}
    for i, row in ipairs(get(path).json._embedded.person) do list[i] = row.person_name end
    return list
  end

  -- What the answer refuses, and how: HTTP status, code, the member of the document that holds it.
  local function refusal(answer)
    for _, member in ipairs({ "result", "detail", "title" }) do
      local code = answer.json[member]
      if type(code) == "string" and code:find("^[A-Z_]+$") then return { answer.status, code, member } end
    end
    return { answer.status }
  end

  local function messages(answer)
    assert.equal(422, answer.status)
    assert.equal("application/problem+json", answer.headers["content-type"])
    return answer.json.validation_messages
  end

  before_each(function()
    pos = simulated.new("pos", "/people")
  end)

  describe("access", function()
    local function basic(username, password)
      return pos:send("GET", "/person/info", { presented = { kind = "basic", username = username, password = password } })
    end

    it("needs a known token", function()
      for _, token in ipairs({ "", "wrong" }) do
        local answer = get("/people", token)
        assert.equal(401, answer.status)
        assert.equal("application/problem+json", answer.headers["content-type"])
        assert.same({ 401, "Unauthorized" }, { answer.json.status, answer.json.title })
        assert.truthy(answer.headers["www-authenticate"])
      end
      assert.equal(401, pos:send("GET", "/people").status)
    end)

    it("is had by user name and password, as the people's accounts have them", function()
      assert.equal("Lý Bảo Châu", basic("bao.chau", "thu-ngan-2026").json.info.name)
      assert.equal(401, basic("bao.chau", "wrong").status)
      assert.equal(401, basic("nobody", "wrong").status)
      edit(2, { action = "editPassword", password = "mat-khau-moi" })
      assert.equal(401, basic("bao.chau", "thu-ngan-2026").status)
      assert.equal(200, basic("bao.chau", "mat-khau-moi").status)
    end)

    it("ends when the token is revoked", function()
      pos.application:fault({ service = "pos", kind = "revoked" })
      assert.equal(401, get("/people").status)
    end)

    it("is forbidden without the permission", function()
      assert.equal(200, get("/people", TOKENS.cashier).status)
      local answer = call("POST", "/people", { name = "Ai đó" }, TOKENS.cashier)
      assert.same({ 403, "Forbidden" }, { answer.status, answer.json.title })
      assert.equal(403, call("DELETE", "/roles/3", nil, TOKENS.cashier).status)
    end)

    it("is forbidden to logins that may not work with the POS", function()
      assert.same({ 403, "NOT_REGISTERED_POS", "result" }, refusal(get("/people", TOKENS.unregistered)))
      assert.same({ 403, "NOT_VERIFIED_POS", "result" }, refusal(get("/person/info", TOKENS.pending)))
      assert.same({ 403, "NOT_POS_ACCOUNT", "result" }, refusal(get("/roles", TOKENS.inactive)))
      assert.same({ 401, "NOT_LOGGED_IN", "result" }, refusal(get("/people", TOKENS.application)))
      edit(2, { action = "editVisible", visible = "N" })
      assert.same({ 403, "NOT_POS_ACCOUNT", "result" }, refusal(basic("bao.chau", "thu-ngan-2026")))
    end)
  end)

  describe("auth", function()
    local function check(token, device)
      return pos:send("POST", "/auth", { body = {}, token = token, headers = { ["device-id"] = device } })
    end

    it("tells who and where the caller is", function()
      local answer = check(TOKENS.manager, "till-01")
      assert.equal(201, answer.status)
      assert.same({ result = "SUCCESS", person_name = "Trịnh Gia Hân", pos_name = "Tiệm Hoa Nắng", location_name = "Kho Một" }, answer.json)
    end)

    it("needs a Device-Id", function()
      assert.equal(403, check(TOKENS.manager, nil).status)
    end)

    it("binds a token to the first device", function()
      check(TOKENS.manager, "till-01")
      assert.equal("SUCCESS", check(TOKENS.manager, "till-01").json.result)
      assert.same({ 201, "EXIST_ACCESS_TOKEN", "result" }, refusal(check(TOKENS.manager, "till-02")))
      assert.equal("SUCCESS", check(TOKENS.cashier, "till-02").json.result)
    end)

    it("answers every standing of a login as a result", function()
      assert.same({ 201, "NOT_LOGGED_IN", "result" }, refusal(check(TOKENS.application, "till-01")))
      assert.same({ 201, "NOT_REGISTERED_POS", "result" }, refusal(check(TOKENS.unregistered, "till-01")))
      assert.same({ 201, "NOT_POS_ACCOUNT", "result" }, refusal(check(TOKENS.inactive, "till-01")))
      assert.same({ 400, "ERROR", "title" }, refusal(check(TOKENS.troubled, "till-01")))
    end)

    it("gives a waiting login what it needs for its verification", function()
      local answer = check(TOKENS.pending, "till-01")
      assert.same({ result = "NOT_VERIFIED_POS", pos_name = "Tiệm Hoa Nắng", seller_uuid = samples.seller_uuid }, answer.json)
      local confirmed = call("POST", "/verify", { seller_uuid = answer.json.seller_uuid, verify = "Y" }, TOKENS.pending)
      assert.same({ 201, { result = "SUCCESS" } }, { confirmed.status, confirmed.json })
      assert.equal("SUCCESS", check(TOKENS.pending, "till-01").json.result)
      assert.equal(200, get("/people", TOKENS.pending).status)
    end)
  end)

  describe("verify", function()
    local function verify(token, body)
      return call("POST", "/verify", body or { seller_uuid = samples.seller_uuid, verify = "Y" }, token)
    end

    it("takes a no as the end of the registration", function()
      assert.equal("SUCCESS", verify(TOKENS.pending, { seller_uuid = samples.seller_uuid, verify = "N" }).json.result)
      assert.same({ 201, "NOT_REGISTERED_POS", "result" }, refusal(verify(TOKENS.pending)))
    end)

    it("refuses logins that have nothing to verify", function()
      assert.same({ 201, "VERIFIED_POS", "result" }, refusal(verify(TOKENS.manager)))
      assert.same({ 201, "NOT_REGISTERED_POS", "result" }, refusal(verify(TOKENS.unregistered)))
      assert.same({ 201, "NOT_LOGGED_IN", "result" }, refusal(verify(TOKENS.application)))
      assert.same({ 400, "ERROR", "title" }, refusal(verify(TOKENS.troubled)))
    end)

    it("refuses another seller's id", function()
      assert.same({ 422, "INVALID_SELLER_UUID", "result" }, refusal(verify(TOKENS.pending, { seller_uuid = "other", verify = "Y" })))
    end)

    it("needs both fields, and Y or N", function()
      local missing = messages(verify(TOKENS.pending, {}))
      assert.truthy(missing.seller_uuid.isEmpty)
      assert.truthy(missing.verify.isEmpty)
      assert.truthy(messages(verify(TOKENS.pending, { seller_uuid = "x", verify = true })).verify.notInArray)
    end)
  end)

  describe("people", function()
    it("are listed under the rel person", function()
      local answer = get("/people")
      assert.equal(200, answer.status)
      assert.same({ person_id = "2", person_name = "Lý Bảo Châu", visible = "Y", role_id = "2", role_name = "Thu ngân" },
        answer.json._embedded.person[2])
    end)

    it("are found by part of a name and by whether they may work", function()
      assert.same({ "Lý Bảo Châu" }, names("/people?name=B%E1%BA%A3o"))
      edit(2, { action = "editVisible", visible = "N" })
      assert.equal(4, #names("/people"))
      assert.equal(3, #names("/people?visible=Y"))
      assert.truthy(get("/people?name=Zz").text:find('"person":[]', 1, true))
    end)

    it("are created with all they are given", function()
      local answer = call("POST", "/people", { name = "Quách Mỹ Duyên", username = "my.duyen", password = "hoa-cuc-2026", role_id = "2",
        visible = "N", location = '["kho-1","kho-2"]' })
      assert.same({ 201, { result = "SUCCESS" } }, { answer.status, answer.json })
      assert.same({ person_id = "5", person_name = "Quách Mỹ Duyên", username = "my.duyen", visible = "N", role_id = "2",
        role_name = "Thu ngân", linking_customerVuadungcu = "N", location = { "kho-1", "kho-2" } }, person(5))
      assert.is_nil(get("/people/5").text:find("hoa-cuc", 1, true), "no password is shown")
    end)

    it("are created with nothing, since no field is required", function()
      assert.equal(201, call("POST", "/people", {}).status)
      assert.truthy(get("/people/5").text:find('"location":[]', 1, true))
    end)

    it("take a role's id as a number too", function()
      assert.equal(201, call("POST", "/people", { name = "A", role_id = 2 }).status)
      assert.equal("2", person(5).role_id)
    end)

    it("are not created with a login name in use or a role that is none", function()
      assert.same({ 422, "EXIST_USERNAME", "result" }, refusal(call("POST", "/people", { username = "gia.han" })))
      assert.same({ 422, "NOT_EXIST_ROLE", "detail" }, refusal(call("POST", "/people", { role_id = "99" })))
      assert.same({ 400, "ERROR", "title" }, refusal(call("POST", "/people", { name = "A" }, TOKENS.troubled)))
      assert.equal(4, #names("/people"))
    end)

    it("are not created with values of the wrong type", function()
      local wrong = { name = 5, username = "có dấu", password = "ngan", role_id = true, visible = true, location = { "kho-1" } }
      local said = messages(call("POST", "/people", wrong))
      for field in pairs(wrong) do assert.is_table(said[field], field) end
      assert.truthy(messages(call("POST", "/people", { location = '{"a":1}' })).location.notJson)
      assert.truthy(messages(call("POST", "/people", { name = "" })).name.isEmpty)
    end)

    it("are read by id", function()
      assert.equal("Y", person(3).linking_customerVuadungcu)
      assert.equal("W", person(4).linking_customerVuadungcu)
      assert.same({ 404, "NOT_FOUND_PERSON", "result" }, refusal(get("/people/99")))
    end)

    it("change by each action", function()
      local edits = {
        { { action = "editName", name = "Lý Châu" }, "person_name", "Lý Châu" },
        { { action = "editUsername", username = "ly.chau" }, "username", "ly.chau" },
        { { action = "editRole", role_id = "3" }, "role_name", "Thời vụ" },
        { { action = "editVisible", visible = "N" }, "visible", "N" },
        { { action = "editLocation", location = "[]" }, "location", {} },
      }
      for _, row in ipairs(edits) do
        local answer = edit(2, row[1])
        assert.same({ 200, { result = "SUCCESS" } }, { answer.status, answer.json })
        assert.same(row[3], person(2)[row[2]])
      end
    end)

    it("do not change without the field of the action, or with an action that is none", function()
      local fields = { editName = "name", editUsername = "username", editPassword = "password", editRole = "role_id",
        editVisible = "visible", linkCustomerVuadungcu = "phone_customer", editLocation = "location" }
      for action, field in pairs(fields) do
        assert.truthy(messages(edit(2, { action = action }))[field].isEmpty)
        assert.is_table(messages(edit(2, { action = action, [field] = json.array({}) }))[field])
      end
      assert.is_table(messages(edit(2, { action = "editEverything", name = "A" })).action)
      assert.is_table(messages(edit(2, { name = "A" })).action)
    end)

    it("do not change into somebody else, or when they are nobody", function()
      assert.same({ 422, "EXIST_USERNAME", "result" }, refusal(edit(2, { action = "editUsername", username = "gia.han" })))
      assert.equal("SUCCESS", edit(2, { action = "editUsername", username = "bao.chau" }).json.result)
      assert.same({ 422, "NOT_EXIST_ROLE", "detail" }, refusal(edit(2, { action = "editRole", role_id = "99" })))
      assert.same({ 200, "NOT_FOUND_PERSON", "result" }, refusal(edit(99, { action = "editName", name = "A" })))
      assert.same({ 400, "ERROR", "title" }, refusal(call("PUT", "/people/2", { action = "editName", name = "A" }, TOKENS.troubled)))
    end)

    it("are deleted", function()
      local answer = call("DELETE", "/people/2")
      assert.same({ 204, "" }, { answer.status, answer.text })
      assert.same({ 404, "NOT_FOUND_PERSON", "result" }, refusal(call("DELETE", "/people/2")))
    end)

    it("are not deleted while they are linked to a customer", function()
      assert.same({ 200, "PERSON_LINKING_CUSTOMERVUADUNGCU", "result" }, refusal(call("DELETE", "/people/3")))
      assert.equal("Mạc Đình Phong", person(3).person_name)
    end)
  end)

  describe("the link to a customer", function()
    local function link(id, phone)
      return edit(id, { action = "linkCustomerVuadungcu", phone_customer = phone })
    end

    it("is made by phone number and taken away by the word unlink", function()
      assert.equal("SUCCESS", link(2, "0900000022").json.result)
      assert.equal("Y", person(2).linking_customerVuadungcu)
      assert.equal("SUCCESS", link(2, "unlink").json.result)
      assert.equal("N", person(2).linking_customerVuadungcu)
      assert.equal(204, call("DELETE", "/people/2").status)
    end)

    it("is refused for each documented reason", function()
      assert.same({ 200, "EXIST_LINK_CUSTOMERVUADUNGCU", "result" }, refusal(link(3, "0900000022")))
      assert.same({ 200, "NOT_FOUND_CUSTOMERVUADUNGCU", "result" }, refusal(link(2, "0900000099")))
      assert.same({ 200, "NOT_YET_CONFIRM_PHONE_CUSTOMERVUADUNGCU", "result" }, refusal(link(2, "0900000023")))
      assert.same({ 200, "EXIST_LINK_CUSTOMERVUADUNGCU_BYPHONE", "result" }, refusal(link(2, "0900000021")))
      assert.same({ 200, "NOT_EXIST_LINK_CUSTOMERVUADUNGCU", "result" }, refusal(link(2, "unlink")))
      assert.equal("N", person(2).linking_customerVuadungcu)
    end)
  end)

  describe("roles", function()
    it("are listed, and read with their permissions and people", function()
      assert.same({ role_id = "2", role_name = "Thu ngân" }, get("/roles").json._embedded.roles[2])
      local role = get("/roles/2").json.role
      assert.same({ "person.view", "role.view", "order.view" }, role.permission)
      assert.same({ "2", "Lý Bảo Châu" }, role.people[1])
      assert.truthy(get("/roles/3").text:find('"people":[]', 1, true))
    end)

    it("are created with permissions from the catalogue", function()
      assert.equal(201, call("POST", "/roles", { name = "Giao hàng", permissions = '["order.view"]' }).status)
      assert.same({ "order.view" }, get("/roles/4").json.role.permission)
      assert.same({ 201, "EXIST_NAME", "result" }, refusal(call("POST", "/roles", { name = "Giao hàng" })))
      assert.truthy(messages(call("POST", "/roles", { name = "B", permissions = '["fly"]' })).permissions.notInArray)
      assert.truthy(messages(call("POST", "/roles", { name = "B", permissions = { "order.view" } })).permissions.notJson)
      assert.same({ 400, "ERROR", "title" }, refusal(call("POST", "/roles", { name = "B" }, TOKENS.troubled)))
    end)

    it("change by each action", function()
      assert.equal("SUCCESS", call("PUT", "/roles/3", { action = "editName", name = "Bán thời gian" }).json.result)
      assert.equal("SUCCESS", call("PUT", "/roles/3", { action = "editPermissions", permissions = '["order.edit"]' }).json.result)
      local role = get("/roles/3").json.role
      assert.same({ "Bán thời gian", { "order.edit" } }, { role.role_name, role.permission })
    end)

    it("do not change into another one, without what is needed, or when they are none", function()
      assert.same({ 200, "EXIST_NAME", "result" }, refusal(call("PUT", "/roles/3", { action = "editName", name = "Quản lý" })))
      assert.same({ 200, "NOT_FOUND_ROLE", "result" }, refusal(call("PUT", "/roles/99", { action = "editName", name = "A" })))
      assert.truthy(messages(call("PUT", "/roles/3", { action = "editName" })).name.isEmpty)
      assert.truthy(messages(call("PUT", "/roles/3", { action = "editPermissions" })).permissions.isEmpty)
      assert.is_table(messages(call("PUT", "/roles/3", { action = "editRole" })).action)
      assert.same({ 400, "ERROR", "title" }, refusal(call("PUT", "/roles/3", { action = "editName", name = "A" }, TOKENS.troubled)))
    end)

    it("grant what the people who hold them may do", function()
      call("PUT", "/roles/2", { action = "editPermissions", permissions = '["person.view","person.edit"]' })
      assert.equal(201, call("POST", "/people", { name = "A" }, TOKENS.cashier).status)
      assert.same({ "person.view", "person.edit" }, get("/person/permissions", TOKENS.cashier).json.permissions)
    end)

    it("are deleted when nobody holds them", function()
      assert.equal(204, call("DELETE", "/roles/3").status)
      assert.same({ 404, "NOT_FOUND_ROLE", "detail" }, refusal(get("/roles/3")))
      assert.same({ 404, "NOT_FOUND_ROLE", "detail" }, refusal(call("DELETE", "/roles/3")))
      assert.same({ 200, "EXIST_PERSON_IN_ROLE", "result" }, refusal(call("DELETE", "/roles/2")))
      assert.same({ 400, "ERROR", "title" }, refusal(call("DELETE", "/roles/1", nil, TOKENS.troubled)))
    end)
  end)

  it("lists the permissions, all or those of one name", function()
    local list = get("/permissions").json._embedded.permissions
    assert.same({ permission = "person.view", group = "Nhân viên", label = "Xem nhân viên" }, list[1])
    assert.equal(6, #list)
    assert.equal(1, #get("/permissions/role.edit").json._embedded.permissions)
    assert.truthy(get("/permissions/none").text:find('"permissions":[]', 1, true))
  end)

  it("tells the caller's name and permissions, and nothing else", function()
    assert.same({ info = { name = "Trịnh Gia Hân" } }, get("/person/info").json)
    assert.equal(6, #get("/person/permissions").json.permissions)
    assert.equal(404, get("/person/salary").status)
  end)

  describe("media types", function()
    local function accepting(accept)
      return pos:send("GET", "/roles", { token = TOKENS.manager, headers = { accept = accept } })
    end

    it("of answers are those of the Accept header", function()
      local types = { "application/vnd.people.v1+json", "application/hal+json", "application/json" }
      for _, media_type in ipairs(types) do assert.equal(media_type, accepting(media_type).headers["content-type"]) end
      assert.equal(types[1], accepting("*/*").headers["content-type"])
      assert.equal(types[2], accepting("application/hal+json;q=0.9, application/json;q=0.8").headers["content-type"])
    end)

    it("that the API does not have are refused", function()
      local answer = accepting("text/html")
      assert.same({ 406, 406, "Not Acceptable" }, { answer.status, answer.json.status, answer.json.title })
      for _, media_type in ipairs({ "text/plain", "application/hal+json", "application/x-www-form-urlencoded" }) do
        local refused = pos:send("POST", "/people", { body = {}, token = TOKENS.manager, headers = { ["content-type"] = media_type } })
        assert.same({ 415, "application/problem+json" }, { refused.status, refused.headers["content-type"] })
      end
      assert.equal(415, pos:send("PUT", "/people/2", { body = {}, token = TOKENS.manager, headers = { ["content-type"] = false } }).status)
    end)

    it("of bodies are the two of the document, with parameters or without", function()
      for _, media_type in ipairs({ "application/vnd.people.v1+json", "application/json; charset=utf-8" }) do
        local answer = pos:send("POST", "/people", { body = {}, token = TOKENS.manager, headers = { ["content-type"] = media_type } })
        assert.equal(201, answer.status)
      end
    end)
  end)

  it("names the allowed methods in every answer and refuses others", function()
    local answer = call("PATCH", "/people/2", {})
    assert.same({ 405, "DELETE, GET, PUT" }, { answer.status, answer.headers.allow })
    assert.equal("GET, POST", get("/people").headers.allow)
    assert.equal("POST", call("GET", "/verify").headers.allow)
    assert.equal("GET, POST", get("/people", "wrong").headers.allow)
    assert.equal("DELETE, GET, PUT", get("/people/99").headers.allow)
  end)

  it("refuses bodies that are no JSON object", function()
    for _, body in ipairs({ "{", "[1]", "5" }) do
      local answer = call("POST", "/people", body)
      assert.same({ 400, "application/problem+json" }, { answer.status, answer.headers["content-type"] })
    end
  end)

  it("logs an edit under the name of its operation", function()
    edit(2, { action = "editName", name = "A" })
    edit(3, { action = "linkCustomerVuadungcu", phone_customer = "unlink" })
    call("PUT", "/roles/3", { action = "editPermissions", permissions = "[]" })
    edit(2, { action = "none" })
    local logged = {}
    for i, request in ipairs(pos.application:requests()) do logged[i] = request.operation end
    assert.same({ "people.rename", "people.unlink_customer", "roles.set_permissions", "people.update" }, logged)
  end)
end)
