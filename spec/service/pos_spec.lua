local frontdesk = require "frontdesk"
local suite = require "support.service_suite"

local null = frontdesk.null
local BASE = "https://pos.example/api"
local pos = suite.new("pos", {
  base = BASE,
  options = { base_url = BASE, token = "tok-1" },
  headers = {
    accept = "application/vnd.people.v1+json, application/hal+json;q=0.9, application/json;q=0.8",
    authorization = "Bearer tok-1",
  },
  content_type = "application/vnd.people.v1+json",
})

local SUCCESS = '{"result":"SUCCESS"}'
local PROBLEM = { ["content-type"] = "application/problem+json" }
local NOT_A_FIELD = "is not a field of this operation"

-- What each code means to a script, and a status that it may come with.
local CODES = {
  ERROR = { "rejected", 400 },
  EXIST_ACCESS_TOKEN = { "conflict", 403 },
  EXIST_LINK_CUSTOMERVUADUNGCU = { "conflict", 422 },
  EXIST_LINK_CUSTOMERVUADUNGCU_BYPHONE = { "conflict", 422 },
  EXIST_NAME = { "conflict", 422 },
  EXIST_PERSON_IN_ROLE = { "conflict", 403 },
  EXIST_USERNAME = { "conflict", 422 },
  INVALID_SELLER_UUID = { "invalid_input", 422 },
  NOT_EXIST_LINK_CUSTOMERVUADUNGCU = { "not_found", 422 },
  NOT_EXIST_ROLE = { "not_found", 422 },
  NOT_FOUND_CUSTOMERVUADUNGCU = { "not_found", 422 },
  NOT_FOUND_PERSON = { "not_found", 404 },
  NOT_FOUND_ROLE = { "not_found", 404 },
  NOT_LOGGED_IN = { "auth", 401 },
  NOT_POS_ACCOUNT = { "forbidden", 403 },
  NOT_REGISTERED_POS = { "forbidden", 403 },
  NOT_VERIFIED_POS = { "forbidden", 403 },
  NOT_YET_CONFIRM_PHONE_CUSTOMERVUADUNGCU = { "rejected", 422 },
  PERSON_LINKING_CUSTOMERVUADUNGCU = { "conflict", 403 },
  VERIFIED_POS = { "conflict", 422 },
}

local function problem(status, title, detail, extra)
  return { status, ('{"type":"http://problems.example/%d","title":"%s","status":%d,"detail":"%s"%s}'):format(
    status, title, status, detail, extra and "," .. extra or ""), PROBLEM }
end

-- The ways in which a code comes: the vendor lists codes without saying how they travel.
local WAYS = {
  { "as the result of a 2xx answer", function(code, _, success) return { success, ('{"result":"%s"}'):format(code) } end },
  { "as the result in a problem document", function(code, status)
    return problem(status, "Refused", "The POS said no", ('"result":"%s"'):format(code))
  end },
  { "as the detail of a problem document", function(code, status) return problem(status, "Refused", code) end },
  { "as the title of a problem document", function(code, status) return problem(status, code, "The POS said no") end },
}

local function meets(operation, codes)
  local success = pos.cases[operation].sends[1] == "POST" and 201 or 200
  for _, code in ipairs(codes) do
    local kind, status = CODES[code][1], CODES[code][2]
    for _, way in ipairs(WAYS) do
      pos:fails(operation, code, ("meets %s %s"):format(code, way[1]), {
        answer = way[2](code, status, success), kind = kind, retryable = false,
        outcome = pos.description.errors[code].outcome,
        message = pos.description.errors[code].doc, -- the POS sends bare codes, or words that say nothing
      })
    end
  end
end

-- Rows for a field in the path.
local function path_rows(name)
  return {
    { name, "required" },
    { name, "type", 1.5, "must be a string or an integer" },
    { name, "segment", "..", "must not be" },
    { name, "segment", "a\0b", "must not" },
  }
end

local function refuses(operation, ...)
  for _, rows in ipairs { ... } do
    pos:refuses(operation, rows)
  end
end

-- What is true of every list that travels as JSON inside a string. `input(list)` and `body(text)` put it into its place.
local function holds_a_list(operation, field, input, body)
  pos:accepts(operation, field, "json", ("takes %s as a Lua table and as a string of JSON"):format(field), {
    { input { "a", "b" }, body [=[[\"a\",\"b\"]]=] },
    { input "[]", body "[]" },
    { input '[ "a" , 7 ]', body [=[[ \"a\" , 7 ]]=] },
  })
  pos:refuses(operation, {
    { field, "type", 7, "must be a table or a string that holds JSON" },
    { field, "json", "kho-1", "is a string, but not one that holds JSON" },
    { field, "list", { a = 1 }, "must be a list" },
    { field, "list", '{"a":1}', "must hold a JSON array" },
  })
end

local function may_be_empty(operation, field, input, body)
  pos:accepts(operation, field, "list", ("takes an empty table for an empty list in %s"):format(field), { { input {}, body "[]" } })
end

local function is_a_flag(operation, field, rows)
  pos:accepts(operation, field, "flag", ("sends Y and N for %s = true and false, and takes the letters too"):format(field), rows)
  pos:refuses(operation, {
    { field, "type", "yes", 'must be true, false, "Y" or "N"' },
    { field, "type", 1, 'must be true, false, "Y" or "N"' },
  })
end

describe("pos: checking in", function()
  pos:success("auth.check", "sends the device in a header, and an empty object", {
    input = { device_id = "till-01" },
    sends = { "POST", "/people/auth", "{}" },
    headers = { ["device-id"] = "till-01" },
    answer = { 201, '{"result":"SUCCESS","person_name":"Hân","pos_name":"Tiệm Nắng","location_name":"Kho Một"}' },
    value = { result = "SUCCESS", person_name = "Hân", pos_name = "Tiệm Nắng", location_name = "Kho Một" },
    in_sandbox = function(answer)
      assert.equal("SUCCESS", answer.result)
      assert.equal("Tiệm Hoa Nắng", answer.pos_name)
    end,
  })

  pos:accepts("auth.check", "device_id", "option", "takes the device of the client", { { {}, "{}" } },
    { options = { device_id = "till-09" }, headers = { ["device-id"] = "till-09" } })

  pos:refuses("auth.check", {
    { "device_id", "required" },
    { "device_id", "type", 9, "must be a string" },
    { "device_id", "header", "till\r\nX-Other: 1", "must not contain line breaks" },
    { "device", "unknown", "till-01", NOT_A_FIELD .. ' (did you mean "device_id"?)' },
  })

  meets("auth.check", { "NOT_LOGGED_IN", "NOT_REGISTERED_POS", "NOT_VERIFIED_POS", "NOT_POS_ACCOUNT", "EXIST_ACCESS_TOKEN", "ERROR" })

  it("auth.check keeps what a waiting registration needs for verify.confirm", function()
    local client = pos:client({ device_id = "till-01" }, { 201, '{"result":"NOT_VERIFIED_POS","pos_name":"Tiệm Nắng","seller_uuid":"uuid-1"}' })
    local _, err = client.auth:check()
    assert.equal("NOT_VERIFIED_POS", err.code)
    assert.equal("uuid-1", err.body.seller_uuid)
  end)
end)

describe("pos: creating staff", function()
  pos:success("people.create", "sends every field, the warehouses as JSON inside a string", {
    input = { name = "Lê Thu Hà", username = "thu.ha", password = "pw-thu-ha", role_id = "2", visible = true, location = { "kho-1", "kho-2" } },
    sends = { "POST", "/people/people",
      [[{"name":"Lê Thu Hà","username":"thu.ha","password":"pw-thu-ha","role_id":"2","visible":"Y","location":"[\"kho-1\",\"kho-2\"]"}]] },
    answer = { 201, SUCCESS },
    value = true,
    in_sandbox = function(_, state)
      local person = state.people[#state.people]
      assert.equal("thu.ha", person.username)
      assert.same({ "kho-1", "kho-2" }, person.location)
      assert.equal("Y", person.visible)
    end,
  })

  pos:accepts("people.create", "role_id", "any", "sends a role's id as it was given, and needs nothing", {
    { { role_id = 2 }, '{"role_id":2}' },
    { {}, "{}" },
    { { name = null }, '{"name":null}' },
  })
  is_a_flag("people.create", "visible", {
    { { visible = true }, '{"visible":"Y"}' }, { { visible = false }, '{"visible":"N"}' },
    { { visible = "Y" }, '{"visible":"Y"}' }, { { visible = "N" }, '{"visible":"N"}' },
  })
  for _, is_true in ipairs { holds_a_list, may_be_empty } do
    is_true("people.create", "location", function(list) return { location = list } end,
      function(text) return '{"location":"' .. text .. '"}' end)
  end

  pos:refuses("people.create", {
    { "name", "type", 7, "must be a string" },
    { "username", "type", 7, "must be a string" },
    { "password", "type", 7, "must be a string" },
    { "role_id", "type", {}, "must be a string or an integer" },
    { "role_id", "type", 1.5, "must be a string or an integer" },
    { "action", "unknown", "editName", NOT_A_FIELD },
  })
  meets("people.create", { "EXIST_USERNAME", "NOT_EXIST_ROLE", "ERROR" })
end)

describe("pos: reading staff", function()
  pos:success("people.list", "asks by name and for active staff in the query", {
    input = { name = "Gia Hân", visible = true },
    sends = { "GET", "/people/people?name=Gia%20H%C3%A2n&visible=Y" },
    answer = { 200, '{"_embedded":{"person":[{"person_id":"1","person_name":"Trịnh Gia Hân","visible":"Y","role_id":"1","role_name":"Quản lý"},'
      .. '{"person_id":"9","person_name":"Gia Hân","visible":"N","role_id":null,"role_name":null}]},"page":1}' },
    value = {
      { person_id = "1", person_name = "Trịnh Gia Hân", visible = true, role_id = "1", role_name = "Quản lý" },
      { person_id = "9", person_name = "Gia Hân", visible = false },
    },
    in_sandbox = function(list)
      assert.same({ { person_id = "1", person_name = "Trịnh Gia Hân", visible = true, role_id = "1", role_name = "Quản lý" } }, list)
    end,
  })

  pos:success("people.list", "gives an empty list where nobody is found", {
    call = function(client) return client.people:list { name = "nobody" } end,
    sends = { "GET", "/people/people?name=nobody" },
    answer = { 200, '{"_embedded":{"person":[]}}' },
    value = {},
  })

  pos:accepts("people.list", "visible", "omit_false", "leaves visible = false out, for only Y is a filter", {
    { { visible = false }, nil, "/people/people" }, { {}, nil, "/people/people" },
  })
  is_a_flag("people.list", "visible", {
    { { visible = true }, nil, "/people/people?visible=Y" }, { { visible = "Y" }, nil, "/people/people?visible=Y" },
    { { visible = "N" }, nil, "/people/people" },
  })
  pos:refuses("people.list", {
    { "name", "type", 7, "must be a string" },
    { "page", "unknown", 2, NOT_A_FIELD },
  })
  pos:fails("people.list", nil, "is no success without the list", { answer = { 200, "{}" }, kind = "protocol", outcome = "unknown" })

  pos:success("people.get", "turns letters into booleans and JSON inside a string into a list", {
    input = { id = "2" },
    sends = { "GET", "/people/people/2" },
    answer = { 200, [[{"result":"SUCCESS","person":{"person_id":"2","person_name":"Châu","username":"bao.chau","visible":"N","role_id":2,]]
      .. [["role_name":"Thu ngân","linking_customerVuadungcu":"W","location":"[\"kho-1\",\"kho-2\"]"}}]] },
    value = { person_id = "2", person_name = "Châu", username = "bao.chau", visible = false, role_id = 2, role_name = "Thu ngân",
      linking_customerVuadungcu = "W", location = { "kho-1", "kho-2" } },
    in_sandbox = function(person)
      assert.same({ person_id = "2", person_name = "Lý Bảo Châu", username = "bao.chau", visible = true, role_id = "2",
        role_name = "Thu ngân", linking_customerVuadungcu = "N", location = { "kho-1" } }, person)
    end,
  })

  pos:success("people.get", "leaves a location that is a list already, and letters that nobody explained", {
    call = function(client) return client.people:get(2) end,
    sends = { "GET", "/people/people/2" },
    answer = { 200, '{"result":"SUCCESS","person":{"visible":"?","location":["kho-1"]}}' },
    value = { visible = "?", location = { "kho-1" } },
    sandbox = false,
  })

  refuses("people.get", path_rows "id", { { "name", "unknown", "x", NOT_A_FIELD } })
  meets("people.get", { "NOT_FOUND_PERSON" })
end)

-- One operation for each edit: its field, a value and what is sent; what the sandbox must hold afterwards; its codes.
local EDITS = {
  { "rename", "editName", "name", "Châu Mới", '"name":"Châu Mới"', { "NOT_FOUND_PERSON", "ERROR" },
    function(person) return person.person_name end },
  { "set_username", "editUsername", "username", "chau.moi", '"username":"chau.moi"', { "NOT_FOUND_PERSON", "EXIST_USERNAME", "ERROR" },
    function(person) return person.username end },
  { "set_password", "editPassword", "password", "pw-chau-moi", '"password":"pw-chau-moi"', { "NOT_FOUND_PERSON", "ERROR" },
    function(person) return person.password end },
  { "set_role", "editRole", "role_id", "3", '"role_id":"3"', { "NOT_FOUND_PERSON", "NOT_EXIST_ROLE", "ERROR" },
    function(person) return person.role_id end },
  { "set_visible", "editVisible", "visible", false, '"visible":"N"', { "NOT_FOUND_PERSON", "ERROR" },
    function(person) return person.visible == "Y" end },
  { "set_location", "editLocation", "location", { "kho-2" }, [["location":"[\"kho-2\"]"]], { "NOT_FOUND_PERSON", "ERROR" },
    function(person) return person.location end },
  { "link_customer", "linkCustomerVuadungcu", "phone_customer", "0900000022", '"phone_customer":"0900000022"',
    { "NOT_FOUND_PERSON", "EXIST_LINK_CUSTOMERVUADUNGCU", "NOT_FOUND_CUSTOMERVUADUNGCU", "NOT_YET_CONFIRM_PHONE_CUSTOMERVUADUNGCU",
      "EXIST_LINK_CUSTOMERVUADUNGCU_BYPHONE", "ERROR" },
    function(person) return person.link == "Y" and "0900000022" end },
}

describe("pos: editing staff", function()
  for _, edit in ipairs(EDITS) do
    local method, action, field, value, json, codes, held = (table.unpack or unpack)(edit)
    local operation = "people." .. method
    local sends = { "PUT", "/people/people/2", ('{"action":"%s",%s}'):format(action, json) }

    pos:success(operation, ("sends the action %s with its %s"):format(action, field), {
      input = { id = "2", [field] = value },
      sends = sends,
      answer = { 200, SUCCESS },
      value = true,
      in_sandbox = function(_, state)
        assert.same(value, held(state.people[2]))
      end,
    })
    pos:success(operation, "takes its fields by position", {
      call = function(client) return client.people[method](client.people, 2, value) end,
      sends = sends,
      answer = { 200, SUCCESS },
      value = true,
    })
    refuses(operation, path_rows "id", {
      { field, "required" },
      { "action", "const", "editAll", "is always" },
      { "visibel", "unknown", true, NOT_A_FIELD },
    })
    meets(operation, codes)
  end

  for _, edit in ipairs { { "rename", "name" }, { "set_username", "username" }, { "set_password", "password" },
    { "link_customer", "phone_customer" } } do
    pos:refuses("people." .. edit[1], { { edit[2], "type", 900000022, "must be a string" } })
  end
  is_a_flag("people.set_visible", "visible", {
    { { id = "2", visible = true }, '{"action":"editVisible","visible":"Y"}' },
    { { id = "2", visible = false }, '{"action":"editVisible","visible":"N"}' },
    { { id = "2", visible = "Y" }, '{"action":"editVisible","visible":"Y"}' },
    { { id = "2", visible = "N" }, '{"action":"editVisible","visible":"N"}' },
  })
  for _, is_true in ipairs { holds_a_list, may_be_empty } do
    is_true("people.set_location", "location", function(list) return { id = "2", location = list } end,
      function(text) return '{"action":"editLocation","location":"' .. text .. '"}' end)
  end
  pos:refuses("people.set_role", { { "role_id", "type", {}, "must be a string or an integer" } })
  pos:accepts("people.set_role", "role_id", "id", "sends a role's id as it was given", {
    { { id = 2, role_id = 3 }, '{"action":"editRole","role_id":3}' },
  })

  local UNLINK = { "PUT", "/people/people/3", '{"action":"linkCustomerVuadungcu","phone_customer":"unlink"}' }
  pos:success("people.unlink_customer", "sends the word that unlinks", {
    input = { id = "3" }, sends = UNLINK, answer = { 200, SUCCESS }, value = true,
    in_sandbox = function(_, state)
      assert.equal("N", state.people[3].link)
    end,
  })
  pos:success("people.unlink_customer", "takes the account by position", {
    call = function(client) return client.people:unlink_customer(3) end, sends = UNLINK, answer = { 200, SUCCESS }, value = true,
  })
  refuses("people.unlink_customer", path_rows "id", {
    { "action", "const", "editName", "is always" },
    { "phone_customer", "const", "0900000022", "is always" },
    { "phone", "unknown", "0900000022", NOT_A_FIELD },
  })
  meets("people.unlink_customer", { "NOT_FOUND_PERSON", "NOT_EXIST_LINK_CUSTOMERVUADUNGCU", "ERROR" })

  it("never shows a password, even when the POS does", function()
    local client = pos:client(nil, problem(422, "Refused", "pw-chau-moi is too weak"))
    local _, err = client.people:set_password(2, "pw-chau-moi")
    assert.equal("(hidden) is too weak", err.message)
  end)
end)

describe("pos: editing staff in the vendor's form", function()
  for _, edit in ipairs(EDITS) do
    local _, action, field, value, json = (table.unpack or unpack)(edit)
    pos:success("people.update", ("sends %s with its %s"):format(action, field), {
      input = { id = "2", action = action, [field] = value },
      sends = { "PUT", "/people/people/2", ('{"action":"%s",%s}'):format(action, json) },
      answer = { 200, SUCCESS },
      value = true,
      in_sandbox = function(_, state)
        assert.same(value, edit[7](state.people[2]))
      end,
    })
    local needed = ('%s is required when action is "%s"'):format(field, action)
    pos:refuses("people.update", {
      { field, "condition", { id = "2", action = action }, needed },
      { field, "condition", { id = "2", action = action, [field] = null }, needed },
    })
  end

  refuses("people.update", path_rows "id", {
    { "action", "required" },
    { "action", "type", 7, "must be a string" },
    { "action", "enum", "editname", 'must be one of "editName"' },
    { "name", "type", 7, "must be a string" },
    { "username", "type", 7, "must be a string" },
    { "password", "type", 7, "must be a string" },
    { "role_id", "type", true, "must be a string or an integer" },
    { "phone_customer", "type", 900000022, "must be a string" },
    { "phone", "unknown", "0900000022", NOT_A_FIELD },
  })
  is_a_flag("people.update", "visible", {
    { { id = "2", action = "editVisible", visible = true }, '{"action":"editVisible","visible":"Y"}' },
    { { id = "2", action = "editVisible", visible = false }, '{"action":"editVisible","visible":"N"}' },
    { { id = "2", action = "editVisible", visible = "N" }, '{"action":"editVisible","visible":"N"}' },
  })
  for _, is_true in ipairs { holds_a_list, may_be_empty } do
    is_true("people.update", "location", function(list) return { id = "2", action = "editLocation", location = list } end,
      function(text) return '{"action":"editLocation","location":"' .. text .. '"}' end)
  end
  meets("people.update", { "NOT_FOUND_PERSON", "EXIST_USERNAME", "NOT_EXIST_ROLE", "NOT_EXIST_LINK_CUSTOMERVUADUNGCU",
    "EXIST_LINK_CUSTOMERVUADUNGCU", "NOT_FOUND_CUSTOMERVUADUNGCU", "NOT_YET_CONFIRM_PHONE_CUSTOMERVUADUNGCU",
    "EXIST_LINK_CUSTOMERVUADUNGCU_BYPHONE", "ERROR" })
end)

describe("pos: deleting", function()
  pos:success("people.delete", "takes an answer without a body for true", {
    input = { id = "2" },
    sends = { "DELETE", "/people/people/2" },
    answer = { 204, "", {} },
    value = true,
    in_sandbox = function(_, state)
      assert.equal(3, #state.people)
    end,
  })
  pos:success("people.delete", "takes the account by position", {
    call = function(client) return client.people:delete(2) end,
    sends = { "DELETE", "/people/people/2" },
    answer = { 200, SUCCESS },
    value = true,
  })
  refuses("people.delete", path_rows "id", { { "name", "unknown", "x", NOT_A_FIELD } })
  meets("people.delete", { "NOT_FOUND_PERSON", "PERSON_LINKING_CUSTOMERVUADUNGCU" })

  pos:success("roles.delete", "takes an answer without a body for true", {
    input = { role_id = "3" },
    sends = { "DELETE", "/people/roles/3" },
    answer = { 204, "", {} },
    value = true,
    in_sandbox = function(_, state)
      assert.equal(2, #state.roles)
    end,
  })
  pos:success("roles.delete", "takes the role by position", {
    call = function(client) return client.roles:delete(3) end,
    sends = { "DELETE", "/people/roles/3" },
    answer = { 204, "", {} },
    value = true,
  })
  refuses("roles.delete", path_rows "role_id", { { "id", "unknown", "3", NOT_A_FIELD } })
  meets("roles.delete", { "NOT_FOUND_ROLE", "EXIST_PERSON_IN_ROLE", "ERROR" })
end)

describe("pos: permissions and the caller", function()
  local LIST = '{"_embedded":{"permissions":[{"permission":"order.view","group":"Đơn hàng","label":"Xem đơn hàng"}]}}'
  local READ = { { permission = "order.view", group = "Đơn hàng", label = "Xem đơn hàng" } }

  pos:success("permissions.list", "gives the permissions", {
    sends = { "GET", "/people/permissions" }, answer = { 200, LIST }, value = READ,
    in_sandbox = function(list)
      assert.equal(6, #list)
      assert.equal("person.view", list[1].permission)
    end,
  })
  pos:refuses("permissions.list", { { "permission", "unknown", "order.view", NOT_A_FIELD } })

  pos:success("permissions.get", "names one in the path", {
    input = { permission = "order.view" }, sends = { "GET", "/people/permissions/order.view" }, answer = { 200, LIST }, value = READ,
  })
  pos:success("permissions.get", "takes the name by position", {
    call = function(client) return client.permissions:get "order.view" end,
    sends = { "GET", "/people/permissions/order.view" }, answer = { 200, LIST }, value = READ,
  })
  refuses("permissions.get", path_rows "permission", { { "id", "unknown", "x", NOT_A_FIELD } })

  pos:success("me.info", "tells who is signed in", {
    sends = { "GET", "/people/person/info" }, answer = { 200, '{"info":{"name":"Trịnh Gia Hân"}}' }, value = { name = "Trịnh Gia Hân" },
  })
  pos:refuses("me.info", { { "type", "unknown", "info", NOT_A_FIELD } })

  pos:success("me.permissions", "lists what the caller may", {
    sends = { "GET", "/people/person/permissions" }, answer = { 200, '{"permissions":["person.view"]}' }, value = { "person.view" },
    in_sandbox = function(list)
      assert.equal(6, #list)
    end,
  })
  pos:refuses("me.permissions", { { "type", "unknown", "permissions", NOT_A_FIELD } })
end)

describe("pos: roles", function()
  pos:success("roles.list", "gives the roles", {
    sends = { "GET", "/people/roles" },
    answer = { 200, '{"_embedded":{"roles":[{"role_id":"1","role_name":"Quản lý"}]}}' },
    value = { { role_id = "1", role_name = "Quản lý" } },
    in_sandbox = function(list)
      assert.equal(3, #list)
      assert.same({ role_id = "1", role_name = "Quản lý" }, list[1])
    end,
  })
  pos:refuses("roles.list", { { "name", "unknown", "x", NOT_A_FIELD } })

  local CREATE = { "POST", "/people/roles", [[{"name":"Ca đêm","permissions":"[\"order.view\"]"}]] }
  local function is_created(_, state)
    assert.equal("Ca đêm", state.roles[4].role_name)
    assert.same({ "order.view" }, state.roles[4].permission)
  end
  pos:success("roles.create", "sends the permissions as JSON inside a string", {
    input = { name = "Ca đêm", permissions = { "order.view" } },
    sends = CREATE, answer = { 201, SUCCESS }, value = true, in_sandbox = is_created,
  })
  pos:success("roles.create", "takes name and permissions by position", {
    call = function(client) return client.roles:create("Ca đêm", { "order.view" }) end,
    sends = CREATE, answer = { 201, SUCCESS }, value = true, in_sandbox = is_created,
  })
  for _, is_true in ipairs { holds_a_list, may_be_empty } do
    is_true("roles.create", "permissions", function(list) return { permissions = list } end,
      function(text) return '{"permissions":"' .. text .. '"}' end)
  end
  pos:refuses("roles.create", {
    { "name", "type", 7, "must be a string" },
    { "permission", "unknown", {}, NOT_A_FIELD .. ' (did you mean "permissions"?)' },
  })
  meets("roles.create", { "EXIST_NAME", "ERROR" })

  pos:success("roles.get", "gives a role's permissions and who holds it", {
    input = { role_id = "2" },
    sends = { "GET", "/people/roles/2" },
    answer = { 200, [=[{"result":"SUCCESS","role":{"role_id":"2","role_name":"Thu ngân","permission":"[\"order.view\"]","people":[["2","Châu"]]}}]=] },
    value = { role_id = "2", role_name = "Thu ngân", permission = { "order.view" }, people = { { "2", "Châu" } } },
    in_sandbox = function(role)
      assert.same({ "person.view", "role.view", "order.view" }, role.permission)
      assert.same({ "2", "Lý Bảo Châu" }, role.people[1])
    end,
  })
  pos:success("roles.get", "takes the role by position, and its permissions as a list", {
    call = function(client) return client.roles:get(2) end,
    sends = { "GET", "/people/roles/2" },
    answer = { 200, '{"result":"SUCCESS","role":{"role_id":2,"permission":["order.view"]}}' },
    value = { role_id = 2, permission = { "order.view" } },
    in_sandbox = function(role)
      assert.equal("Thu ngân", role.role_name)
    end,
  })
  refuses("roles.get", path_rows "role_id", { { "id", "unknown", "2", NOT_A_FIELD } })
  meets("roles.get", { "NOT_FOUND_ROLE" })

  for _, edit in ipairs {
    { "rename", "editName", "name", "Ca tối", '"name":"Ca tối"', { "NOT_FOUND_ROLE", "EXIST_NAME", "ERROR" }, "role_name" },
    { "set_permissions", "editPermissions", "permissions", { "order.edit" }, [["permissions":"[\"order.edit\"]"]],
      { "NOT_FOUND_ROLE", "ERROR" }, "permission" },
  } do
    local method, action, field, value, json, codes, kept_as = (table.unpack or unpack)(edit)
    local sends = { "PUT", "/people/roles/3", ('{"action":"%s",%s}'):format(action, json) }
    local function is_kept(_, state)
      assert.same(value, state.roles[3][kept_as])
    end
    local operation = "roles." .. method
    pos:success(operation, ("sends the action %s with its %s"):format(action, field), {
      input = { role_id = "3", [field] = value }, sends = sends, answer = { 200, SUCCESS }, value = true, in_sandbox = is_kept,
    })
    pos:success(operation, "takes its fields by position", {
      call = function(client) return client.roles[method](client.roles, 3, value) end,
      sends = sends, answer = { 200, SUCCESS }, value = true, in_sandbox = is_kept,
    })
    pos:success("roles.update", ("sends %s with its %s"):format(action, field), {
      input = { role_id = "3", action = action, [field] = value },
      sends = sends, answer = { 200, SUCCESS }, value = true, in_sandbox = is_kept,
    })
    refuses(operation, path_rows "role_id", {
      { field, "required" },
      { "action", "const", "editAll", "is always" },
      { "roleid", "unknown", "3", NOT_A_FIELD .. ' (did you mean "role_id"?)' },
    })
    local needed = ('%s is required when action is "%s"'):format(field, action)
    pos:refuses("roles.update", {
      { field, "condition", { role_id = "3", action = action }, needed },
      { field, "condition", { role_id = "3", action = action, [field] = null }, needed },
    })
    meets(operation, codes)
  end

  pos:refuses("roles.rename", { { "name", "type", 7, "must be a string" } })
  for _, is_true in ipairs { holds_a_list, may_be_empty } do
    is_true("roles.set_permissions", "permissions", function(list) return { role_id = "3", permissions = list } end,
      function(text) return '{"action":"editPermissions","permissions":"' .. text .. '"}' end)
  end

  refuses("roles.update", path_rows "role_id", {
    { "action", "required" },
    { "action", "type", 7, "must be a string" },
    { "action", "enum", "editRole", 'must be one of "editName", "editPermissions"' },
    { "name", "type", 7, "must be a string" },
    { "permission", "unknown", {}, NOT_A_FIELD .. ' (did you mean "permissions"?)' },
  })
  for _, is_true in ipairs { holds_a_list, may_be_empty } do
    is_true("roles.update", "permissions", function(list) return { role_id = "3", action = "editPermissions", permissions = list } end,
      function(text) return '{"action":"editPermissions","permissions":"' .. text .. '"}' end)
  end
  meets("roles.update", { "NOT_FOUND_ROLE", "EXIST_NAME", "ERROR" })
end)

describe("pos: confirming a registration", function()
  local PENDING = { token = "pos-sandbox-pending-token" }
  local UUID = "0b7f6f0e-5a0c-4d0e-9c55-7d2a90f1c3ab"
  local function standing_of(state)
    return state.logins[PENDING.token].standing
  end

  pos:success("verify.confirm", "accepts with Y", {
    input = { seller_uuid = UUID, verify = true },
    sends = { "POST", "/people/verify", '{"seller_uuid":"' .. UUID .. '","verify":"Y"}' },
    answer = { 201, SUCCESS },
    value = true,
    sandbox_options = PENDING,
    in_sandbox = function(_, state)
      assert.is_nil(standing_of(state))
    end,
  })
  pos:success("verify.confirm", "declines with N, and takes its fields by position", {
    call = function(client) return client.verify:confirm(UUID, false) end,
    sends = { "POST", "/people/verify", '{"seller_uuid":"' .. UUID .. '","verify":"N"}' },
    answer = { 201, SUCCESS },
    value = true,
    sandbox_options = PENDING,
    in_sandbox = function(_, state)
      assert.equal("NOT_REGISTERED_POS", standing_of(state))
    end,
  })
  is_a_flag("verify.confirm", "verify", {
    { { seller_uuid = "u", verify = true }, '{"seller_uuid":"u","verify":"Y"}' },
    { { seller_uuid = "u", verify = false }, '{"seller_uuid":"u","verify":"N"}' },
    { { seller_uuid = "u", verify = "Y" }, '{"seller_uuid":"u","verify":"Y"}' },
    { { seller_uuid = "u", verify = "N" }, '{"seller_uuid":"u","verify":"N"}' },
  })
  pos:refuses("verify.confirm", {
    { "seller_uuid", "required" },
    { "seller_uuid", "type", 7, "must be a string" },
    { "verify", "required" },
    { "uuid", "unknown", "u", NOT_A_FIELD },
  })
  meets("verify.confirm", { "NOT_LOGGED_IN", "NOT_REGISTERED_POS", "VERIFIED_POS", "INVALID_SELLER_UUID", "ERROR" })
end)

describe("pos: an error without a code of its own", function()
  for _, row in ipairs {
    { 400, "rejected" }, { 401, "auth" }, { 403, "forbidden" }, { 404, "not_found" }, { 406, "rejected" }, { 415, "rejected" },
    { 422, "invalid_input" },
  } do
    pos:fails("roles.list", nil, ("takes its kind from the status %d, and its words from the problem document"):format(row[1]), {
      answer = problem(row[1], "A title", "Some detail"), kind = row[2], message = "Some detail",
    })
  end

  pos:fails("people.create", nil, "names the field that a validation report is about", {
    answer = problem(422, "Unprocessable Entity", "Failed Validation",
      '"validation_messages":{"username":{"regexNotMatch":"only letters"},"zip":{"isEmpty":"must be there"}}'),
    kind = "invalid_input", field = "username", message = "Failed Validation: username: only letters",
  })
  pos:fails("people.create", nil, "reads a validation report whose messages are a list", {
    answer = problem(422, "Unprocessable Entity", "Failed Validation", '"validation_messages":{"name":["is too long"]}'),
    kind = "invalid_input", field = "name", message = "Failed Validation: name: is too long",
  })
  pos:fails("roles.list", nil, "may be a status with nothing behind it", {
    answer = { 401, "", {} }, kind = "auth", message = "the service answered with HTTP 401 and an empty body",
  })
  pos:fails("roles.create", "SURPRISE", "may be a result that nobody documented", {
    answer = { 201, '{"result":"SURPRISE"}' }, kind = "rejected",
  })
end)

describe("pos: the credential", function()
  local LIST = { 200, '{"_embedded":{"roles":[]}}' }
  local ACCOUNT = { token = false, username = "gia.han", password = "pw-gia-han" }

  local function sent_with(changes)
    local options = {}
    for _, source in ipairs { ACCOUNT, changes } do
      for name, value in pairs(source) do
        options[name] = value
      end
    end
    local client, transport = pos:client(options, LIST)
    local list, err = client.roles:list()
    return list and transport.sent[1], err
  end

  for _, scheme in ipairs { "basic", "digest" } do
    it("is name and password for " .. scheme .. ", even beside a token", function()
      local sent = sent_with { auth = scheme, token = "tok-1" }
      assert.equal(scheme, sent.auth)
      assert.equal("gia.han", sent.username)
      assert.equal("pw-gia-han", sent.password)
      assert.is_nil(sent.headers.authorization)
    end)
  end

  it("is basic where name and password are all there is", function()
    assert.equal("basic", sent_with({}).auth)
  end)

  it("is the token where both are given and nothing is said", function()
    local sent = sent_with { token = "tok-1" }
    assert.is_nil(sent.auth)
    assert.equal("Bearer tok-1", sent.headers.authorization)
  end)

  it("is asked for when it is not there", function()
    local _, err = sent_with { auth = "bearer" }
    assert.equal("auth", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.matches("token", err.message)
  end)

  it("of another kind than the service knows is refused at once", function()
    assert.error_matches(function() sent_with { auth = "ntlm" } end, 'auth must be one of "bearer", "basic", "digest"')
  end)
end)

describe("pos: the headers", function()
  it("can ask for other media types, and name the device on every call", function()
    local client, transport = pos:client({ accept = "application/json", content_type = "application/json", device_id = "till-01" },
      { 201, SUCCESS }, { 200, '{"_embedded":{"roles":[]}}' })
    assert.is_true(client.roles:create("x", {}))
    assert.is_table((client.roles:list()))
    assert.equal("application/json", transport.sent[1].headers.accept)
    assert.equal("application/json", transport.sent[1].headers["content-type"])
    assert.equal("till-01", transport.sent[2].headers["device-id"])
    assert.is_nil(transport.sent[2].headers["content-type"])
  end)
end)

describe("pos: the sandbox's own errors", function()
  local client

  before_each(function()
    client = frontdesk.pos(frontdesk.sandbox.transport({ services = { "pos" } }):options "pos")
  end)

  for _, row in ipairs {
    { "people", "get", { "77" }, "NOT_FOUND_PERSON", 404 },
    { "people", "rename", { "77", "x" }, "NOT_FOUND_PERSON", 200 },
    { "people", "set_username", { "2", "gia.han" }, "EXIST_USERNAME", 422 },
    { "people", "set_role", { "2", "77" }, "NOT_EXIST_ROLE", 422 },
    { "people", "link_customer", { "2", "0900000023" }, "NOT_YET_CONFIRM_PHONE_CUSTOMERVUADUNGCU", 200 },
    { "people", "delete", { "3" }, "PERSON_LINKING_CUSTOMERVUADUNGCU", 200 },
    { "roles", "get", { "77" }, "NOT_FOUND_ROLE", 404 },
    { "roles", "create", { "Quản lý", {} }, "EXIST_NAME", 201 },
    { "verify", "confirm", { "uuid", true }, "VERIFIED_POS", 201 },
  } do
    local resource, method, arguments, code, status = (table.unpack or unpack)(row)
    it(("%s:%s meets %s"):format(resource, method, code), function()
      local value, err = client[resource][method](client[resource], (table.unpack or unpack)(arguments))
      assert.is_nil(value)
      assert.equal(code, err.code)
      assert.equal(status, err.status)
      assert.equal(CODES[code][1], err.kind)
    end)
  end
end)

pos:leaves_nothing_out()
