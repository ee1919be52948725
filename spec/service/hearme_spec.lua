local null = require("frontdesk").null
local suite = require "support.service_suite"

local BASE = "https://api.hearme.vn"
local hearme = suite.new("hearme", {
  base = BASE,
  options = { token = "tok-1" },
  headers = { accept = "application/json", authorization = "BEARER tok-1" },
})

local KIOSK = "kiosk-front-door"
local DONE = '{"message":"OK","status":0}'

local function refusal(code, status, message)
  return { 400, ('{"code":"%s","status":%d,"message":"%s"}'):format(code, status, message) }
end

describe("hearme: logging in", function()
  hearme:success("auth.login", "trades name and password for a token, without a token of its own", {
    input = { username = "front.desk", password = "hearme-sandbox-password", life_time = 3 },
    sends = { "POST", "/oauth/auth/login", '{"username":"front.desk","password":"hearme-sandbox-password","life_time":3}' },
    headers = { authorization = false },
    answer = { 200, '{"token":"tok-9"}' },
    value = "tok-9",
    in_sandbox = function(token, state)
      assert.equal("front.desk", state.tokens[token].username)
    end,
  })

  hearme:accepts("auth.login", "life_time", "zero", "sends a life_time of 0, which means for ever", {
    { { username = "a", password = "b", life_time = 0 }, '{"username":"a","password":"b","life_time":0}' },
    { { username = "a", password = "b" }, '{"username":"a","password":"b"}' },
  })

  hearme:refuses("auth.login", {
    { "username", "required" },
    { "username", "type", 7, "must be a string" },
    { "password", "required" },
    { "password", "type", 7, "must be a string" },
    { "life_time", "type", "3", "must be an integer" },
    { "life_time", "type", 1.5, "must be an integer" },
    { "life_time", "min", -1, "must be at least 0" },
    { "user_name", "unknown", "x", 'is not a field of this operation (did you mean "username"?)' },
  })

  hearme:fails("auth.login", "401", "is refused for a wrong password, which the error does not show", {
    answer = { 401, '{"status":401,"message":"hearme-sandbox-password is not it"}' },
    kind = "auth", message = "(hidden) is not it",
  })

  hearme:fails("auth.login", nil, "is no success without a token", { answer = { 200, "{}" }, kind = "protocol", outcome = "unknown" })
end)

describe("hearme: permissions", function()
  hearme:success("users.permissions", "reads the bare list of an organization's permissions", {
    input = { org_id = "org one/2" },
    sends = { "GET", "/oauth/user/permissions/org%20one%2F2" },
    answer = { 200, '[{"action":"all","permission_id":"operator","resource_id":"r-1","resource_type":"organization","role_id":"7"}]' },
    value = { { action = "all", permission_id = "operator", resource_id = "r-1", resource_type = "organization", role_id = "7" } },
    sandbox_input = function(state)
      return { org_id = (next(state.permissions)) }
    end,
    in_sandbox = function(list, state)
      assert.equal(#select(2, next(state.permissions)), #list)
      assert.equal("operator", list[1].permission_id)
    end,
  })

  hearme:success("users.permissions", "takes the organization by position, and gives an empty list where it has none", {
    call = function(client) return client.users:permissions "org-2" end,
    sends = { "GET", "/oauth/user/permissions/org-2" },
    answer = { 200, "[]" },
    value = {},
  })

  hearme:refuses("users.permissions", {
    { "org_id", "required" },
    { "org_id", "type", true, "must be a string or an integer" },
    { "org_id", "segment", "..", "must not be" },
    { "org_id", "segment", "a\0b", "must not" },
    { "page", "unknown", 1, "is not a field of this operation" },
  })
end)

describe("hearme: showing a customer on a kiosk", function()
  local LINH = { name = "Hoàng Mỹ Linh", phone = "0900000001" }

  hearme:success("customers.send_feedback", "sends device and customer", {
    input = { device_id = KIOSK, customer = LINH },
    sends = { "POST", "/main/customer/sending_feedback", '{"device_id":"kiosk-front-door","customer":{"name":"Hoàng Mỹ Linh","phone":"0900000001"}}' },
    answer = { 200, DONE },
    value = true,
    in_sandbox = function(value, state)
      assert.is_true(value)
      assert.equal("Hoàng Mỹ Linh", state.devices[KIOSK].customer.name)
    end,
  })

  hearme:success("customers.send_feedback", "sends every field of a customer, what is attached, and the organization", {
    input = {
      device_id = KIOSK, org_id = "org-2", attach_info = { lines = { "tea", "cake" } },
      customer = { ext_id = "KH-7", name = "Linh", phone = "0900000001", phone2 = "0900000002", email = "linh@khach.example",
        address = "12 Hàng Mành", company = "Nắng", birthday = "1990-05-01", url = "https://linh.example", notes = "likes tea" },
    },
    sends = { "POST", "/main/customer/sending_feedback",
      '{"device_id":"kiosk-front-door","customer":{"name":"Linh","ext_id":"KH-7","phone":"0900000001","phone2":"0900000002",'
        .. '"email":"linh@khach.example","address":"12 Hàng Mành","company":"Nắng","birthday":"1990-05-01","url":"https://linh.example",'
        .. '"notes":"likes tea"},"attach_info":{"lines":["tea","cake"]},"org_id":"org-2"}',
    },
    answer = { 200, DONE },
    value = true,
    in_sandbox = function(_, state)
      assert.same({ lines = { "tea", "cake" } }, state.devices[KIOSK].attach_info)
      assert.equal("KH-7", state.devices[KIOSK].customer.ext_id)
    end,
  })

  hearme:accepts("customers.send_feedback", "attach_info", "any", "attaches any JSON value", {
    { { device_id = "d", customer = { ext_id = "1" }, attach_info = "x" }, '{"device_id":"d","customer":{"ext_id":"1"},"attach_info":"x"}' },
    { { device_id = "d", customer = { ext_id = "1" }, attach_info = { 1, { 2 } } }, '{"device_id":"d","customer":{"ext_id":"1"},"attach_info":[1,[2]]}' },
    { { device_id = "d", customer = { ext_id = "1" }, attach_info = false }, '{"device_id":"d","customer":{"ext_id":"1"},"attach_info":false}' },
  })

  hearme:accepts("customers.send_feedback", "customer.ext_id", "null", "sends nulls, as kiosks' systems do", {
    { { device_id = "d", customer = { name = "Linh", ext_id = null, birthday = null } }, '{"device_id":"d","customer":{"name":"Linh","ext_id":null,"birthday":null}}' },
  })

  local NAME_NEEDED = "customer.name is required when customer.ext_id is not given"
  hearme:refuses("customers.send_feedback", {
    { "device_id", "required" },
    { "device_id", "type", 7, "must be a string" },
    { "customer", "required" },
    { "customer", "type", "Linh", "must be an object" },
    { "customer.name", "condition", { device_id = "d", customer = { phone = "0900000001" } }, NAME_NEEDED },
    { "customer.name", "condition", { device_id = "d", customer = { ext_id = null } }, NAME_NEEDED },
    { "customer.name", "condition", { device_id = "d", customer = { ext_id = "", name = "" } }, NAME_NEEDED },
    { "customer.fullname", "unknown", "Linh", "is not a field of customer" },
    { "org_id", "type", 7, "must be a string" },
    { "devise_id", "unknown", "d", 'is not a field of this operation (did you mean "device_id"?)' },
  })
  for _, field in ipairs { "name", "ext_id", "phone", "phone2", "email", "address", "company", "birthday", "url", "notes" } do
    hearme:refuses("customers.send_feedback", { { "customer." .. field, "type", 900000001, "must be a string" } })
  end

  hearme:fails("customers.send_feedback", "CUS01", "is refused when a needed field is empty", {
    answer = refusal("CUS01", 1, "A field is empty"), kind = "invalid_input", message = "A field is empty", retryable = false,
  })
  hearme:fails("customers.send_feedback", "CUS02", "is refused when the customer's data is wrong", {
    answer = refusal("CUS02", 2, "That is no customer"), kind = "invalid_input", message = "That is no customer", retryable = false,
  })
  hearme:fails("customers.send_feedback", "CUS03", "is refused when the customer is there already", {
    answer = refusal("CUS03", 3, "We know this one"), kind = "conflict", message = "We know this one", retryable = false,
  })
end)

for _, event in ipairs { "reset_customer", "reset_feedback" } do
  local operation = "devices." .. event

  describe("hearme: clearing a kiosk by " .. event, function()
    hearme:success(operation, "sends its event for the kiosk", {
      input = { obj_id = KIOSK },
      sends = { "POST", "/main/v201/object_emit_event", ('{"obj_id":"kiosk-front-door","event":"%s"}'):format(event) },
      answer = { 200, DONE },
      value = true,
      prepare = function(state)
        state.devices[KIOSK].customer = { name = "Linh" }
      end,
      in_sandbox = function(_, state)
        assert.is_nil(state.devices[KIOSK].customer)
      end,
    })

    hearme:success(operation, "takes the kiosk by position", {
      call = function(client) return client.devices[event](client.devices, KIOSK) end,
      sends = { "POST", "/main/v201/object_emit_event", ('{"obj_id":"kiosk-front-door","event":"%s"}'):format(event) },
      answer = { 200, DONE },
      value = true,
    })

    hearme:accepts(operation, "obj_id", "alias", "knows the kiosk as device_id too", {
      { { device_id = "k-2" }, ('{"obj_id":"k-2","event":"%s"}'):format(event) },
    })

    hearme:refuses(operation, {
      { "obj_id", "required" },
      { "obj_id", "type", 7, "must be a string" },
      { "event", "const", "explode", "is always" },
      { "object_id", "unknown", "x", 'is not a field of this operation (did you mean "obj_id"?)' },
    })

    hearme:fails(operation, "API04", "is an error for an unknown kiosk, although its status is that of success", {
      answer = refusal("API04", 0, "Nothing of that name"), kind = "not_found", message = "Nothing of that name", retryable = false,
    })
    hearme:fails(operation, "API04", "is an error even when an unknown kiosk comes with HTTP 200", {
      answer = { 200, '{"code":"API04","status":0,"message":"Nothing of that name"}' }, kind = "not_found",
    })
    hearme:fails(operation, "SOB02", "is an error for a kiosk out of reach, which may be back later", {
      answer = refusal("SOB02", 2, "No line to it"), kind = "unavailable", message = "No line to it", retryable = true,
    })
    hearme:fails(operation, "5", "is an error for a status other than 0 in a HTTP 200", {
      answer = { 200, '{"status":5,"message":"Hm"}' }, kind = "rejected", message = "Hm",
    })
  end)
end

describe("hearme: the environments", function()
  it("are production unless said, and the vendor's sandbox over plain http", function()
    local client, transport = hearme:client({ environment = "sandbox" }, { 200, DONE })
    assert.is_true(client.devices:reset_customer(KIOSK))
    assert.equal("http://sandbox.hearme.vn:7022/main/v201/object_emit_event", transport.sent[1].url)
  end)
end)

describe("hearme: the token from user name and password", function()
  local REFUSED = { 401, '{"message":"expired"}' }

  local function account(life_time)
    return { token = false, username = "front.desk", password = "pw-front-desk", life_time = life_time }
  end

  it("is fetched once and sent with the scheme BEARER", function()
    local client, transport = hearme:client(account(), { 200, '{"token":"tok-a"}' }, { 200, DONE }, { 200, DONE })
    assert.is_true(client.devices:reset_customer(KIOSK))
    assert.is_true(client.devices:reset_customer(KIOSK))
    assert.equal(3, #transport.sent)
    hearme:expect(transport.sent[1], { "POST", "/oauth/auth/login", '{"username":"front.desk","password":"pw-front-desk"}' },
      { authorization = false })
    assert.equal("BEARER tok-a", transport.sent[2].headers.authorization)
    assert.equal("BEARER tok-a", transport.sent[3].headers.authorization)
  end)

  it("is asked for with the life_time of the client", function()
    for _, days in ipairs { 0, 30 } do
      local client, transport = hearme:client(account(days), { 200, '{"token":"tok-a"}' }, { 200, DONE })
      assert.is_true(client.devices:reset_customer(KIOSK))
      assert.equal(('{"username":"front.desk","password":"pw-front-desk","life_time":%d}'):format(days), transport.sent[1].body)
    end
  end)

  it("is fetched again when it is refused, and the call sent again", function()
    local client, transport = hearme:client(account(), { 200, '{"token":"tok-a"}' }, REFUSED, { 200, '{"token":"tok-b"}' }, { 200, DONE })
    assert.is_true(client.devices:reset_customer(KIOSK))
    assert.equal("BEARER tok-b", transport.sent[4].headers.authorization)
  end)

  it("expires in the sandbox after 14 days, and is replaced without a word", function()
    local sandbox = require("frontdesk.sandbox").transport { services = { "hearme" } }
    local client = require("frontdesk").hearme(sandbox:options "hearme")
    assert.is_true(client.devices:reset_customer(KIOSK))
    sandbox:advance(14 * 86400)
    assert.is_true(client.devices:reset_customer(KIOSK))
    local statuses = {}
    for i, request in ipairs(sandbox:requests()) do
      statuses[i] = request.operation .. " " .. request.status
    end
    assert.same({ "auth.login 200", "devices.reset_customer 200", "devices.reset_customer 401", "auth.login 200",
      "devices.reset_customer 200" }, statuses)
  end)

  it("that cannot be had gives the login's error", function()
    local client, transport = hearme:client(account(), { 401, '{"message":"wrong pw-front-desk"}' })
    local _, err = client.devices:reset_customer(KIOSK)
    assert.equal("hearme.auth.login: 401 not authenticated: wrong (hidden)", tostring(err))
    assert.equal(1, #transport.sent)
  end)
end)

hearme:leaves_nothing_out()
