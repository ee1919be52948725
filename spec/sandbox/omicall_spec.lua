local json = require "frontdesk.sandbox.json"
local simulated = require "support.simulated"

describe("OMICall, simulated", function()
  local omicall, token

  local function call(path, body, query)
    return omicall:send("POST", "/api/v2/contact/" .. path .. (query or ""), { body = body, token = token })
  end

  local function get(path)
    return omicall:send("GET", "/api/v2/contact/" .. path, { token = token })
  end

  local function search(body, query)
    return call("search", body or {}, query).json.payload
  end

  local function refs(page)
    local list = {}
    for i, item in ipairs(page.items) do list[i] = item.ref_id end
    return list
  end

  local function attribute(contact, code)
    for _, row in ipairs(contact.attribute_structure) do
      if row.field_code == code then return row.value end
    end
  end

  local function phone(number, kind)
    return { data = number, type = kind or "personal" }
  end

  before_each(function()
    omicall = simulated.new("omicall")
    token = omicall:send("GET", "/api/auth?apiKey=omi-sandbox-api-key").json.payload.access_token
  end)

  describe("tokens", function()
    it("come for the api key and serve a day", function()
      assert.equal(9999, call("search", {}).json.status_code)
      omicall:advance(86399)
      assert.equal(200, call("search", {}).status)
      omicall:advance(1)
      assert.equal(401, call("search", {}).status)
    end)

    it("are refused as plain text when they are wrong, missing or revoked", function()
      local wrong = omicall:send("GET", "/api/v2/contact/layout/list", { token = "omi.wrong" })
      assert.same({ 401, "Unauthorized" }, { wrong.status, wrong.text })
      assert.is_nil(wrong.json)
      assert.equal("Unauthorized", omicall:send("GET", "/api/v2/contact/layout/list").text)
      assert.equal("Unauthorized", omicall:send("GET", "/api/auth?apiKey=wrong").text)
      omicall.application:fault({ service = "omicall", kind = "revoked" })
      assert.equal(401, get("layout/list").status)
    end)

    it("are taken with the scheme in any letter case, and not without a scheme", function()
      local path = "/api/v2/contact/layout/list"
      assert.equal(200, omicall:send("GET", path, { headers = { authorization = "bearer " .. token } }).status)
      assert.equal(401, omicall:send("GET", path, { headers = { authorization = token } }).status)
    end)
  end)

  describe("add", function()
    it("creates a contact that can be found and read", function()
      local answer = call("add", { refId = "KH-9001", fullName = "Ngô Thảo My", tags = json.array({}), gender = "female",
        phones = { phone("0900000041", "office") }, emails = json.array({}), jobTitle = "Kế toán" })
      assert.equal(200, answer.status)
      assert.is_true(answer.json.payload)
      local page = search({ keyword = "0900000041" })
      assert.same({ "KH-9001" }, refs(page))
      local contact = get("get/" .. page.items[1].public_id).json.payload
      assert.same({ { display_value = "Ngô Thảo My", data_type = json.null, value_type = json.null } }, attribute(contact, "full_name"))
      assert.equal("office", attribute(contact, "phone_number")[1].data_type)
      assert.equal("Kế toán", attribute(contact, "job_title")[1].display_value)
      assert.equal(1760000000000, contact.created_date)
    end)

    it("answers the payload false for a refId that is there", function()
      local answer = call("add", { refId = "KH-0001", fullName = "Ai đó" })
      assert.same({ 9999, false }, { answer.json.status_code, answer.json.payload })
    end)

    it("refuses a phone number or an address of another contact", function()
      for _, contact in ipairs({ { phones = { phone("0900000011") } }, { emails = { { data = "NHUNG@khach.example" } } } }) do
        local answer = call("add", contact)
        assert.equal(200, answer.status)
        assert.same({ -9999, "phone_or_email_assigned_on_other_contact" }, { answer.json.status_code, answer.json.message })
      end
      assert.equal(5, search().total_items)
    end)

    it("refuses values of the wrong type and names the field", function()
      local wrong = {
        fullName = 5, tags = "Lead", gender = "unknown", phones = { { type = "home" } }, emails = { { data = "a@b.example", type = "x" } },
        filterContacts = { { id = "funnel-sales", index = 9 } }, business = { 1 },
      }
      for field, content in pairs(wrong) do
        local answer = call("add", { [field] = content })
        assert.equal(-9999, answer.json.status_code)
        assert.equal("The value of " .. field .. " is not usable", answer.json.message)
      end
      assert.equal(-9999, call("add", { phones = {} }).json.status_code, "{} is no list")
    end)

    it("takes the empty string as gender, nulls as absent, and a second-level state where there is one", function()
      local function add(state)
        return call("add", { gender = "", note = json.null, filterContacts = { state } }).json.payload
      end
      assert.is_true(add({ id = "funnel-sales", index = 1, secondLevelIndex = 2 }))
      assert.is_true(add({ id = "funnel-sales", index = 3 }))
      assert.equal(json.null, add({ id = "funnel-sales", index = 3, secondLevelIndex = 1 }))
    end)
  end)

  describe("addMany", function()
    it("creates all contacts", function()
      local answer = call("addMany", { data = { { refId = "KH-9001", phones = { phone("0900000041") } }, { refId = "KH-9002" } } })
      assert.same({ success = true }, answer.json.payload)
      assert.equal(7, search().total_items)
    end)

    it("creates none when a row is bad, and tells which", function()
      local answer = call("addMany", { data = { { refId = "KH-9001" }, { phones = { phone("0900000011") } } } })
      assert.equal(9999, answer.json.status_code)
      assert.equal(1, answer.json.payload.error.index)
      assert.equal("phone_or_email_assigned_on_other_contact", answer.json.payload.error.code)
      assert.equal(5, search().total_items)
    end)

    it("refuses two rows with one phone number, and a refId that is there", function()
      local twins = { { phones = { phone("0900000041") } }, { phones = { phone("0900000041") } } }
      assert.equal(1, call("addMany", { data = twins }).json.payload.error.index)
      assert.equal(0, call("addMany", { data = { { refId = "KH-0002" } } }).json.payload.error.index)
    end)

    it("refuses anything but a list with contacts in it", function()
      for _, data in ipairs({ json.array({}), {}, "KH", { 1 } }) do
        local answer = call("addMany", { data = data }).json
        assert.is_true(answer.status_code == -9999 or answer.payload.error ~= nil)
      end
      assert.equal(-9999, call("addMany", {}).json.status_code)
    end)
  end)

  describe("update", function()
    it("changes a contact by refId", function()
      assert.is_true(call("update", { refId = "KH-0001", fullName = "Lê Hồng Nhung", phones = { phone("0900000042") } }).json.payload)
      local found = search({ keyword = "0900000042" }).items[1]
      assert.equal("Lê Hồng Nhung", attribute(found, "full_name")[1].display_value)
      assert.equal(0, search({ keyword = "0900000011" }).total_items)
      assert.is_true(call("add", { phones = { phone("0900000011") } }).json.payload, "the old number is free")
    end)

    it("changes a contact by _id and leaves alone what is not named", function()
      local before = search({ keyword = "0900000012" }).items[1]
      assert.is_true(call("update", { _id = before.public_id, note = "Gọi lại" }).json.payload)
      local after = get("get/" .. before.public_id).json.payload
      assert.equal("Gọi lại", attribute(after, "note")[1].display_value)
      assert.same(attribute(before, "phone_number"), attribute(after, "phone_number"))
    end)

    it("adds names to tags and takes names away", function()
      call("update", { refId = "KH-0002", tags = { "Lead", "Mới" }, tagRemoves = { "VIP" } })
      assert.same({ "Lead", "Mới" }, search({ keyword = "0900000012" }).items[1].tags)
    end)

    it("sets attributes of one's own, and refuses those that do not exist", function()
      local function set(code)
        return call("update", { refId = "KH-0001", otherDynamicUpdates = { { fieldCode = code, values = { { data = "Xanh" } } } } }).json
      end
      assert.is_true(set("favourite_colour").payload)
      assert.equal("Xanh", attribute(search({ keyword = "0900000011" }).items[1], "favourite_colour")[1].display_value)
      assert.equal(-9999, set("shoe_size").status_code)
    end)

    it("refuses an unknown contact, and a request that names none", function()
      assert.equal(-9999, call("update", { refId = "KH-7777", note = "x" }).json.status_code)
      assert.equal(-9999, call("update", { _id = "nobody", note = "x" }).json.status_code)
      assert.equal("refId or _id must be given", call("update", { note = "x" }).json.message)
    end)

    it("refuses the phone number of another contact but takes the contact's own", function()
      local taken = call("update", { refId = "KH-0001", phones = { phone("0900000012") } }).json
      assert.equal("phone_or_email_assigned_on_other_contact", taken.message)
      assert.is_true(call("update", { refId = "KH-0001", phones = { phone("0900000011") } }).json.payload)
    end)
  end)

  describe("search", function()
    it("goes through pages by has_next", function()
      local seen, number, page = {}, 0
      repeat
        number = number + 1
        page = search({}, "?page=" .. number .. "&size=2")
        for _, ref in ipairs(refs(page)) do seen[#seen + 1] = ref end
      until not page.has_next
      assert.same({ "KH-0001", "KH-0002", "KH-0003", "KH-0004", "KH-0005" }, seen)
      assert.same({ 3, 3, 5, 2, true }, { page.page_number, page.total_pages, page.total_items, page.page_size, page.has_previous })
      assert.equal(3, page.next_page, "next_page stays on the last page")
    end)

    it("has pages of 50 unless asked otherwise, and an empty list behind the last one", function()
      assert.equal(50, search().page_size)
      local behind = call("search", {}, "?page=4")
      assert.truthy(behind.text:find('"items":[]', 1, true))
      assert.is_false(behind.json.payload.has_next)
    end)

    it("finds by part of a phone number, a mail address or a name", function()
      assert.same({ "KH-0003" }, refs(search({ keyword = "0000013" })))
      assert.same({ "KH-0004" }, refs(search({ keyword = "KHOI@" })))
      assert.same({ "KH-0005" }, refs(search({ keyword = "An Nhiên" })))
      assert.equal(5, search({ keyword = "" }).total_items)
    end)

    it("filters by tags, ids and times", function()
      assert.same({ "KH-0002", "KH-0004" }, refs(search({ tags = { "VIP" } })))
      assert.same({ "KH-0002" }, refs(search({ tags = { "VIP", "Lead" } })))
      local all = search().items
      assert.same({ "KH-0003" }, refs(search({ includeIds = { all[3].public_id } })))
      assert.same({ "KH-0002", "KH-0004" }, refs(search({ excludeIds = { all[1].public_id, all[3].public_id, all[5].public_id } })))
      local range = { field = "created_date", from = all[2].created_date, to = all[3].created_date }
      assert.same({ "KH-0002", "KH-0003" }, refs(search({ ranges = { range } })))
      assert.equal(5, search({ tags = json.array({}), includeIds = json.array({}) }).total_items)
    end)

    it("refuses filters and pages of the wrong type", function()
      for _, body in ipairs({ { keyword = 5 }, { tags = "VIP" }, { ranges = { { from = 1 } } }, { includeIds = { 1 } }, { tags = {} } }) do
        assert.equal(-9999, call("search", body).json.status_code)
      end
      for _, query in ipairs({ "?page=0", "?page=x", "?size=0", "?size=-1", "?size=1.5" }) do
        assert.equal(-9999, call("search", {}, query).json.status_code)
      end
    end)
  end)

  it("refuses an id that is no contact's", function()
    local answer = get("get/nobody")
    assert.same({ 200, -9999 }, { answer.status, answer.json.status_code })
  end)

  it("lists attributes and funnels", function()
    local codes = {}
    for _, row in ipairs(get("layout/list").json.payload) do codes[row.field_code] = row.field_type end
    assert.same({ "phone", "single_text", "customize" }, { codes.phone_number, codes.full_name, codes.favourite_colour })
    local funnel = get("filterContact/list").json.payload[1]
    assert.same({ "funnel-sales", 3 }, { funnel.id, #funnel.states })
    assert.equal(2, #funnel.states[1].secondLevels)
  end)

  it("refuses a wrong method, path, media type or document", function()
    local wrong = omicall:send("PUT", "/api/v2/contact/add", { body = {}, token = token })
    assert.same({ 405, "POST" }, { wrong.status, wrong.headers.allow })
    assert.equal(404, get("list").status)
    assert.equal(415, omicall:send("POST", "/api/v2/contact/add",
      { body = "a=1", token = token, headers = { ["content-type"] = "text/plain" } }).status)
    assert.equal(400, call("add", "[1]").status)
    assert.equal(400, call("add", "{").status)
    assert.equal(406, omicall:send("GET", "/api/v2/contact/layout/list", { token = token, headers = { accept = "text/html" } }).status)
  end)

  it("keeps a hundred thousand contacts apart", function()
    local book, now = omicall:state().book, 1760000000
    for i = 1, 100000 do
      book:add({ refId = "BULK-" .. i, fullName = "Khách " .. i, phones = { phone(("09%08d"):format(1000 + i)) } }, now)
    end
    assert.equal(100005, search({}, "?page=2001&size=50").total_items)
    assert.same({ "BULK-77777" }, refs(search({ keyword = ("09%08d"):format(1000 + 77777) })))
    assert.is_true(call("update", { refId = "BULK-99999", fullName = "Khách quen" }).json.payload)
    local taken = call("add", { phones = { phone(("09%08d"):format(1000 + 50000)) } }).json
    assert.equal("phone_or_email_assigned_on_other_contact", taken.message)
  end)
end)
