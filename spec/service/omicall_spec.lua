local frontdesk = require "frontdesk"
local suite = require "support.service_suite"

local null = frontdesk.null
local BASE = "https://public-v1-stg.omicall.com"
local omicall = suite.new("omicall", {
  base = BASE,
  options = { token = "tok-1" },
  headers = { accept = "application/json", authorization = "Bearer tok-1" },
})

local TAKEN = "phone_or_email_assigned_on_other_contact"

local function envelope(status_code, payload, message)
  return ('{"status_code":%d,"instance_id":"i-1","instance_name":"one","payload":%s,"message":%s,"key_enabled":false}'):format(
    status_code, payload or "null", message and '"' .. message .. '"' or "null")
end

local function done(payload)
  return { 200, envelope(9999, payload or "true") }
end

-- The refusals that every operation can meet.
local function meets_refusals(operation)
  omicall:fails(operation, "-9999", "is an error for the status_code -9999, in a HTTP 200", {
    answer = { 200, envelope(-9999, "null", "That is not possible") }, kind = "rejected", message = "That is not possible", retryable = false,
  })
  omicall:fails(operation, "17", "is an error for a status_code that nobody documented", {
    answer = { 200, envelope(17, "true", "Seventeen happened") }, kind = "rejected", message = "Seventeen happened",
  })
  omicall:fails(operation, "9999", "is an error for the payload false, although its status_code is that of success", {
    answer = { 200, envelope(9999, "false") }, kind = "rejected",
  })
  omicall:fails(operation, "unauthorized", "is an error for the plain text Unauthorized, with HTTP 401", {
    answer = { 401, "Unauthorized", { ["content-type"] = "text/plain" } }, kind = "auth",
  })
  omicall:fails(operation, "unauthorized", "is an error for the plain text Unauthorized in a HTTP 200", {
    answer = { 200, "Unauthorized\n", { ["content-type"] = "text/plain" } }, kind = "auth",
  })
end

-- Where a plain true is the one success.
local function needs_true(operation)
  for _, payload in ipairs { "null", "{}", "1", '"yes"' } do
    omicall:fails(operation, "9999", "is an error for the payload " .. payload .. ", which is not true", {
      answer = done(payload), kind = "rejected",
    })
  end
end

-- Where the code of a contact whose number is taken may stand.
local function meets_taken(operation)
  for _, way in ipairs {
    { "payload.error", envelope(-9999, ('{"status":"fail","error":"%s","message":"It is taken"}'):format(TAKEN)) },
    { "payload.error.code", envelope(9999, ('{"error":{"code":"%s","message":"It is taken","index":0}}'):format(TAKEN)) },
  } do
    omicall:fails(operation, TAKEN, "tells that a number is taken, by " .. way[1], {
      answer = { 200, way[2] }, kind = "conflict", message = "It is taken", retryable = false,
    })
  end
  omicall:fails(operation, TAKEN, "tells that a number is taken, by message", {
    answer = { 200, envelope(-9999, "null", TAKEN) }, kind = "conflict",
    message = "Another contact has this phone number or e-mail address already.",
  })
end

describe("omicall: trading the api key", function()
  omicall:success("auth.token", "sends the key in the query and nothing else", {
    input = { apiKey = "omi-sandbox-api-key" },
    sends = { "GET", "/api/auth?apiKey=omi-sandbox-api-key" },
    headers = { authorization = false },
    answer = done '{"access_token":"omi.1","access_type":"normal","token_type":"Bearer"}',
    value = { access_token = "omi.1", access_type = "normal", token_type = "Bearer" },
    in_sandbox = function(answer, state)
      assert.is_number(state.tokens[answer.access_token])
      assert.equal("Bearer", answer.token_type)
    end,
  })

  omicall:accepts("auth.token", "apiKey", "encoded", "encodes the key", {
    { { apiKey = "a b&c=d/é" }, nil, "/api/auth?apiKey=a%20b%26c%3Dd%2F%C3%A9" },
  })

  omicall:refuses("auth.token", {
    { "apiKey", "required" },
    { "apiKey", "type", 7, "must be a string" },
    { "api_key", "unknown", "k", 'is not a field of this operation (did you mean "apiKey"?)' },
  })

  omicall:fails("auth.token", "unauthorized", "is refused for a wrong key, which the error does not show", {
    answer = { 401, "Unauthorized" }, kind = "auth", message = "The token is missing, wrong or has expired.",
  })
  meets_refusals "auth.token"
end)

-- Refusals of the fields that a contact has in every operation, below a path.
local function refuses_contact(operation, prefix, case)
  local rows = {}
  local function row(path, rule, wrong, words)
    rows[#rows + 1] = { prefix .. path, rule, wrong, words }
  end
  for _, field in ipairs { "refId", "userOwnerEmail", "avatarUrl", "fullName", "gender", "passport", "jobTitle", "address", "refCode",
    "refType", "note" } do
    row(field, "type", 7, "must be a string")
  end
  row("gender", "enum", "unknown", 'must be one of "male", "female", "other" (got "unknown")')
  for _, field in ipairs { "tags", "business", "categories" } do
    row(field, "type", "Lead", "must be a list")
    row(field .. "[1]", "type", 7, "must be a string")
  end
  for _, field in ipairs { "phones", "emails" } do
    row(field, "type", { data = "0900000001" }, "must be a list")
    row(field .. "[1]", "type", "0900000001", "must be an object")
    row(field .. "[1].data", "required")
    row(field .. "[1].data", "type", 900000001, "must be a string")
    row(field .. "[1].type", "type", 1, "must be a string")
    row(field .. "[1].type", "enum", "mobile", 'must be one of "home", "personal", "office" (got "mobile")')
    row(field .. "[1].valueType", "type", 1, "must be a string")
    row(field .. "[1].value", "unknown", "x", "is not a field of " .. prefix .. field .. "[1]")
  end
  row("filterContacts", "type", "funnel-sales", "must be a list")
  row("filterContacts[1]", "type", "funnel-sales", "must be an object")
  row("filterContacts[1].id", "type", 7, "must be a string")
  row("filterContacts[1].index", "type", "1", "must be an integer")
  row("filterContacts[1].secondLevelIndex", "type", 1.5, "must be an integer")
  row("filterContacts[1].level", "unknown", 1, "is not a field of " .. prefix .. "filterContacts[1]")
  row("fullname", "unknown", "Linh", "is not a field of ")
  omicall:refuses(operation, rows, case)
end

-- What is taken for the fields that a contact has in every operation. `wrap` puts a contact into an input, `text` its JSON into a body.
local function accepts_contact(operation, prefix, wrap, text)
  local function accepts(path, rule, behaviour, rows)
    for i, row in ipairs(rows) do
      rows[i] = { wrap(row[1]), text(row[2]) }
    end
    omicall:accepts(operation, prefix .. path, rule, behaviour, rows)
  end
  accepts("jobTitle", "alias", "takes the manual's jobTitlte, and sends jobTitle", { { { jobTitlte = "Baker" }, '"jobTitle":"Baker"' } })
  accepts("gender", "allow_empty", "takes an empty gender", { { { gender = "" }, '"gender":""' } })
  accepts("tags", "empty", "sends empty lists as lists", {
    { { tags = {}, business = {}, categories = {} }, '"tags":[],"business":[],"categories":[]' },
    { { phones = {}, emails = {}, filterContacts = {} }, '"phones":[],"emails":[],"filterContacts":[]' },
  })
  accepts("fullName", "null", "sends null where it is given", { { { fullName = null }, '"fullName":null' } })
  for _, field in ipairs { "phones", "emails" } do
    local function reach(json)
      return ('"%s":[{"data":"x",%s}]'):format(field, json)
    end
    accepts(field .. "[1].type", "allow_empty", "takes an empty type in " .. field, { { { [field] = { { data = "x", type = "" } } }, reach '"type":""' } })
    accepts(field .. "[1].valueType", "derive", "fills in the valueType of " .. field .. ", and leaves one that is given", {
      { { [field] = { { data = "x", type = "home" } } }, reach '"type":"home","valueType":"Nhà"' },
      { { [field] = { { data = "x", type = "personal" } } }, reach '"type":"personal","valueType":"Cá nhân"' },
      { { [field] = { { data = "x", type = "office" } } }, reach '"type":"office","valueType":"Công ty"' },
      { { [field] = { { data = "x", type = "office", valueType = "Ofice" } } }, reach '"type":"office","valueType":"Ofice"' },
    })
  end
end

describe("omicall: adding a contact", function()
  omicall:success("contacts.add", "sends every field", {
    input = {
      refId = "KH-0100", tags = { "Lead", "VIP" }, business = { "Tea" }, categories = { "North" }, userOwnerEmail = "mai@desk.example",
      avatarUrl = "https://pictures.example/1.png", fullName = "Hoàng Mỹ Linh", gender = "female", passport = "P-1", jobTitle = "Baker",
      address = "12 Hàng Mành", refCode = "C-1", refType = "guest", note = "likes tea",
      phones = { { data = "0900000001", type = "home" } }, emails = { { data = "linh@khach.example", type = "office", valueType = "Công ty" } },
      filterContacts = { { id = "funnel-sales", index = 1, secondLevelIndex = 2 } },
    },
    sends = { "POST", "/api/v2/contact/add",
      '{"refId":"KH-0100","tags":["Lead","VIP"],"business":["Tea"],"categories":["North"],"userOwnerEmail":"mai@desk.example",'
        .. '"avatarUrl":"https://pictures.example/1.png","fullName":"Hoàng Mỹ Linh","gender":"female","passport":"P-1","jobTitle":"Baker",'
        .. '"address":"12 Hàng Mành","refCode":"C-1","refType":"guest","note":"likes tea",'
        .. '"phones":[{"data":"0900000001","type":"home","valueType":"Nhà"}],'
        .. '"emails":[{"data":"linh@khach.example","type":"office","valueType":"Công ty"}],'
        .. '"filterContacts":[{"id":"funnel-sales","index":1,"secondLevelIndex":2}]}' },
    answer = done(),
    value = true,
    in_sandbox = function(_, state)
      local contact = state.book.by_ref["KH-0100"]
      assert.equal("Hoàng Mỹ Linh", contact.fullName)
      assert.equal("Baker", contact.jobTitle)
      assert.equal("Nhà", contact.phones[1].valueType)
    end,
  })

  omicall:success("contacts.add", "needs no field at all", {
    call = function(client) return client.contacts:add() end,
    sends = { "POST", "/api/v2/contact/add", "{}" },
    answer = done(),
    value = true,
  })

  refuses_contact("contacts.add", "")
  accepts_contact("contacts.add", "", function(contact) return contact end, function(json) return "{" .. json .. "}" end)
  meets_taken "contacts.add"
  meets_refusals "contacts.add"
  needs_true "contacts.add"

  it("contacts.add is told by the sandbox that a number is taken", function()
    local client = frontdesk.omicall(frontdesk.sandbox.transport({ services = { "omicall" } }):options "omicall")
    local _, err = client.contacts:add { phones = { { data = "0900000011" } } }
    assert.equal(TAKEN, err.code)
    assert.equal("conflict", err.kind)
    _, err = client.contacts:add { refId = "KH-0001" }
    assert.equal("9999", err.code)
  end)
end)

describe("omicall: adding many contacts", function()
  local function wrap(contact) return { data = { contact } } end

  omicall:success("contacts.add_many", "sends the list as data", {
    input = { data = { { fullName = "An", phones = { { data = "0900000001", type = "home" } } }, { fullName = "Bình", tags = {} } } },
    sends = { "POST", "/api/v2/contact/addMany",
      '{"data":[{"fullName":"An","phones":[{"data":"0900000001","type":"home","valueType":"Nhà"}]},{"tags":[],"fullName":"Bình"}]}' },
    answer = done '{"success":true}',
    value = true,
    in_sandbox = function(_, state)
      assert.equal(7, #state.book.list)
    end,
  })

  omicall:refuses("contacts.add_many", {
    { "data", "required" },
    { "data", "nonempty", {}, "must not be empty" },
    { "data", "type", "An", "must be a list" },
    { "data[2]", "type", "An", "must be an object" },
    { "rows", "unknown", {}, "is not a field of this operation" },
  })
  refuses_contact("contacts.add_many", "data[2].", {
    input = { data = { { fullName = "An" }, { phones = { { data = "0900000001" } }, emails = { { data = "an@khach.example" } } } } },
  })
  accepts_contact("contacts.add_many", "data[1].", wrap, function(json) return '{"data":[{' .. json .. "}]}" end)
  meets_taken "contacts.add_many"
  meets_refusals "contacts.add_many"

  for _, payload in ipairs { "{}", '{"success":false}', '{"success":true,"error":{"index":3}}', "true" } do
    omicall:fails("contacts.add_many", "9999", "is an error for the payload " .. payload, { answer = done(payload), kind = "rejected" })
  end

  it("contacts.add_many is a success beside an error that is empty", function()
    for _, payload in ipairs { '{"success":true,"error":{}}', '{"success":true,"error":null}', '{"success":true,"error":""}' } do
      local client = omicall:client(nil, done(payload))
      assert.is_true((client.contacts:add_many { data = { {} } }))
    end
  end)

  it("contacts.add_many keeps what the service says of the bad row", function()
    local client = frontdesk.omicall(frontdesk.sandbox.transport({ services = { "omicall" } }):options "omicall")
    local _, err = client.contacts:add_many { data = { { fullName = "An" }, { phones = { { data = "0900000011" } } } } }
    assert.equal(TAKEN, err.code)
    assert.equal(1, err.body.payload.error.index)
  end)
end)

describe("omicall: changing a contact", function()
  omicall:success("contacts.update", "sends every field", {
    input = {
      refId = "KH-0001", tags = { "VIP" }, business = { "Tea" }, categories = { "North" }, tagRemoves = { "Lead" }, businessRemoves = { "Coffee" },
      categoriesRemoves = { "South" }, userOwnerEmail = "mai@desk.example", avatarUrl = "https://pictures.example/1.png", fullName = "Nhung",
      gender = "other", passport = "P-1", jobTitle = "Baker", address = "12 Hàng Mành", note = "likes tea",
      phones = { { data = "0900000001" } }, emails = { { data = "nhung@khach.example" } },
      filterContacts = { { id = "funnel-sales", index = 2 } },
      otherDynamicUpdates = { { fieldCode = "favourite_colour", values = { { data = "green", type = "text", valueType = "Text" } } } },
      refCode = "C-1", refType = "guest",
    },
    sends = { "POST", "/api/v2/contact/update",
      '{"refId":"KH-0001","tags":["VIP"],"business":["Tea"],"categories":["North"],"tagRemoves":["Lead"],"businessRemoves":["Coffee"],'
        .. '"categoriesRemoves":["South"],"userOwnerEmail":"mai@desk.example","avatarUrl":"https://pictures.example/1.png","fullName":"Nhung",'
        .. '"gender":"other","passport":"P-1","jobTitle":"Baker","address":"12 Hàng Mành","note":"likes tea",'
        .. '"phones":[{"data":"0900000001"}],"emails":[{"data":"nhung@khach.example"}],"filterContacts":[{"id":"funnel-sales","index":2}],'
        .. '"otherDynamicUpdates":[{"fieldCode":"favourite_colour","values":[{"data":"green","type":"text","valueType":"Text"}]}],'
        .. '"refCode":"C-1","refType":"guest"}' },
    answer = done(),
    value = true,
    in_sandbox = function(_, state)
      local contact = state.book.by_ref["KH-0001"]
      assert.equal("Nhung", contact.fullName)
      assert.same({ "VIP" }, contact.tags)
      assert.equal("green", contact.dynamic.favourite_colour[1].data)
    end,
  })

  omicall:success("contacts.update", "names the contact by its _id where it has no refId", {
    input = { _id = "c-1", fullName = "Nhung" },
    sends = { "POST", "/api/v2/contact/update", '{"_id":"c-1","fullName":"Nhung"}' },
    answer = done(),
    value = true,
    sandbox_input = function(state)
      return { _id = state.book.list[2].id, fullName = "Nhung" }
    end,
    in_sandbox = function(_, state)
      assert.equal("Nhung", state.book.list[2].fullName)
    end,
  })

  local NAMED = "one of refId, _id is required"
  local rows = {
    { "refId", "condition", { fullName = "Nhung" }, NAMED },
    { "refId", "condition", { refId = "", _id = null }, NAMED },
    { "_id", "type", 7, "must be a string" },
    { "otherDynamicUpdates", "type", "x", "must be a list" },
    { "otherDynamicUpdates[1]", "type", "x", "must be an object" },
    { "otherDynamicUpdates[1].fieldCode", "required" },
    { "otherDynamicUpdates[1].fieldCode", "type", 7, "must be a string" },
    { "otherDynamicUpdates[1].values", "type", "green", "must be a list" },
    { "otherDynamicUpdates[1].values[1]", "type", "green", "must be an object" },
    { "otherDynamicUpdates[1].values[1].type", "type", 7, "must be a string" },
    { "otherDynamicUpdates[1].values[1].valueType", "type", 7, "must be a string" },
    { "otherDynamicUpdates[1].values[1].value", "unknown", "green", "is not a field of" },
    { "otherDynamicUpdates[1].code", "unknown", "x", "is not a field of" },
  }
  for _, field in ipairs { "tagRemoves", "businessRemoves", "categoriesRemoves" } do
    rows[#rows + 1] = { field, "type", "Lead", "must be a list" }
    rows[#rows + 1] = { field .. "[1]", "type", 7, "must be a string" }
  end
  omicall:refuses("contacts.update", rows)
  refuses_contact("contacts.update", "")
  accepts_contact("contacts.update", "", function(contact)
    contact._id = "c-1"
    return contact
  end, function(json)
    return '{"_id":"c-1",' .. json .. "}"
  end)
  omicall:accepts("contacts.update", "otherDynamicUpdates", "any", "sends new values of any type, and empty lists as lists", {
    { { _id = "c-1", otherDynamicUpdates = {
      { fieldCode = "a", values = { { data = 7 }, { data = true }, { data = { "x" } } } }, { fieldCode = "b", values = {} } } },
      '{"_id":"c-1","otherDynamicUpdates":[{"fieldCode":"a","values":[{"data":7},{"data":true},{"data":["x"]}]},{"fieldCode":"b","values":[]}]}' },
    { { _id = "c-1", tagRemoves = {}, otherDynamicUpdates = {} }, '{"_id":"c-1","tagRemoves":[],"otherDynamicUpdates":[]}' },
  })
  meets_taken "contacts.update"
  meets_refusals "contacts.update"
  needs_true "contacts.update"
end)

local PAGE = '{"items":[{"public_id":"c-1","created_date":1704819600000,"is_deleted":false,"tags":["VIP"],"attribute_structure":['
  .. '{"identify":false,"field_code":"full_name","field_type":"single_text","value":[{"display_value":"Bảo","data_type":"","value_type":""}]}]}],'
  .. '"page_number":2,"page_size":1,"has_next":false,"has_previous":true,"next_page":1,"previous_page":1,"total_pages":2,"total_items":2}'
local READ = {
  items = { {
    public_id = "c-1", created_date = 1704819600000, is_deleted = false, tags = { "VIP" },
    attribute_structure = { { identify = false, field_code = "full_name", field_type = "single_text",
      value = { { display_value = "Bảo", data_type = "", value_type = "" } } } },
  } },
  page_number = 2, page_size = 1, has_next = false, has_previous = true, next_page = 1, previous_page = 1, total_pages = 2, total_items = 2,
}

describe("omicall: searching", function()
  omicall:success("contacts.search", "sends page and size in the query, all else in the body", {
    input = { page = 1, size = 20, keyword = "0900000012", tags = { "Lead" }, business = {}, categories = {},
      ranges = { { field = "created_date", from = 1704819600000, to = 1893456000000 } }, includeIds = {}, excludeIds = { "c-9" } },
    sends = { "POST", "/api/v2/contact/search?page=1&size=20",
      '{"keyword":"0900000012","tags":["Lead"],"business":[],"categories":[],'
        .. '"ranges":[{"field":"created_date","from":1704819600000,"to":1893456000000}],"includeIds":[],"excludeIds":["c-9"]}' },
    answer = done(PAGE),
    value = READ,
    in_sandbox = function(page)
      assert.equal(1, page.total_items)
      assert.equal("Phạm Quốc Bảo", page.items[1].attribute_structure[1].value[1].display_value)
      assert.is_false(page.has_next)
    end,
  })

  omicall:success("contacts.search", "asks for nothing in particular with an empty object", {
    call = function(client) return client.contacts:search() end,
    sends = { "POST", "/api/v2/contact/search", "{}" },
    answer = done(PAGE),
    value = READ,
    in_sandbox = function(page)
      assert.equal(5, page.total_items)
      assert.equal(50, page.page_size)
    end,
  })

  omicall:accepts("contacts.search", "ranges", "integers", "writes milliseconds as integers, also those that were computed as floats", {
    { { ranges = { { field = "created_date", from = 1704819600 * 1e3, to = 1704819600.123 * 1000 } } },
      '{"ranges":[{"field":"created_date","from":1704819600000,"to":1704819600123}]}', "/api/v2/contact/search" },
    { { page = 2.0, size = 1e2 }, "{}", "/api/v2/contact/search?page=2&size=100" },
  })

  omicall:refuses("contacts.search", {
    { "page", "type", "1", "must be an integer" },
    { "page", "min", 0, "must be at least 1" },
    { "size", "type", 1.5, "must be an integer" },
    { "size", "min", 0, "must be at least 1" },
    { "keyword", "type", 900000012, "must be a string" },
    { "tags", "type", "Lead", "must be a list" },
    { "tags[1]", "type", 7, "must be a string" },
    { "business", "type", "Tea", "must be a list" },
    { "business[1]", "type", 7, "must be a string" },
    { "categories", "type", "North", "must be a list" },
    { "categories[1]", "type", 7, "must be a string" },
    { "includeIds", "type", "c-1", "must be a list" },
    { "includeIds[1]", "type", 7, "must be a string" },
    { "excludeIds", "type", "c-1", "must be a list" },
    { "excludeIds[2]", "type", 7, "must be a string" },
    { "ranges", "type", { field = "created_date" }, "must be a list" },
    { "ranges[1]", "type", "today", "must be an object" },
    { "ranges[1].field", "required" },
    { "ranges[1].field", "type", 7, "must be a string" },
    { "ranges[1].from", "type", "2030-01-01", "must be an integer" },
    { "ranges[1].to", "type", 1704819600.5, "must be an integer" },
    { "ranges[1].until", "unknown", 1, "is not a field of ranges[1]" },
    { "key", "unknown", "x", "is not a field of this operation" },
  })

  it("contacts.search gives times as integers", function()
    local client = omicall:client(nil, done(PAGE))
    local created = assert(client.contacts:search()).items[1].created_date
    assert.equal(1704819600000, created)
    assert.equal("1704819600000", ("%d"):format(created))
    if math.type then
      assert.equal("integer", math.type(created))
    end
  end)

  omicall:fails("contacts.search", nil, "is no success without a payload", {
    answer = { 200, '{"status_code":9999}' }, kind = "protocol", outcome = "unknown",
  })
  meets_refusals "contacts.search"
end)

describe("omicall: all pages", function()
  local function page(has_next, ...)
    local items = {}
    for i, id in ipairs { ... } do
      items[i] = '{"public_id":"' .. id .. '"}'
    end
    return done(('{"has_next":%s,"next_page":1,"items":[%s]}'):format(tostring(has_next), table.concat(items, ",")))
  end

  local function ids_of(client, input)
    local ids = {}
    for contact, err in client.contacts:each(input) do
      if not contact then
        return ids, err
      end
      ids[#ids + 1] = contact.public_id
    end
    return ids
  end

  it("come one after the other until has_next is false, whatever next_page says", function()
    local client, transport = omicall:client(nil, page(true, "a", "b"), page(true, "c", "d"), page(false, "e"))
    assert.same({ "a", "b", "c", "d", "e" }, (ids_of(client, { size = 2, tags = { "VIP" } })))
    assert.equal(3, #transport.sent)
    for number, sent in ipairs(transport.sent) do
      omicall:expect(sent, { "POST", "/api/v2/contact/search?page=" .. number .. "&size=2", '{"tags":["VIP"]}' })
    end
  end)

  it("end with a page without items, even where has_next is true", function()
    local client, transport = omicall:client(nil, page(true, "a"), page(true))
    assert.same({ "a" }, (ids_of(client)))
    assert.equal(2, #transport.sent)
  end)

  it("begin at the page that is asked for", function()
    local client, transport = omicall:client(nil, page(false, "z"))
    assert.same({ "z" }, (ids_of(client, { page = 7 })))
    assert.equal(BASE .. "/api/v2/contact/search?page=7", transport.sent[1].url)
  end)

  it("end with false and the error of a page that fails", function()
    local client = omicall:client(nil, page(true, "a"), { 200, envelope(-9999, "null", "Not now") })
    local ids, err = ids_of(client)
    assert.same({ "a" }, ids)
    assert.equal("omicall.contacts.search: -9999: Not now", tostring(err))
  end)

  it("can be had as pages", function()
    local client = omicall:client(nil, page(true, "a", "b"), page(false, "c"))
    local sizes = {}
    for found in client.contacts:pages { size = 2 } do
      sizes[#sizes + 1] = #found.items
    end
    assert.same({ 2, 1 }, sizes)
  end)

  it("hold every contact of the sandbox once", function()
    local sandbox = frontdesk.sandbox.transport { services = { "omicall" } }
    local client = frontdesk.omicall(sandbox:options "omicall")
    local seen, count = {}, 0
    for _, id in ipairs((ids_of(client, { size = 2 }))) do
      assert.is_nil(seen[id])
      seen[id], count = true, count + 1
    end
    assert.equal(5, count)
    assert.equal(1 + 3, #sandbox:requests())
  end)
end)

describe("omicall: reading", function()
  omicall:success("contacts.get", "asks for a contact by its id, in the path", {
    input = { id = "c 1/x" },
    sends = { "GET", "/api/v2/contact/get/c%201%2Fx" },
    answer = done '{"public_id":"c 1/x","contact_type":"contact","tags":[]}',
    value = { public_id = "c 1/x", contact_type = "contact", tags = {} },
    sandbox_input = function(state)
      return { id = state.book.list[1].id }
    end,
    in_sandbox = function(contact, state)
      assert.equal(state.book.list[1].id, contact.public_id)
    end,
  })

  omicall:success("contacts.get", "takes the id by position", {
    call = function(client) return client.contacts:get "c-1" end,
    sends = { "GET", "/api/v2/contact/get/c-1" },
    answer = done '{"public_id":"c-1"}',
    value = { public_id = "c-1" },
    prepare = function(state)
      state.book.by_id["c-1"] = state.book.list[1]
      state.book.list[1].id = "c-1"
    end,
    in_sandbox = function(contact)
      assert.equal("c-1", contact.public_id)
    end,
  })

  omicall:refuses("contacts.get", {
    { "id", "required" },
    { "id", "type", true, "must be a string or an integer" },
    { "id", "segment", "..", "must not be" },
    { "id", "segment", ".", "must not be" },
    { "id", "segment", "a\0b", "must not" },
    { "_id", "unknown", "c-1", 'is not a field of this operation (did you mean "id"?)' },
  })
  meets_refusals "contacts.get"

  omicall:success("attributes.list", "gives the attributes as the service has them", {
    sends = { "GET", "/api/v2/contact/layout/list" },
    answer = done '[{"field_code":"full_name","field_type":"single_text"}]',
    value = { { field_code = "full_name", field_type = "single_text" } },
    in_sandbox = function(list)
      assert.equal("full_name", list[1].field_code)
    end,
  })
  omicall:refuses("attributes.list", { { "page", "unknown", 1, "is not a field of this operation" } })
  meets_refusals "attributes.list"

  omicall:success("states.list", "gives the funnels as the service has them", {
    sends = { "GET", "/api/v2/contact/filterContact/list" },
    answer = done '[{"id":"funnel-sales","states":[]}]',
    value = { { id = "funnel-sales", states = {} } },
    in_sandbox = function(list)
      assert.equal("funnel-sales", list[1].id)
    end,
  })
  omicall:refuses("states.list", { { "page", "unknown", 1, "is not a field of this operation" } })
  meets_refusals "states.list"
end)

describe("omicall: the token from the api key", function()
  local TOKEN = '{"access_token":"omi.%d","access_type":"normal","token_type":"Bearer"}'
  local UNAUTHORIZED = { 401, "Unauthorized", { ["content-type"] = "text/plain" } }

  it("is fetched once, and sent as Bearer", function()
    local client, transport = omicall:client({ token = false, api_key = "key-1" }, done(TOKEN:format(1)), done(), done())
    assert.is_true(client.contacts:add { fullName = "An" })
    assert.is_true(client.contacts:add { fullName = "Bình" })
    omicall:expect(transport.sent[1], { "GET", "/api/auth?apiKey=key-1" }, { authorization = false })
    assert.equal("Bearer omi.1", transport.sent[2].headers.authorization)
    assert.equal("Bearer omi.1", transport.sent[3].headers.authorization)
    assert.equal(3, #transport.sent)
  end)

  it("is fetched again when it is refused, in plain text", function()
    local client, transport = omicall:client({ token = false, api_key = "key-1" }, done(TOKEN:format(1)), UNAUTHORIZED, done(TOKEN:format(2)), done())
    local value, _, response = client.contacts:add { fullName = "An" }
    assert.is_true(value)
    assert.equal(2, response.attempts)
    assert.equal("Bearer omi.2", transport.sent[4].headers.authorization)
    assert.equal('{"fullName":"An"}', transport.sent[4].body)
  end)

  it("expires in the sandbox after a day, and is replaced without a word", function()
    local sandbox = frontdesk.sandbox.transport { services = { "omicall" } }
    local client = frontdesk.omicall(sandbox:options "omicall")
    assert.is_true(client.contacts:add { fullName = "An" })
    sandbox:advance(86400)
    assert.is_true(client.contacts:add { fullName = "Bình" })
    local seen = {}
    for i, request in ipairs(sandbox:requests()) do
      seen[i] = request.operation .. " " .. request.status
    end
    assert.same({ "auth.token 200", "contacts.add 200", "contacts.add 401", "auth.token 200", "contacts.add 200" }, seen)
  end)

  it("cannot be had for a wrong key, which is not shown", function()
    local client, transport = omicall:client({ token = false, api_key = "key-secret" }, { 401, "Unauthorized" })
    local _, err = client.contacts:add {}
    assert.equal("omicall.auth.token: 401 unauthorized: The token is missing, wrong or has expired.", tostring(err))
    assert.equal(1, #transport.sent)
  end)

  it("is asked for when neither it nor the key is given", function()
    local client = omicall:client { token = false }
    local _, err = client.contacts:add {}
    assert.equal("there is no credential to send; give the client token, or api_key", err.message)
  end)
end)

describe("omicall: a word in the message", function()
  it("is a code only where it is known as one, and is said otherwise", function()
    local client = omicall:client(nil, { 200, '{"status_code":-9999,"message":"Failed"}' })
    local _, err = client.contacts:get "c-1"
    assert.equal("-9999", err.code)
    assert.equal("Failed", err.message)
  end)
end)

omicall:leaves_nothing_out()
