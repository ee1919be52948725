--- OMICall, simulated: tokens of a day traded for an api key, and a book of contacts that can be searched page by page.

local contact_book = require "frontdesk.sandbox.services.omicall.contact_book"
local ids = require "frontdesk.sandbox.ids"
local respond = require "frontdesk.sandbox.respond"
local value = require "frontdesk.sandbox.value"

local API_KEY = "omi-sandbox-api-key"
local TOKEN_LIFE = 86400
local TAKEN = "phone_or_email_assigned_on_other_contact"
local UNKNOWN = "There is no such contact"

-- The envelope. A refusal is HTTP 200 all the same; where no code is documented, its message is a sentence. ----------------

local function envelope(http_status, status_code, payload, message, headers)
  return respond.json(http_status, {
    status_code = status_code, instance_id = "sandbox", instance_name = "frontdesk-sandbox", payload = payload,
    message = message, key_enabled = false,
  }, headers)
end

local function success(payload)
  return envelope(200, 9999, payload)
end

local function failure(message)
  return envelope(200, -9999, respond.null, message)
end

local function unusable(field)
  return failure("The value of " .. field .. " is not usable")
end

local function unauthorized()
  return respond.text(401, "Unauthorized")
end

-- What the values of a request have to be. ---------------------------------------------------------------------------------

local GENDERS = { [""] = true, male = true, female = true, other = true }
local REACH_TYPES = { [""] = true, home = true, personal = true, office = true }

local function list_of(check)
  return function(list, state)
    if not value.array(list) then return false end
    for _, item in ipairs(list) do
      if not check(item, state) then return false end
    end
    return true
  end
end

local function is_reach(reach)
  return value.object(reach) and value.text(reach.data) and reach.data ~= ""
    and (value.absent(reach.type) or REACH_TYPES[reach.type] == true)
    and (value.absent(reach.valueType) or value.text(reach.valueType))
end

local function is_range(range)
  return value.object(range) and value.text(range.field)
    and (value.absent(range.from) or value.integer(range.from)) and (value.absent(range.to) or value.integer(range.to))
end

local function is_dynamic_update(update, state)
  return value.object(update) and state.custom[update.fieldCode] ~= nil and list_of(value.object)(update.values)
end

-- secondLevelIndex only where the state of the first level has a second one.
local function is_funnel_state(item, state)
  local funnel = value.object(item) and state.funnels[item.id]
  local first = funnel and value.integer(item.index) and funnel.states[item.index]
  if not first then return false end
  return value.absent(item.secondLevelIndex) or (first.states or {})[item.secondLevelIndex] ~= nil
end

local texts = list_of(value.text)

local CONTACT = {
  refId = value.text, _id = value.text, userOwnerEmail = value.text, avatarUrl = value.text, fullName = value.text,
  passport = value.text, jobTitle = value.text, address = value.text, refCode = value.text, refType = value.text,
  note = value.text, gender = function(gender) return GENDERS[gender] == true end,
  tags = texts, business = texts, categories = texts, tagRemoves = texts, businessRemoves = texts, categoriesRemoves = texts,
  phones = list_of(is_reach), emails = list_of(is_reach), filterContacts = list_of(is_funnel_state),
  otherDynamicUpdates = list_of(is_dynamic_update),
}

local SEARCH = {
  keyword = value.text, tags = texts, business = texts, categories = texts, includeIds = texts, excludeIds = texts,
  ranges = list_of(is_range),
}

-- The first field, by name, that is not what it has to be. Fields that nobody knows are passed over.
local function wrong_field(data, checks, state)
  local wrong
  for name, check in pairs(checks) do
    if not value.absent(data[name]) and not check(data[name], state) and (not wrong or name < wrong) then wrong = name end
  end
  return wrong
end

-- How a contact is shown. --------------------------------------------------------------------------------------------------

local SHOWN = {
  { "full_name", "single_text", "fullName" }, { "job_title", "single_text", "jobTitle" }, { "gender", "radio", "gender" },
  { "phone_number", "phone", "phones" }, { "mail", "email", "emails" }, { "address", "single_text", "address" },
  { "passport", "single_text", "passport" }, { "note", "multi_text", "note" },
}

local function or_null(v)
  return value.given(v) and v or respond.null
end

local function attribute(code, kind, content)
  local values = respond.array({})
  for i, item in ipairs(type(content) == "table" and content or { { data = content or "" } }) do
    values[i] = { display_value = item.data or respond.null, data_type = or_null(item.type), value_type = or_null(item.valueType) }
  end
  return { identify = false, field_code = code, field_type = kind, value = values }
end

local function show(contact)
  local attributes = {}
  for i, row in ipairs(SHOWN) do attributes[i] = attribute(row[1], row[2], contact[row[3]]) end
  for code, values in pairs(contact.dynamic) do attributes[#attributes + 1] = attribute(code, "customize", values) end
  local author = { name = "Sandbox" }
  return {
    public_id = contact.id, ref_id = or_null(contact.refId), create_by = author, last_update_by = author,
    created_date = contact.created_date, last_updated_date = contact.last_updated_date, contact_type = "contact",
    tags_view = respond.null, is_deleted = false, tags = respond.array(contact.tags), attribute_structure = attributes,
  }
end

-- Operations. --------------------------------------------------------------------------------------------------------------

local function token(request, state)
  if request.query.apiKey ~= API_KEY then return unauthorized() end
  local access_token = "omi." .. ids.hex(40)
  state.tokens[access_token] = request.now + TOKEN_LIFE
  return success({ access_token = access_token, access_type = "normal", token_type = "Bearer" })
end

local function ref_taken(state, data)
  return value.given(data.refId) and state.book.by_ref[data.refId] ~= nil
end

-- Where the refId is there already, the answer is a success with the payload false: the vendor's sample has both values.
local function add(request, state)
  local wrong = wrong_field(request.json, CONTACT, state)
  if wrong then return unusable(wrong) end
  if ref_taken(state, request.json) then return success(false) end
  if state.book:taken(request.json) then return failure(TAKEN) end
  state.book:add(request.json, request.now)
  return success(true)
end

-- What is wrong with a row of a bulk add. `seen` holds the marks of the rows before it.
local function row_problem(row, state, seen)
  local wrong = value.object(row) and wrong_field(row, CONTACT, state) or not value.object(row) and "data"
  if wrong then return { message = "The value of " .. wrong .. " is not usable" } end
  if ref_taken(state, row) then return { message = "There is a contact with this refId" } end
  if state.book:taken(row) then return { code = TAKEN, message = "Another contact has this number or address" } end
  local marks = contact_book.marks(row)
  if value.given(row.refId) then marks[#marks + 1] = "refId:" .. row.refId end
  for _, mark in ipairs(marks) do
    if seen[mark] then return { code = TAKEN, message = "A row before it has the same number, address or refId" } end
  end
  for _, mark in ipairs(marks) do seen[mark] = true end
end

-- All rows or none: payload.error tells of the first bad one (`index` counts from 0).
local function add_many(request, state)
  local rows = request.json.data
  if not value.array(rows) or #rows == 0 then return unusable("data") end
  local seen = {}
  for i, row in ipairs(rows) do
    local problem = row_problem(row, state, seen)
    if problem then
      problem.index = i - 1
      return success({ error = problem })
    end
  end
  for _, row in ipairs(rows) do state.book:add(row, request.now) end
  return success({ success = true })
end

local function update(request, state)
  local data, book = request.json, state.book
  local wrong = wrong_field(data, CONTACT, state)
  if wrong then return unusable(wrong) end
  if not value.given(data.refId) and not value.given(data._id) then return failure("refId or _id must be given") end
  local contact
  if value.given(data.refId) then contact = book.by_ref[data.refId] else contact = book.by_id[data._id] end
  if not contact then return failure(UNKNOWN) end
  if book:taken(data, contact) then return failure(TAKEN) end
  book:change(contact, data, request.now)
  return success(true)
end

local function get(request, state)
  local contact = state.book.by_id[request.params.id]
  return contact and success(show(contact)) or failure(UNKNOWN)
end

-- A whole number from the query; false when it is none.
local function count_of(text, default)
  if text == nil then return default end
  local number = text:match("^%d+$") and tonumber(text)
  return number and number >= 1 and number
end

local function search(request, state)
  local page, size = count_of(request.query.page, 1), count_of(request.query.size, 50)
  if not page or not size then return unusable(page and "size" or "page") end
  local wrong = wrong_field(request.json, SEARCH, state)
  if wrong then return unusable(wrong) end
  local found = state.book:find(request.json)
  local pages = math.max(1, math.ceil(#found / size))
  local items = respond.array({})
  for i = (page - 1) * size + 1, math.min(page * size, #found) do items[#items + 1] = show(found[i]) end
  -- As in the vendor's sample, next_page and previous_page stay within the pages there are: has_next decides.
  return success({
    page_number = page, page_size = size, total_pages = pages, total_items = #found, has_previous = page > 1,
    has_next = page < pages, next_page = math.min(page + 1, pages), previous_page = math.max(page - 1, 1), items = items,
  })
end

local function attributes(_, state)
  local list = {}
  for i, row in ipairs(SHOWN) do list[i] = { field_code = row[1], field_type = row[2], identify = false } end
  for code in pairs(state.custom) do list[#list + 1] = { field_code = code, field_type = "customize", identify = false } end
  return success(list)
end

local function states(_, state)
  local list = respond.array({})
  for id, funnel in pairs(state.funnels) do
    local levels = {}
    for i, level in ipairs(funnel.states) do
      levels[i] = { index = i, name = level.name, secondLevels = respond.array({}) }
      for j, second in ipairs(level.states or {}) do levels[i].secondLevels[j] = { index = j, name = second } end
    end
    list[#list + 1] = { id = id, name = funnel.name, states = levels }
  end
  return success(list)
end

-- Sample data. -------------------------------------------------------------------------------------------------------------

local EPOCH, DAY = 1750000000, 86400

local PEOPLE = {
  { "KH-0001", "Lê Thị Hồng Nhung", "0900000011", "nhung@khach.example", { "Lead" }, "female" },
  { "KH-0002", "Phạm Quốc Bảo", "0900000012", "bao@khach.example", { "Lead", "VIP" }, "male" },
  { "KH-0003", "Đặng Thuỳ Dương", "0900000013", "duong@khach.example", {}, "female" },
  { "KH-0004", "Võ Minh Khôi", "0900000014", "khoi@khach.example", { "VIP" }, "male" },
  { "KH-0005", "Hồ An Nhiên", "0900000015", "nhien@khach.example", {}, "other" },
}

local function fresh_state()
  local book = contact_book.new()
  for i, row in ipairs(PEOPLE) do
    book:add({ refId = row[1], fullName = row[2], tags = row[5], gender = row[6],
      phones = { { data = row[3], type = "personal", valueType = "Cá nhân" } },
      emails = { { data = row[4], type = "personal", valueType = "Cá nhân" } } }, EPOCH + i * DAY)
  end
  return {
    tokens = {}, book = book, custom = { favourite_colour = true },
    funnels = {
      ["funnel-sales"] = { name = "Bán hàng", states = {
        { name = "Mới", states = { "Chưa gọi", "Đã gọi" } }, { name = "Quan tâm" }, { name = "Đã mua" },
      } },
    },
  }
end

local REFUSALS = {
  route = { 404, "There is nothing at this address" },
  method = { 405, "This method is not allowed here" },
  media_type = { 415, "Content-Type must be application/json" },
  not_acceptable = { 406, "The answer can only be application/json" },
  json = { 400, "The body is not a JSON object" },
}

return {
  credentials = { api_key = API_KEY },

  samples = {
    { "refId", "KH-0001", "a contact that is there" },
    { "keyword", "0900000012", "finds one contact" },
    { "filterContacts id", "funnel-sales", "a funnel with three states" },
  },

  state = fresh_state,

  authenticate = function(request, operation, state)
    if operation == "auth.token" then return nil end
    local expires = state.tokens[value.token(request.headers.authorization, "Bearer") or ""]
    if expires and request.now < expires then return nil end
    return unauthorized()
  end,

  revoke = function(request, state)
    local access_token = value.token(request.headers.authorization, "Bearer")
    if access_token then state.tokens[access_token] = nil end
  end,

  refuse = function(request, why)
    local status, message = REFUSALS[why][1], REFUSALS[why][2]
    return envelope(status, -9999, respond.null, message, why == "method" and { Allow = request.allow } or nil)
  end,

  count = function(state)
    return { contacts = #state.book.list }
  end,

  operations = {
    ["auth.token"] = token,
    ["contacts.add"] = add,
    ["contacts.add_many"] = add_many,
    ["contacts.update"] = update,
    ["contacts.search"] = search,
    ["contacts.get"] = get,
    ["attributes.list"] = attributes,
    ["states.list"] = states,
  },
}
